//! `fly.toml`: a machine on Fly.io for people who stay with `fly deploy`.

use std::collections::BTreeMap;

use super::ArtifactError;
use super::mark::{Artifact, Origin};
use super::shell::word;
use super::toml::Toml;
use crate::address::{Address, Name};
use crate::desired::Desired;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::resource::{
    FlyGuest, FlySettings, GpuSpec, MachineSpec, Outbound, SecretSource, SecretSpec, Settings,
    Size, Spec, first_fly_region,
};

/// What the first line begins with; the digest of the rest follows.
const MARK: &str = "# Rendered by sindri, ";
/// What the names of secrets begin with that appear as files.
const FILE_SECRET: &str = "SINDRI_FILE_";
/// How long the names of volumes may be.
const VOLUME_NAME_MAX: usize = 30;

/// The parts of a `fly.toml` that a machine fills.
#[derive(Debug)]
struct FlyToml<'a> {
    app: &'a str,
    region: Option<&'a str>,
    image: Option<&'a str>,
    start: [&'a str; 5],
    swap: Option<Size>,
    env: BTreeMap<&'static str, String>,
    mounts: Vec<Mount<'a>>,
    files: Vec<File<'a>>,
    settings: &'a FlySettings,
    guest: FlyGuest,
    gpu: Option<&'a GpuSpec>,
}

#[derive(Debug)]
struct Mount<'a> {
    source: String,
    destination: &'a str,
    size: Option<Size>,
}

/// A file whose content is a secret, in base64.
#[derive(Debug)]
struct File<'a> {
    path: &'a str,
    secret: String,
}

/// A secret of a machine, as it is wanted.
type Wanted<'a> = (&'a Name, &'a SecretSpec);

/// Renders the `fly.toml` of a machine: the app, address for address, that apply would make, but
/// for its extensions and the values of its secrets.
pub fn fly_toml(
    desired: &Desired,
    name: &Name,
    outbound: &Outbound,
) -> Result<Artifact, ArtifactError> {
    let machine = desired
        .machine(name)
        .ok_or_else(|| ArtifactError::NotWanted(name.clone()))?;
    let Settings::Fly(settings) = &machine.settings else {
        return Err(ArtifactError::NotOnFly {
            machine: name.clone(),
            provider: machine.provider,
        });
    };
    let app = app(desired, machine);
    let secrets = secrets(desired, name);
    let mounts: Vec<Mount<'_>> = machine
        .mounts
        .iter()
        .map(|mount| Mount {
            source: volume_name(&mount.volume),
            destination: &mount.path,
            size: volume_size(desired, name, &mount.volume),
        })
        .collect();
    let file = FlyToml {
        app,
        region: first_fly_region(&settings.region),
        image: machine.image.as_deref(),
        start: FlySettings::start(mounts.first().map(|mount| mount.destination)),
        swap: settings.swap,
        env: proxies(outbound),
        files: files(&secrets),
        mounts,
        settings,
        guest: FlyGuest::of(settings.cpu_kind, machine.cpus, machine.memory),
        gpu: machine.gpu.as_ref(),
    };
    let body = file.written();
    Ok(Artifact {
        text: format!("{MARK}{}\n{body}", Digest::of_bytes(body.as_bytes())),
        findings: findings(desired, name, settings, &secrets),
        next: next(app, settings, &secrets),
    })
}

/// Whose a file is that may be a `fly.toml`.
pub fn origin_of_fly_toml(text: &str) -> Origin {
    let Some((digest, body)) = text
        .strip_prefix(MARK)
        .and_then(|rest| rest.split_once('\n'))
    else {
        return Origin::Foreign;
    };
    if digest == Digest::of_bytes(body.as_bytes()).as_str() {
        Origin::Rendered
    } else {
        Origin::Edited
    }
}

