//! Building: what a configuration means becomes resources.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Desired, Lifecycle, Wanted, fly};
use crate::address::{Address, Name};
use crate::catalog::Manifest;
use crate::config::{self, Config, Extensions, Machine, ProviderSettings, Secret};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Fingerprint;
use crate::resource::{
    DockerNetwork, ExtensionSpec, FlyGuest, GpuSpec, ImageSpec, MachineSpec, Mount, NetworkSpec,
    ProviderKind, SecretSpec, Settings, Spec, VolumeSpec,
};

/// An extension that shall be installed, after the ones it requires.
#[derive(Clone, Debug)]
pub struct Installable {
    /// What it is.
    pub manifest: Arc<Manifest>,
    /// The extensions it needs first.
    pub requires: Vec<Name>,
    /// The tools of it that are installed, in the manifest's order; empty: all.
    pub tools: Vec<String>,
}

/// Finds what a machine's extensions come to, all that they need included.
pub type Resolve<'a> = dyn FnMut(&Machine, &Arc<Extensions>) -> Arc<[Installable]> + 'a;

/// Everything a build needs besides the configuration.
pub struct Inputs<'a> {
    /// What a machine's extensions come to.
    pub extensions: &'a mut Resolve<'a>,
    /// The image where the configuration names none, by distribution.
    pub image: &'a dyn Fn(config::Distro) -> Option<String>,
}

/// Builds the graph of resources that a configuration asks for.
///
/// Machines of providers that this version can't plan on are errors; everything else is still
/// built, so that all findings come in one run.
pub fn build(config: &Config, mut inputs: Inputs<'_>) -> (Desired, Diagnostics) {
    let mut builder = Builder {
        config,
        wanted: Vec::new(),
        findings: Vec::new(),
        networks: BTreeMap::new(),
    };
    for machine in &config.machines {
        let before = builder.findings.len();
        builder.machine(machine, &mut inputs);
        if machine.stands_by.is_some() {
            // What is wrong with it was said of the one that it is a copy of.
            builder.findings.truncate(before);
        }
    }
    let mut wanted: Vec<Wanted> = builder.networks.into_values().collect();
    wanted.append(&mut builder.wanted);
    match Desired::new(config.name.as_str(), wanted) {
        Ok(mut desired) => {
            desired.transitions = config.transitions.clone();
            (desired, builder.findings)
        }
        Err(error) => {
            builder.findings.push(
                Diagnostic::error(Code::new("desired::graph"), error.to_string())
                    .help("look at `dependsOn` and at the names of machines and volumes"),
            );
            (Desired::default(), builder.findings)
        }
    }
}

struct Builder<'a> {
    config: &'a Config,
    wanted: Vec<Wanted>,
    findings: Diagnostics,
    networks: BTreeMap<Address, Wanted>,
}

