//! One machine: its fields as typed → what they mean, defaults filled.

use std::collections::HashMap;
use std::sync::Arc;

use super::code;
use super::image;
use super::read::Overrides;
use super::reading::Reading;
use super::tree::{Node, Span};
use super::typed::{
    At, Choice, Deployment, EntryFields, GpuFields, LabelName, Providers, SharedFields, Typed,
    Volumes, path_error, path_problem,
};
use super::{
    Build, Extensions, Gpu, Lifecycle, Machine, MachineSize, OnIncompatible, ProviderSettings,
    Secret, Volume,
};
use crate::address::{Name, NameRule};
use crate::resource::{Outbound, ProviderKind, Size};

/// The home directory inside every machine but those of `local`.
pub const HOME: &str = "/alt/home/developer";
/// The volume that a machine has where none is written.
const WORKSPACE: &str = "workspace";

/// Makes machines, and keeps what many of them share.
pub(super) struct Assembly {
    overrides: Overrides,
    /// An empty section, for what isn't written.
    empty: Arc<Node>,
    no_extensions: Arc<Extensions>,
    no_secrets: Arc<[Secret]>,
    no_texts: Arc<[String]>,
    no_names: Arc<[Name]>,
    plain: Arc<Outbound>,
    /// Volumes by the section they came from and whether they are a `local` machine's.
    volumes: HashMap<(usize, bool), Settled>,
}

/// A section of volumes, held so that its address stays its own, and what it means.
type Settled = (Option<Arc<Volumes>>, Arc<[Volume]>);

/// A machine, before a fleet gives it its names.
pub(super) struct Assembled {
    pub(super) machine: Machine,
    pub(super) depends_on: Vec<At<LabelName>>,
    pub(super) count: Option<u32>,
}

impl Assembly {
    pub(super) fn new(span: Span, overrides: Overrides) -> Self {
        Self {
            overrides,
            empty: Node::map(Vec::new(), Span { length: 1, ..span }),
            no_extensions: Arc::new(Extensions {
                profile: None,
                names: Vec::new(),
                auto_install: true,
                on_incompatible: OnIncompatible::Error,
            }),
            no_secrets: Arc::new([]),
            no_texts: Arc::new([]),
            no_names: Arc::new([]),
            plain: Arc::default(),
            volumes: HashMap::new(),
        }
    }

    /// Makes the machine that a flat mapping describes: the keys of `deployment` beside the
    /// shared ones, all of them checked before.
    pub(super) fn machine(
        &mut self,
        flat: &Arc<Node>,
        name: &Name,
        span: Span,
        reading: &mut Reading<'_>,
    ) -> Option<Assembled> {
        let deployment = Deployment::fields(flat, reading);
        let shared = SharedFields::fields(flat, reading);
        let entry = EntryFields::fields(flat, reading);
        let provider = self.overrides.provider.unwrap_or(deployment.provider.value);
        let outbound = self.outbound(&shared);
        let choice = self.choice(provider, shared.providers, reading);
        let resources = deployment.resources.as_ref();
        let gpu = gpu(
            resources.and_then(|resources| resources.gpu.as_ref()),
            choice.as_ref(),
            reading,
        );
        let size = resources.and_then(|resources| resources.size);
        let cpus = resources.and_then(|resources| resources.cpus.map(|cpus| cpus.0));
        let memory = resources.and_then(|resources| resources.memory);
        let volumes = match &deployment.volumes {
            // What is on the host is there anyway.
            None if choice.as_ref().is_some_and(is_whole_host) => Arc::new([]),
            written => self.volumes(written.as_ref(), provider, reading),
        };
        let image = image::decide(&deployment, reading);
        let build = build(&deployment, reading);
        let lifecycle = shared
            .lifecycle
            .map_or_else(Lifecycle::default, |typed| Lifecycle {
                prevent_destroy: typed.prevent_destroy,
                ignore_changes: typed.ignore_changes.clone(),
                create_before_destroy: typed.create_before_destroy,
            });
        let machine = Machine {
            name: name.clone(),
            real_name: name.to_string(),
            provider,
            distro: deployment.distro,
            image,
            build,
            cpus: cpus.or(size.map(MachineSize::cpus)),
            memory: memory.or(size.map(MachineSize::memory)),
            gpu,
            volumes,
            extensions: shared
                .extensions
                .unwrap_or_else(|| Arc::clone(&self.no_extensions)),
            secrets: shared.secrets.map_or_else(
                || Arc::clone(&self.no_secrets),
                |secrets| Arc::clone(&secrets.0),
            ),
            settings: choice?.settings,
            lifecycle,
            stands_by: None,
            depends_on: Arc::clone(&self.no_names),
            ca_certificates: shared.ca_certificates.map_or_else(
                || Arc::clone(&self.no_texts),
                |paths| paths.as_slice().into(),
            ),
            outbound,
            place: Some(reading.place(span)),
        };
        Some(Assembled {
            machine,
            depends_on: entry.depends_on,
            count: entry.count.map(|count| count.0),
        })
    }

    fn outbound(&self, shared: &SharedFields) -> Arc<Outbound> {
        if shared.mirrors.is_none() && shared.network.is_none() {
            return Arc::clone(&self.plain);
        }
        let mut outbound = Outbound::default();
        if let Some(mirrors) = &shared.mirrors {
            outbound.mirrors.clone_from(&mirrors.0);
        }
        if let Some(network) = &shared.network {
            outbound.proxy = network.proxy.as_ref().map(|address| address.0.clone());
            outbound.no_proxy = network.no_proxy.iter().map(|host| host.0.clone()).collect();
        }
        Arc::new(outbound)
    }