impl FlyToml<'_> {
    fn written(&self) -> String {
        let mut toml = Toml::default();
        toml.text("app", self.app);
        if let Some(region) = self.region {
            toml.text("primary_region", region);
        }
        toml.text("kill_signal", "SIGTERM");
        toml.text("kill_timeout", "10s");
        if let Some(swap) = self.swap {
            toml.number("swap_size_mb", mebibytes(swap));
        }
        if let Some(image) = self.image {
            toml.table("build");
            toml.text("image", image);
        }
        toml.table("experimental");
        toml.list("exec", &self.start);
        if !self.env.is_empty() {
            toml.table("env");
            for (name, value) in &self.env {
                toml.text(name, value);
            }
        }
        for mount in &self.mounts {
            toml.entry("mounts");
            toml.text("source", &mount.source);
            toml.text("destination", mount.destination);
            if let Some(size) = mount.size {
                let gigabytes = size.as_bytes().div_ceil(Size::gib(1).as_bytes());
                toml.text("initial_size", &format!("{gigabytes}gb"));
            }
        }
        for file in &self.files {
            toml.entry("files");
            toml.text("guest_path", file.path);
            toml.text("secret_name", &file.secret);
        }
        self.service(&mut toml);
        toml.entry("restart");
        toml.text("policy", "always");
        self.size(&mut toml);
        toml.into_text()
    }

    /// The way to ssh, and what becomes of the machine when nobody takes it.
    fn service(&self, toml: &mut Toml) {
        toml.entry("services");
        toml.text("protocol", "tcp");
        toml.number("internal_port", FlySettings::SSH);
        toml.text("auto_stop_machines", self.settings.autostop.as_str());
        toml.flag("auto_start_machines", self.settings.autostart);
        toml.number("min_machines_running", 0_u64);
        toml.entry("services.ports");
        toml.number("port", self.settings.ssh_port);
    }

    fn size(&self, toml: &mut Toml) {
        toml.entry("vm");
        toml.text("cpu_kind", self.guest.kind.as_str());
        toml.number("cpus", self.guest.cpus);
        toml.text("memory", &format!("{}mb", mebibytes(self.guest.memory)));
        if let Some(gpu) = self.gpu {
            if let Some(kind) = &gpu.kind {
                toml.text("gpu_kind", kind);
            }
            toml.number("gpus", gpu.count);
        }
        toml.text("persist_rootfs", "always");
    }
}

/// The real name of the app: that of the network the machine lives in.
fn app<'a>(desired: &'a Desired, machine: &'a MachineSpec) -> &'a str {
    let network = machine.network.as_ref().and_then(|scope| {
        let wanted = desired.get(&Address::Network(scope.clone()))?;
        match &*wanted.spec {
            Spec::Network(network) => Some(network.name.as_str()),
            Spec::Image(_)
            | Spec::Gpu(_)
            | Spec::Volume(_)
            | Spec::Machine(_)
            | Spec::Secret(_)
            | Spec::Extension(_) => None,
        }
    });
    network.unwrap_or(&machine.name)
}

fn secrets<'a>(desired: &'a Desired, machine: &Name) -> Vec<Wanted<'a>> {
    desired
        .resources()
        .iter()
        .filter_map(|wanted| match (&wanted.address, &*wanted.spec) {
            (Address::Secret(of, name), Spec::Secret(secret)) if of == machine => {
                Some((name, secret))
            }
            _ => None,
        })
        .collect()
}

fn volume_size(desired: &Desired, machine: &Name, volume: &Name) -> Option<Size> {
    let address = Address::Volume(machine.clone(), volume.clone());
    match &*desired.get(&address)?.spec {
        Spec::Volume(volume) => volume.size,
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Machine(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => None,
    }
}

/// A volume's name in Fly's alphabet. An app has one machine and that one volume, so that none can
/// be taken for another.
fn volume_name(name: &Name) -> String {
    name.as_str()
        .chars()
        .map(|c| if c == '-' { '_' } else { c })
        .take(VOLUME_NAME_MAX)
        .collect()
}

/// The variables that lead through a proxy, as programs expect them.
pub(super) fn proxies(outbound: &Outbound) -> BTreeMap<&'static str, String> {
    let mut variables = BTreeMap::new();
    if let Some(proxy) = &outbound.proxy {
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            variables.insert(name, proxy.clone());
        }
    }
    if !outbound.no_proxy.is_empty() {
        for name in ["NO_PROXY", "no_proxy"] {
            variables.insert(name, outbound.no_proxy.join(","));
        }
    }
    variables
}

