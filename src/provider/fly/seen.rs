//! What Fly.io shows of an object, said in the words of its specification: pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::id::Id;
use super::label;
use super::request::config::image_as_wanted;
use super::wire::{Config, Machine, Volume};
use crate::address::Name;
use crate::plan::Seen;
use crate::resource::{
    Attributes, FlySettings, MachineSpec, Power, ProviderKind, Settings, Size, Spec, VolumeSpec,
    is_in_fly_region,
};
use crate::state::{ObjectId, OperationId};

/// Tells of a machine that an apply keeps awake, or has left so.
pub(super) const KEPT_AWAKE: &str = "keptAwake";

fn plain(id: ObjectId, name: &str) -> Seen {
    let mut attributes = Attributes::default();
    attributes.set("provider", ProviderKind::Fly.as_str());
    attributes.set("name", name);
    Seen {
        id,
        operation: None,
        attributes,
        power: None,
        incarnation: None,
        outputs: Attributes::default(),
        broken: Vec::new(),
    }
}

/// An app as seen; what organization it is in is known from where it was found.
pub(super) fn app(name: &str, organization: Option<&String>) -> Seen {
    let mut seen = plain(ObjectId::new(name), name);
    if let Some(organization) = organization {
        seen.attributes.set("organization", organization.as_str());
    }
    seen
}

/// A pin: what is recorded stands.
pub(super) fn pin(id: ObjectId, spec: &Spec) -> Seen {
    Seen {
        attributes: spec.attributes(),
        ..plain(id, "")
    }
}

/// A volume as seen.
///
/// Its name at Fly.io says whose it is, so that the name it is wanted under is as good as seen.
pub(super) fn volume(app: &str, spec: &VolumeSpec, volume: &Volume) -> Seen {
    let mut seen = plain(Id::new(app, &volume.id).recorded(), &spec.name);
    seen.operation = label::volume_operation(&volume.name);
    if spec.size.is_some() {
        let size = Size::gib(volume.size_gb.min(1 << 20));
        seen.attributes.set("size", size.to_string());
    }
    if let Some(region) = &spec.region {
        let same = is_in_fly_region(region, &volume.region);
        let region = if same { region } else { &volume.region };
        seen.attributes.set("region", region.as_str());
    }
    if let Some(compute) = &spec.compute {
        seen.attributes.set("compute", json!(compute));
    }
    seen.outputs.set("region", volume.region.as_str());
    seen.outputs.set("state", volume.state.as_str());
    seen
}

/// Whether a machine is still the version that this very specification came to: then what a page
/// doesn't show of it is known all the same.
pub(super) fn is_as_made(spec: &MachineSpec, machine: &Machine) -> bool {
    let Some(config) = &machine.config else {
        return false;
    };
    let own = label::digest(&Spec::Machine(Box::new(spec.clone())));
    !config.metadata.contains_key(label::AWAKE)
        && config.metadata.get(label::VERSION) == Some(&machine.instance_id)
        && config.metadata.get(label::SPEC) == Some(&own)
}

/// How a machine is, as far as anybody here must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It runs, or is about to.
    Runs,
    /// It doesn't.
    Rests,
    /// Nobody here knows such a state.
    Unknown,
}

/// Reads a machine's state.
pub(super) fn condition(state: &str) -> Condition {
    match state {
        "started" | "starting" | "restarting" | "updating" | "replacing" | "launching" => {
            Condition::Runs
        }
        "created" | "creating" | "stopped" | "stopping" | "suspended" | "suspending" | "failed"
        | "launch_failed" => Condition::Rests,
        _ => Condition::Unknown,
    }
}

/// Whether a state is one that passes.
pub(super) fn is_transient(state: &str) -> bool {
    state.ends_with("ing")
}