    fn choice(
        &self,
        provider: ProviderKind,
        providers: Option<Arc<Providers>>,
        reading: &mut Reading<'_>,
    ) -> Option<Choice> {
        let providers = providers.or_else(|| Arc::<Providers>::decode(&self.empty, reading))?;
        providers.choose(provider, &self.empty, reading)
    }

    fn volumes(
        &mut self,
        written: Option<&Arc<Volumes>>,
        provider: ProviderKind,
        reading: &mut Reading<'_>,
    ) -> Arc<[Volume]> {
        let local = provider == ProviderKind::Local;
        let address = written.map_or(0, |volumes| Arc::as_ptr(volumes).addr());
        if let Some((_, known)) = self.volumes.get(&(address, local)) {
            return Arc::clone(known);
        }
        let volumes: Arc<[Volume]> = match written {
            Some(written) => settle_volumes(written, local, reading).into(),
            None => default_volume(local).into_iter().collect(),
        };
        let kept = (written.map(Arc::clone), Arc::clone(&volumes));
        self.volumes.insert((address, local), kept);
        volumes
    }
}

fn is_whole_host(choice: &Choice) -> bool {
    matches!(&*choice.settings, ProviderSettings::Local(local) if local.whole_host)
}

/// The one volume of a machine whose file says nothing of volumes.
fn default_volume(local: bool) -> Option<Volume> {
    let name = Name::parse(NameRule::Volume, WORKSPACE).ok()?;
    Some(Volume {
        name,
        path: workspace_path(local),
        size: Some(Size::gib(10)),
        place: None,
    })
}

fn workspace_path(local: bool) -> String {
    if local {
        WORKSPACE.to_owned()
    } else {
        format!("{HOME}/{WORKSPACE}")
    }
}

fn settle_volumes(written: &Volumes, local: bool, reading: &mut Reading<'_>) -> Vec<Volume> {
    let mut volumes: Vec<Volume> = Vec::new();
    for (name, span, fields) in &written.0 {
        let path = match &fields.path {
            Some(path) => mount_path(path, local, reading),
            None if name.as_str() == WORKSPACE => Some(workspace_path(local)),
            None => {
                let summary = format!("the volume `{name}` has no `path`");
                let help = "say where it is mounted: `path: /…`";
                reading.error(*span, code::MISSING_FIELD, summary, help);
                None
            }
        };
        let Some(path) = path else { continue };
        if let Some(other) = volumes.iter().find(|other| other.path == path) {
            let summary = format!("the volumes `{}` and `{name}` have one path", other.name);
            let help = "mount each at a path of its own";
            let span = fields.path.as_ref().map_or(*span, |path| path.span);
            reading.error(span, code::DUPLICATE_NAME, summary, help);
        }
        volumes.push(Volume {
            name: name.clone(),
            path,
            size: Some(fields.size),
            place: Some(reading.place(*span)),
        });
    }
    volumes
}

/// A volume's path: absolute in a machine, below the machine's home on `local`.
///
/// A file may name one path for both: on `local` the home directory of other providers, or else
/// the leading slash, is taken off.
fn mount_path(path: &At<String>, local: bool, reading: &mut Reading<'_>) -> Option<String> {
    let text = path.value.trim_end_matches('/');
    if let Some(problem) = path_problem(text) {
        path_error(&path.value, problem, path.span, reading);
        return None;
    }
    if local {
        let below = text
            .strip_prefix(HOME)
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(text);
        return Some(below.trim_start_matches('/').to_owned());
    }
    if !text.starts_with('/') {
        path_error(&path.value, "is not absolute", path.span, reading);
        return None;
    }
    Some(text.to_owned())
}

fn build(deployment: &Deployment, reading: &mut Reading<'_>) -> Option<Build> {
    let build = deployment.build.as_ref()?;
    if build.value.enabled.is_none() {
        let summary = "`buildFromSource` has no effect without `enabled: true`";
        reading.warning(build.span, code::NO_EFFECT, summary, "add `enabled: true`");
    }
    build.value.enabled.unwrap_or(false).then(|| Build {
        git_ref: build.value.git_ref.as_ref().map(|text| text.0.clone()),
    })
}

/// The GPUs: asked for by `resources.gpu.enabled`, or by a kind in the provider's own words.
fn gpu(
    written: Option<&At<Arc<GpuFields>>>,
    choice: Option<&Choice>,
    reading: &mut Reading<'_>,
) -> Option<Gpu> {
    let explicit = choice.and_then(|choice| choice.gpu.as_ref());
    let enabled = written.and_then(|gpu| gpu.value.enabled);
    match (enabled, written, explicit) {
        (Some(false), _, Some(kind)) => {
            let summary = "the GPU kind has no effect with `gpu.enabled: false`";
            let help = "take one of them away";
            reading.warning(kind.span, code::NO_EFFECT, summary, help);
            return None;
        }
        (Some(false), _, None) | (None, None, None) => return None,
        (None, Some(gpu), None) => {
            let summary = "`gpu` has no effect without `enabled: true`";
            reading.warning(gpu.span, code::NO_EFFECT, summary, "add `enabled: true`");
            return None;
        }
        (Some(true), _, _) | (None, _, Some(_)) => {}
    }
    let written = written.map(|gpu| &gpu.value);
    let count = written.and_then(|gpu| gpu.count.map(|count| count.0));
    Some(Gpu {
        vendor: written.map(|gpu| gpu.vendor).unwrap_or_default(),
        count: explicit.and_then(|gpu| gpu.count).or(count).unwrap_or(1),
        tier: written.and_then(|gpu| gpu.tier),
        kind: explicit.map(|gpu| gpu.kind.clone()),
        memory: written.and_then(|gpu| gpu.memory),
    })
}
