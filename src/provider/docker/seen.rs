//! What an Engine shows of an object, said in the words of its specification: pure.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{ContainerInspectResponse, ContainerState, ImageSummary, MountPoint};
use serde_json::{Value, json};

use super::features::Features;
use super::host_config::{cpus, docker_settings, gpu_count, memory};
use super::label;
use super::request::volume::Part;
use crate::address::Name;
use crate::plan::Seen;
use crate::provider::Question;
use crate::resource::{Attributes, MachineSpec, Power, ProviderKind, Settings, Spec};
use crate::state::{ObjectId, OperationId};

/// What a machine's attributes refer to, by real identity.
#[derive(Clone, Debug)]
pub(super) struct Surroundings<'a> {
    /// The real name of each of its volumes.
    pub(super) volumes: BTreeMap<Name, String>,
    /// The scopes of our networks, by id and by name.
    pub(super) scopes: &'a BTreeMap<String, Name>,
    /// The id of the image it is pinned to, where that is recorded.
    pub(super) image: Option<String>,
}

fn operation(labels: Option<&HashMap<String, String>>) -> Option<OperationId> {
    let text = labels?.get(label::OPERATION)?;
    Some(OperationId::from_label(text))
}

fn plain(id: &str, name: &str, labels: Option<&HashMap<String, String>>) -> Seen {
    let mut attributes = Attributes::default();
    attributes.set("provider", ProviderKind::Docker.as_str());
    attributes.set("name", name);
    Seen {
        id: ObjectId::new(id),
        operation: operation(labels),
        attributes,
        power: None,
        incarnation: None,
        outputs: Attributes::default(),
        broken: Vec::new(),
    }
}

/// A network as seen.
pub(super) fn network(
    id: Option<&str>,
    name: Option<&str>,
    labels: Option<&HashMap<String, String>>,
) -> Option<Seen> {
    Some(plain(id?, name.unwrap_or_default(), labels))
}

/// A volume as seen; its size can't be.
pub(super) fn volume(name: &str, labels: &HashMap<String, String>) -> Seen {
    plain(name, name, Some(labels))
}

/// An image pin as seen: the image of the recorded id is there, whatever its tag points to by now.
pub(super) fn image(question: &Question, image: &ImageSummary) -> Seen {
    let mut outputs = Attributes::default();
    outputs.set("imageId", image.id.as_str());
    if let Some(digest) = image.repo_digests.first() {
        outputs.set("repoDigest", digest.as_str());
    }
    Seen {
        id: ObjectId::new(&image.id),
        operation: None,
        attributes: question.spec.attributes(),
        power: None,
        incarnation: None,
        outputs,
        broken: Vec::new(),
    }
}

/// A pin without an object: what is recorded stands.
pub(super) fn pin(question: &Question) -> Option<Seen> {
    Some(Seen {
        id: question.id.clone()?,
        operation: None,
        attributes: question.spec.attributes(),
        power: None,
        incarnation: None,
        outputs: Attributes::default(),
        broken: Vec::new(),
    })
}

/// Whether a limit that is declared doesn't show.
pub(super) fn lacks_a_limit(spec: &MachineSpec, inspect: &ContainerInspectResponse) -> bool {
    let none = |number: Option<i64>| number.unwrap_or(0) == 0;
    inspect.host_config.as_ref().is_none_or(|host| {
        (spec.memory.is_some() && none(host.memory))
            || (spec.cpus.is_some() && none(host.nano_cpus) && none(host.cpu_quota))
    })
}

/// A machine as seen, each attribute equal to the specification's where nothing was changed.
///
/// Only what the specification declares is reported, so that neither an Engine's default nor a
/// limit nobody asked about looks like drift.
pub(super) fn machine(
    spec: &MachineSpec,
    inspect: &ContainerInspectResponse,
    around: &Surroundings<'_>,
    engine: &Features,
) -> Seen {
    let id = inspect.id.as_deref().unwrap_or_default();
    let name = inspect.name.as_deref().unwrap_or_default();
    let labels = inspect
        .config
        .as_ref()
        .and_then(|config| config.labels.as_ref());
    let mut seen = plain(id, name.trim_start_matches('/'), labels);
    seen.power = Some(power(inspect.state.as_ref()));
    seen.incarnation = Some(id.to_owned());
    let host = inspect.host_config.clone().unwrap_or_default();
    let declared = Spec::Machine(Box::new(spec.clone())).attributes();
    let same = |path: &str| declared.get(path).cloned().unwrap_or_default();
    let set = &mut seen.attributes;
    if spec.image.is_some() {
        set.set("image", image_of(inspect, labels, around));
    }
    if spec.memory.is_some() {
        set.set("memory", memory(&host, engine, || same("memory")));
    }
    if spec.cpus.is_some() {
        set.set("cpus", cpus(&host, engine, || same("cpus")));
    }
    if let Some(gpu) = &spec.gpu
        && let Some(count) = gpu_count(&host)
    {
        let gpu = if count == i64::from(gpu.count) {
            same("gpu")
        } else {
            json!({ "count": count })
        };
        set.set("gpu", gpu);
    }
    if spec.network.is_some() {
        set.set("network", networks(inspect, around, spec));
    }
    if !spec.mounts.is_empty() {
        let points = inspect.mounts.as_deref().unwrap_or_default();
        set.set("mounts", mounts(spec, points, around, || same("mounts")));
    }
    if let Settings::Docker(settings) = &spec.settings {
        docker_settings(set, settings, &host, &same);
    }
    seen.outputs = outputs(inspect);
    seen
}