/// Where a secret appears as a file; what sshd reads always does.
fn path_of<'a>(name: &Name, secret: &'a SecretSpec) -> Option<&'a str> {
    match &secret.target {
        Some(target) => Some(&target.path),
        None if name.as_str() == FlySettings::AUTHORIZED_KEYS => {
            Some("/run/secrets/AUTHORIZED_KEYS")
        }
        None => None,
    }
}

fn files<'a>(secrets: &[Wanted<'a>]) -> Vec<File<'a>> {
    let mut files = Vec::new();
    for (name, secret) in secrets {
        if let Some(path) = path_of(name, secret) {
            files.push(File {
                path,
                secret: file_secret(name),
            });
        }
    }
    files
}

/// The app's secret that appears as a file, as apply names it too.
fn file_secret(name: &Name) -> String {
    format!("{FILE_SECRET}{name}")
}

/// The commands that deploy it, the secrets first.
fn next(app: &str, settings: &FlySettings, secrets: &[Wanted<'_>]) -> Vec<String> {
    let organization = settings.organization.as_ref();
    let organization = organization.map_or(String::new(), |name| format!(" --org {}", word(name)));
    let mut next = vec![format!("fly apps create {app}{organization}")];
    for (name, secret) in secrets {
        let is_file = path_of(name, secret).is_some();
        let name_there = if is_file {
            file_secret(name)
        } else {
            name.to_string()
        };
        let piped = value(name, &secret.source).map_or(String::new(), |value| {
            let encoded = if is_file {
                " | base64 | tr -d '\\n'"
            } else {
                ""
            };
            format!("{value}{encoded} | ")
        });
        next.push(format!(
            "{piped}fly secrets set --app {app} --stage {name_there}=-"
        ));
    }
    // A second machine would get a volume and a workspace of its own.
    next.push("fly deploy --ha=false".to_owned());
    next
}

/// The command that prints a secret, so that it never stands on a command line; none where there is
/// no such command, and the person types it.
fn value(name: &Name, source: &SecretSource) -> Option<String> {
    match source {
        SecretSource::Env { .. } => Some(format!("printf %s \"${name}\"")),
        SecretSource::File { path } => Some(format!("cat {}", word(path))),
        SecretSource::Vault { path, key, mount } => Some(format!(
            "vault kv get -mount={} -field={} {}",
            word(mount),
            word(key),
            word(path)
        )),
        // What lies there is encrypted.
        SecretSource::S3 { .. } => None,
    }
}

/// What a `fly.toml` has no place for.
fn findings(
    desired: &Desired,
    name: &Name,
    settings: &FlySettings,
    secrets: &[Wanted<'_>],
) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let own = Address::Machine(name.clone());
    let mut say = |code, text: String, help: &str| {
        let found = Diagnostic::warning(Code::new(code), text);
        findings.push(found.help(help).on(own.clone()));
    };
    let region = first_fly_region(&settings.region);
    if region != Some(settings.region.trim()) {
        let written = &settings.region;
        say(
            "artifact::one-region",
            match region {
                Some(region) => {
                    format!("a fly.toml names one region: `{region}` stands for `{written}`")
                }
                None => format!("a fly.toml names one region, and `{written}` is none"),
            },
            "`fly deploy` takes the region of the volume where there is one",
        );
    }
    let extensions: Vec<&str> = desired
        .resources()
        .iter()
        .filter_map(|wanted| match &wanted.address {
            Address::Extension(of, extension) if of == name => Some(extension.as_str()),
            _ => None,
        })
        .collect();
    if !extensions.is_empty() {
        say(
            "artifact::no-extensions",
            format!("`fly deploy` installs none of: {}", extensions.join(", ")),
            "put them into the image, or let `sindri apply` make the machine",
        );
    }
    for (secret, wanted) in secrets {
        if let Some(target) = &wanted.target {
            say(
                "artifact::file-mode",
                format!(
                    "the permissions {} of `{secret}` at {} are lost: a fly.toml has none",
                    target.mode, target.path
                ),
                "set them when the machine starts, or let `sindri apply` make the machine",
            );
        }
    }
    findings
}

fn mebibytes(size: Size) -> u64 {
    size.as_bytes() / Size::mib(1).as_bytes()
}