/// A machine as seen; `volumes` are the ids of the ones it may mount, by name.
pub(super) fn machine(
    app: &str,
    spec: &MachineSpec,
    machine: &Machine,
    volumes: &BTreeMap<Name, String>,
) -> Seen {
    let mut seen = plain(Id::new(app, &machine.id).recorded(), &machine.name);
    let empty = Config::default();
    let config = machine.config.as_ref().unwrap_or(&empty);
    let operation = config.metadata.get(label::OPERATION);
    seen.operation = operation.map(|text| OperationId::from_label(text));
    seen.power = Some(match condition(&machine.state) {
        Condition::Runs => Power::Running,
        Condition::Rests | Condition::Unknown => Power::Stopped,
    });
    // The root file system persists: a machine has one for all its life.
    seen.incarnation = Some(machine.id.clone());
    seen.outputs.set("state", machine.state.as_str());
    seen.outputs.set("region", machine.region.as_str());
    if let Some(address) = &machine.private_ip {
        seen.outputs.set("privateIp", address.as_str());
    }
    if config.metadata.contains_key(label::AWAKE) {
        seen.outputs.set(KEPT_AWAKE, true);
    }
    let declared = Spec::Machine(Box::new(spec.clone())).attributes();
    if is_as_made(spec, machine) {
        let (name, provider) = (seen.attributes.0.remove("name"), "provider");
        let kept = declared.0.into_iter().filter(|(path, _)| path != "power");
        seen.attributes.0.extend(kept);
        seen.attributes.set(provider, ProviderKind::Fly.as_str());
        if let Some(name) = name {
            seen.attributes.set("name", name);
        }
        region(&mut seen, spec, machine);
        return seen;
    }
    read(&mut seen, spec, machine, config, volumes, &declared);
    seen
}

/// Reads a whole configuration; only what the specification declares is reported.
fn read(
    seen: &mut Seen,
    spec: &MachineSpec,
    machine: &Machine,
    config: &Config,
    volumes: &BTreeMap<Name, String>,
    declared: &Attributes,
) {
    let set = &mut seen.attributes;
    if let Some(wanted) = &spec.image {
        let shown = config.image.as_deref();
        let shown = shown.map(|shown| image_as_wanted(shown, wanted));
        set.set("image", shown.map_or(Value::Null, Value::from));
    }
    let guest = config.guest.clone().unwrap_or_default();
    if spec.cpus.is_some() {
        set.set("cpus", guest.cpus.map_or(Value::Null, Value::from));
    }
    if spec.memory.is_some() {
        let memory = guest.memory_mb.map(|count| Size::mib(count.min(1 << 40)));
        set.set("memory", memory.map_or(Value::Null, |size| json!(size)));
    }
    if let Some(gpu) = &spec.gpu {
        let same =
            guest.gpus == Some(gpu.count) && (gpu.kind.is_none() || guest.gpu_kind == gpu.kind);
        let value = same.then(|| declared.get("gpu").cloned()).flatten();
        set.set("gpu", value.unwrap_or_default());
    }
    if let Some(network) = &spec.network {
        set.set("network", network.as_str());
    }
    let mounts: Vec<Value> = config
        .mounts
        .iter()
        .map(|mount| {
            let known = volumes.iter().find(|(_, id)| **id == mount.volume);
            let volume = known.map_or(mount.volume.as_str(), |(name, _)| name.as_str());
            json!({ "volume": volume, "path": mount.path })
        })
        .collect();
    if !mounts.is_empty() {
        set.set("mounts", mounts);
    } else if !spec.mounts.is_empty() {
        set.set("mounts", Value::Null);
    }
    if let Settings::Fly(settings) = &spec.settings {
        read_settings(set, settings, config);
    }
    region(seen, spec, machine);
}

fn read_settings(set: &mut Attributes, settings: &FlySettings, config: &Config) {
    if let Some(organization) = &settings.organization {
        set.set("fly.organization", organization.as_str());
    }
    let kind = config
        .guest
        .as_ref()
        .and_then(|guest| guest.cpu_kind.clone());
    set.set("fly.cpuKind", kind.map_or(Value::Null, Value::from));
    let ssh = config
        .services
        .iter()
        .find(|service| service.internal_port == FlySettings::SSH);
    let port = ssh
        .and_then(|ssh| ssh.ports.first())
        .and_then(|port| port.port);
    set.set("fly.sshPort", port.map_or(Value::Null, Value::from));
    let autostop = ssh.and_then(|ssh| ssh.autostop.as_ref());
    set.set(
        "fly.autostop",
        autostop.map_or("off", |autostop| autostop.word()),
    );
    let autostart = ssh.and_then(|ssh| ssh.autostart).unwrap_or(false);
    set.set("fly.autostart", autostart);
    let swap = config.init.as_ref().and_then(|init| init.swap_size_mb);
    match swap.filter(|swap| *swap > 0) {
        Some(swap) => set.set("fly.swap", json!(Size::mib(swap.min(1 << 40)))),
        None if settings.swap.is_some() => set.set("fly.swap", Value::Null),
        None => {}
    }
}

fn region(seen: &mut Seen, spec: &MachineSpec, machine: &Machine) {
    if let Settings::Fly(settings) = &spec.settings {
        let same = is_in_fly_region(&settings.region, &machine.region);
        let region = if same {
            &settings.region
        } else {
            &machine.region
        };
        seen.attributes.set("fly.region", region.as_str());
    }
}