impl Builder<'_> {
    fn machine(&mut self, machine: &Machine, inputs: &mut Inputs<'_>) {
        let settings = match &*machine.settings {
            ProviderSettings::Local(settings) => Settings::Local(settings.clone()),
            ProviderSettings::Docker(settings) => Settings::Docker(settings.clone()),
            ProviderSettings::E2b(settings) => Settings::E2b(super::e2b::settings(settings)),
            ProviderSettings::Fly(settings) => {
                self.findings.extend(fly::findings(machine, settings));
                Settings::Fly(fly::settings(machine, settings))
            }
            ProviderSettings::Kubernetes(_)
            | ProviderSettings::Devpod(_)
            | ProviderSettings::Runpod(_)
            | ProviderSettings::Northflank(_) => {
                self.not_built(machine);
                // What is wrong with its extensions is found all the same.
                if machine.extensions.auto_install {
                    let _nothing_to_plan = (inputs.extensions)(machine, &machine.extensions);
                }
                return;
            }
        };
        let own = Address::Machine(machine.name.clone());
        let mut needs = Vec::new();
        let network = self.network(machine, &settings);
        needs.extend(network.clone().map(Address::Network));
        let image = if let Settings::E2b(e2b) = &settings
            && !e2b.builds()
        {
            self.findings.extend(super::e2b::unused_image(machine, e2b));
            None
        } else {
            self.image(machine, &settings, inputs)
        };
        if image.is_some() {
            needs.push(Address::Image(machine.name.clone()));
        }
        let gpu = self.gpu(machine);
        if gpu.is_some() {
            needs.push(Address::Gpu(machine.name.clone()));
        }
        let guest = guest(machine);
        let mounts = if machine.provider == ProviderKind::E2b {
            self.findings.extend(super::e2b::no_volumes(machine));
            Vec::new()
        } else {
            let scope = network.clone().map(Address::Network);
            self.volumes(machine, guest, scope.as_ref())
        };
        needs.extend(
            mounts
                .iter()
                .map(|mount| Address::Volume(machine.name.clone(), mount.volume.clone())),
        );
        needs.extend(machine.depends_on.iter().cloned().map(Address::Machine));
        let spec = MachineSpec {
            provider: machine.provider,
            name: machine.real_name.clone(),
            image,
            cpus: guest.map_or(machine.cpus, |guest| Some(guest.cpus)),
            memory: guest.map_or(machine.memory, |guest| Some(guest.memory)),
            gpu,
            network,
            mounts,
            power: settings.power(),
            settings,
        };
        self.push(machine, own.clone(), Spec::Machine(Box::new(spec)), needs);
        let secrets = self.secrets(machine, &own);
        self.extensions(machine, &own, &secrets, inputs);
        self.later(machine);
    }

    fn push(&mut self, machine: &Machine, address: Address, spec: Spec, needs: Vec<Address>) {
        let lifecycle = match &spec {
            // Protection covers what holds data; the rest comes back by itself.
            Spec::Machine(_) | Spec::Volume(_) => Lifecycle {
                prevent_destroy: machine.lifecycle.prevent_destroy,
                ignore_changes: machine.lifecycle.ignore_changes.clone(),
                create_before_destroy: machine.lifecycle.create_before_destroy,
            },
            Spec::Network(_)
            | Spec::Image(_)
            | Spec::Gpu(_)
            | Spec::Secret(_)
            | Spec::Extension(_) => Lifecycle::default(),
        };
        self.wanted.push(Wanted {
            address,
            spec: Arc::new(spec),
            dependencies: needs,
            lifecycle,
            place: machine.place.clone(),
        });
    }

    /// The network a machine joins, on a provider that has networks: one for all of this state's
    /// machines on an Engine, one for each on Fly.io, whose secrets and addresses are an app's; one
    /// that stands by joins that of the other, which comes first and names it.
    fn network(&mut self, machine: &Machine, settings: &Settings) -> Option<Name> {
        let (scope, name, organization) = match settings {
            Settings::Docker(docker) if docker.network == DockerNetwork::Bridge => {
                (self.config.name.clone(), self.config.name.to_string(), None)
            }
            Settings::Fly(fly) => (
                machine.stands_by.as_ref().unwrap_or(&machine.name).clone(),
                machine.real_name.clone(),
                fly.organization.clone(),
            ),
            Settings::Local(_) | Settings::Docker(_) | Settings::E2b(_) => return None,
        };
        let provider = settings.provider();
        let address = Address::Network(scope.clone());
        if let Some(other) = self.networks.get(&address)
            && other.spec.provider() != Some(provider)
        {
            self.note(
                machine,
                Diagnostic::error(
                    Code::new("desired::one-network"),
                    format!("machine `{scope}` on `{provider}` and the machines on another provider both ask for `{address}`"),
                )
                .help("call the machine otherwise than the project"),
            );
        }
        self.networks
            .entry(address.clone())
            .or_insert_with(|| Wanted {
                address,
                spec: Arc::new(Spec::Network(NetworkSpec {
                    provider,
                    name,
                    organization,
                })),
                dependencies: Vec::new(),
                lifecycle: Lifecycle::default(),
                place: None,
            });
        Some(scope)
    }

    fn image(
        &mut self,
        machine: &Machine,
        settings: &Settings,
        inputs: &Inputs<'_>,
    ) -> Option<String> {
        if let Settings::Local(_) = settings {
            if machine.image.is_some() && !self.shares_image(machine) {
                self.note(
                    machine,
                    Diagnostic::warning(
                        Code::new("local::no-image"),
                        format!(
                            "`image` of machine `{}` has no effect on `local`",
                            machine.name
                        ),
                    )
                    .help("a machine on `local` is a directory of this host"),
                );
            }
            return None;
        }
        let (reference, pull) = match &machine.image {
            Some(image) => (Some(image.reference.clone()), image.pull),
            None => (
                (inputs.image)(machine.distro),
                crate::resource::PullPolicy::default(),
            ),
        };
        let Some(reference) = reference else {
            self.note(
                machine,
                Diagnostic::error(
                    Code::new("desired::no-image"),
                    format!(
                        "machine `{}` names no image, and there is no default one for `{}`",
                        machine.name,
                        machine.distro.as_str()
                    ),
                )
                .help("set `deployment.image`"),
            );
            return None;
        };
        self.push(
            machine,
            Address::Image(machine.name.clone()),
            Spec::Image(ImageSpec {
                provider: machine.provider,
                reference: reference.clone(),
                pull,
            }),
            Vec::new(),
        );
        Some(reference)
    }

    /// Whether the image is one that machines of other providers are given by the same words.
    fn shares_image(&self, machine: &Machine) -> bool {
        let place = |machine: &Machine| machine.image.as_ref().map(|image| image.place.clone());
        self.config
            .machines
            .iter()
            .any(|other| other.provider != ProviderKind::Local && place(other) == place(machine))
    }

    fn gpu(&mut self, machine: &Machine) -> Option<GpuSpec> {
        let gpu = machine.gpu.as_ref()?;
        let spec = GpuSpec {
            provider: machine.provider,
            vendor: gpu.vendor,
            count: gpu.count,
            kind: gpu.kind.clone(),
            memory: gpu.memory,
        };
        self.push(
            machine,
            Address::Gpu(machine.name.clone()),
            Spec::Gpu(spec.clone()),
            Vec::new(),
        );
        Some(spec)
    }

    fn volumes(
        &mut self,
        machine: &Machine,
        guest: Option<FlyGuest>,
        network: Option<&Address>,
    ) -> Vec<Mount> {
        let mut mounts = Vec::with_capacity(machine.volumes.len());
        for volume in machine.volumes.iter() {
            if machine.provider == ProviderKind::Docker && volume.name.as_str() == "secrets" {
                let mut found = Diagnostic::error(
                    Code::new("desired::reserved-name"),
                    format!(
                        "machine `{}` can't have a volume named `secrets`: its own secrets lie in one",
                        machine.name
                    ),
                )
                .help("give the volume another name");
                found.place.clone_from(&volume.place);
                self.findings.push(found);
            }
            // A volume of Fly.io belongs to an app.
            let mut needs: Vec<Address> = guest.and(network).cloned().into_iter().collect();
            // It is put on another host than the one it comes after.
            let other = machine.stands_by.clone();
            needs.extend(other.map(|other| Address::Volume(other, volume.name.clone())));
            self.push(
                machine,
                Address::Volume(machine.name.clone(), volume.name.clone()),
                Spec::Volume(VolumeSpec {
                    provider: machine.provider,
                    name: format!("{}-{}", machine.real_name, volume.name),
                    size: guest.map_or(volume.size, |_| Some(fly::volume_size(volume))),
                    region: region(machine),
                    compute: guest,
                }),
                needs,
            );
            if let (Some(last), Some(place)) = (self.wanted.last_mut(), &volume.place) {
                last.place = Some(place.clone());
            }
            // On `local` a path that isn't absolute is one of the machine's home.
            let path = if volume.path.starts_with(['/', '~']) {
                volume.path.clone()
            } else {
                format!("~/{}", volume.path)
            };
            mounts.push(Mount {
                volume: volume.name.clone(),
                path,
            });
        }
        mounts
    }

    fn secrets(&mut self, machine: &Machine, own: &Address) -> Vec<Address> {
        let mut addresses = Vec::with_capacity(machine.secrets.len());
        for secret in machine.secrets.iter() {
            let address = Address::Secret(machine.name.clone(), secret.name.clone());
            self.push(
                machine,
                address.clone(),
                Spec::Secret(SecretSpec {
                    source: secret.source.clone(),
                    required: secret.required,
                    fingerprint: None,
                    target: secret.target.clone(),
                }),
                vec![own.clone()],
            );
            if let Some(last) = self.wanted.last_mut() {
                last.place.clone_from(&secret.place);
            }
            self.findings.extend(in_own_home(machine, secret));
            addresses.push(address);
        }
        addresses
    }

    fn extensions(
        &mut self,
        machine: &Machine,
        own: &Address,
        secrets: &[Address],
        inputs: &mut Inputs<'_>,
    ) {
        if !machine.extensions.auto_install {
            return;
        }
        let list = (inputs.extensions)(machine, &machine.extensions);
        for extension in list.iter() {
            let manifest = &extension.manifest;
            let mut needs = Vec::with_capacity(1 + secrets.len() + extension.requires.len());
            needs.push(own.clone());
            needs.extend_from_slice(secrets);
            needs.extend(
                extension
                    .requires
                    .iter()
                    .map(|name| Address::Extension(machine.name.clone(), name.clone())),
            );
            self.push(
                machine,
                Address::Extension(machine.name.clone(), manifest.name.clone()),
                Spec::Extension(ExtensionSpec {
                    version: manifest.version.clone(),
                    content: manifest.content.clone(),
                    method: manifest.method.clone(),
                    tools: extension.tools.clone(),
                    requires: extension.requires.clone(),
                    upgrade: manifest.upgrade.strategy,
                }),
                needs,
            );
        }
    }

    fn not_built(&mut self, machine: &Machine) {
        self.note(
            machine,
            Diagnostic::error(
                Code::new("provider::not-built"),
                format!(
                    "machine `{}` is on `{}`, which this version of sindri can't plan or apply yet",
                    machine.name, machine.provider
                ),
            )
            .help("the file is valid; `local`, `docker`, `fly` and `e2b` can be planned now"),
        );
    }

    /// What a file may ask for and this version doesn't do is said, never silently dropped.
    fn later(&mut self, machine: &Machine) {
        let mut later = |code, text: &str, help: &str, allowable| {
            let mut found = Diagnostic::error(
                Code::new(code),
                format!("machine `{}`: {text}", machine.name),
            )
            .help(help);
            found.allowable = allowable;
            found.place.clone_from(&machine.place);
            self.findings.push(found);
        };
        if machine.build.is_some() {
            later(
                "image::build-later",
                "building the image from source isn't in this version",
                "build it with your own tool and name it in `deployment.image`",
                false,
            );
        }
        if let Some(image) = &machine.image {
            if image.choice.is_some() {
                later(
                    "image::choice-later",
                    "choosing an image's tag by version isn't in this version",
                    "write the tag or digest out in `deployment.image`",
                    false,
                );
            }
            let asked = [image.verification.signature, image.verification.provenance];
            if asked.contains(&Some(true)) {
                later(
                    "image::unverified",
                    "verifying an image's signature isn't in this version",
                    "leave `verify_signature` and `verify_provenance` out to use the image as it is",
                    true,
                );
            }
        }
    }

    fn note(&mut self, machine: &Machine, mut found: Diagnostic) {
        found.place.clone_from(&machine.place);
        self.findings.push(found);
    }
}