/// Whether a container runs; a paused one does nothing, so it counts as stopped.
pub(super) fn power(state: Option<&ContainerState>) -> Power {
    let runs = state.is_some_and(|state| {
        (state.running == Some(true) || state.restarting == Some(true))
            && state.paused != Some(true)
    });
    if runs { Power::Running } else { Power::Stopped }
}

/// The reference the container was made for, unless it isn't made from the pinned image.
fn image_of(
    inspect: &ContainerInspectResponse,
    labels: Option<&HashMap<String, String>>,
    around: &Surroundings<'_>,
) -> String {
    let id = inspect.image.as_deref().unwrap_or_default();
    if around.image.as_deref().is_some_and(|pinned| pinned != id) {
        return id.to_owned();
    }
    labels
        .and_then(|labels| labels.get(label::IMAGE))
        .cloned()
        .or_else(|| inspect.config.as_ref()?.image.clone())
        .unwrap_or_else(|| id.to_owned())
}

fn networks(
    inspect: &ContainerInspectResponse,
    around: &Surroundings<'_>,
    spec: &MachineSpec,
) -> String {
    let connected = inspect
        .network_settings
        .as_ref()
        .and_then(|settings| settings.networks.as_ref());
    let names: Vec<String> = connected
        .into_iter()
        .flatten()
        .map(|(name, endpoint)| {
            let id = endpoint.network_id.as_deref().unwrap_or_default();
            let scope = around.scopes.get(id).or_else(|| around.scopes.get(name));
            scope.map_or_else(|| name.clone(), ToString::to_string)
        })
        .collect();
    // Others it was connected to besides are nobody's loss.
    match &spec.network {
        Some(wanted) if names.iter().any(|name| name == wanted.as_str()) => wanted.to_string(),
        _ if names.is_empty() => "none".to_owned(),
        _ => names.join(", "),
    }
}

fn mounts(
    spec: &MachineSpec,
    points: &[MountPoint],
    around: &Surroundings<'_>,
    same: impl Fn() -> Value,
) -> Value {
    let real = |point: &MountPoint| point.name.clone().unwrap_or_default();
    let stands = |mount: &crate::resource::Mount| {
        points.iter().any(|point| {
            point.destination.as_deref() == Some(mount.path.as_str())
                && around
                    .volumes
                    .get(&mount.volume)
                    .is_none_or(|name| *name == real(point))
        })
    };
    if spec.mounts.iter().all(stands) {
        return same();
    }
    let found: Vec<Value> = points
        .iter()
        .filter(|point| {
            let path = point.destination.as_deref();
            Part::ALL.iter().all(|part| Some(part.path()) != path)
        })
        .map(|point| {
            let known = around
                .volumes
                .iter()
                .find(|(_, name)| **name == real(point));
            json!({
                "volume": known.map_or_else(|| real(point), |(name, _)| name.to_string()),
                "path": point.destination,
            })
        })
        .collect();
    json!(found)
}

fn outputs(inspect: &ContainerInspectResponse) -> Attributes {
    let mut outputs = Attributes::default();
    let mut set = |path: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            outputs.set(path, value);
        }
    };
    set("imageId", inspect.image.clone());
    let state = inspect.state.as_ref();
    set("state", state.and_then(|s| s.status).map(|s| s.to_string()));
    let started = state.and_then(|state| state.started_at.clone());
    set("startedAt", started.filter(|at| !at.starts_with("0001-")));
    let health = state.and_then(|state| state.health.as_ref()?.status);
    set("health", health.map(|health| health.to_string()));
    let networks = inspect
        .network_settings
        .as_ref()
        .and_then(|settings| settings.networks.as_ref());
    let mut addresses: Vec<&str> = networks
        .into_iter()
        .flatten()
        .filter_map(|(_, endpoint)| endpoint.ip_address.as_deref())
        .filter(|ip| !ip.is_empty())
        .collect();
    addresses.sort_unstable();
    set("ip", addresses.first().map(ToString::to_string));
    outputs
}