/// A file for a secret in a home that is the person's own, where another may stand already and this
/// one would outlive the machine.
fn in_own_home(machine: &Machine, secret: &Secret) -> Option<Diagnostic> {
    let ProviderSettings::Local(local) = &*machine.settings else {
        return None;
    };
    let path = &secret.target.as_ref()?.path;
    let homes = [config::HOME, "/workspace"];
    let is_there = homes.iter().any(|home| Path::new(path).starts_with(home));
    (local.whole_host && is_there).then(|| {
        let name = &secret.name;
        let summary = format!("the secret `{name}` would become a file of your own: {path}");
        let mut found = Diagnostic::error(Code::new("desired::own-home"), summary)
            .help("leave `mountPath` out: the secret is a file in the machine, and a variable");
        found.place.clone_from(&secret.place);
        found
    })
}

/// The size of a machine on Fly.io, what it leaves out filled in.
fn guest(machine: &Machine) -> Option<FlyGuest> {
    match &*machine.settings {
        ProviderSettings::Fly(settings) => Some(fly::guest(machine, settings)),
        _ => None,
    }
}

/// The region a machine's volumes lie in, where its provider has any.
fn region(machine: &Machine) -> Option<String> {
    match &*machine.settings {
        ProviderSettings::Fly(settings) => Some(settings.region.clone()),
        _ => None,
    }
}

impl Desired {
    /// Fills in the fingerprints of the secrets whose values are known here.
    pub fn with_fingerprints(&mut self, fingerprints: &BTreeMap<Address, Fingerprint>) {
        for wanted in &mut self.resources {
            if let (Some(fingerprint), Spec::Secret(secret)) =
                (fingerprints.get(&wanted.address), &*wanted.spec)
            {
                wanted.spec = Arc::new(Spec::Secret(SecretSpec {
                    fingerprint: Some(fingerprint.clone()),
                    ..secret.clone()
                }));
            }
        }
    }
}
