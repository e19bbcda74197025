//! A machine's whole configuration.

use serde_json::{Map, Value, json};

use crate::provider::CreateRequest;
use crate::provider::fly::label;
use crate::provider::fly::wire::Autostop;
use crate::resource::{FlyGuest, FlySettings, MachineSpec, Size};

/// What is mounted into a machine.
#[derive(Clone, Debug)]
pub(in crate::provider::fly) struct Mounted<'a> {
    /// The volume's id.
    pub(in crate::provider::fly) volume: &'a str,
    /// Where.
    pub(in crate::provider::fly) path: &'a str,
}

/// The size in Fly's words.
pub(in crate::provider::fly) fn guest(guest: FlyGuest) -> Value {
    json!({
        "cpu_kind": guest.kind.as_str(),
        "cpus": guest.cpus,
        "memory_mb": mebibytes(guest.memory),
    })
}

/// The whole configuration of a machine; `files` are those that its secrets appear as.
pub(in crate::provider::fly) fn whole(
    request: &CreateRequest,
    machine: &MachineSpec,
    settings: &FlySettings,
    mounted: Option<&Mounted<'_>>,
    files: &[Value],
) -> Value {
    let size = FlyGuest::of(settings.cpu_kind, machine.cpus, machine.memory);
    let mut guest = guest(size);
    if let Some(gpu) = &machine.gpu {
        guest["gpus"] = json!(gpu.count);
        if let Some(kind) = &gpu.kind {
            guest["gpu_kind"] = json!(kind);
        }
    }
    let keys = mounted.map(|mounted| mounted.path);
    let mut init = json!({ "exec": FlySettings::start(keys) });
    if let Some(swap) = settings.swap {
        init["swap_size_mb"] = json!(mebibytes(swap));
    }
    let mut config = json!({
        "image": machine.image,
        "guest": guest,
        "init": init,
        "metadata": label::of(request),
        "restart": { "policy": "always" },
        "rootfs": { "persist": "always" },
        "services": [service(settings)],
        "stop_config": { "signal": "SIGTERM", "timeout": "10s" },
    });
    if let Some(mounted) = mounted {
        config["mounts"] = json!([{ "volume": mounted.volume, "path": mounted.path }]);
    }
    if !files.is_empty() {
        config["files"] = json!(files);
    }
    config
}

/// The way to ssh, and what becomes of the machine when nobody takes it.
fn service(settings: &FlySettings) -> Value {
    json!({
        "protocol": "tcp",
        "internal_port": FlySettings::SSH,
        "ports": [{ "port": settings.ssh_port }],
        "autostop": settings.autostop.as_str(),
        "autostart": settings.autostart,
        "min_machines_running": 0,
    })
}

/// Names the image by the digest that a machine runs: a change of anything else would bring what
/// its tag stands for by now, and take what is installed away with the old root file system.
pub(in crate::provider::fly) fn hold_image(config: &mut Value, digest: Option<&str>) {
    let image = config.get("image").and_then(Value::as_str);
    if let (Some(image), Some(digest)) = (image, digest)
        && !image.contains('@')
    {
        config["image"] = json!(format!("{image}@{digest}"));
    }
}

/// The image of a configuration in the words of its specification, which may leave the digest to the
/// machine's making.
pub(in crate::provider::fly) fn image_as_wanted<'a>(shown: &'a str, wanted: &str) -> &'a str {
    match shown.split_once('@') {
        Some((name, _)) if !wanted.contains('@') => name,
        Some(_) | None => shown,
    }
}

/// The same configuration with other files of secrets.
pub(in crate::provider::fly) fn with_files(config: &Value, files: Vec<Value>) -> Value {
    let mut config = config.as_object().cloned().unwrap_or_else(Map::new);
    if files.is_empty() {
        config.remove("files");
    } else {
        config.insert("files".to_owned(), Value::Array(files));
    }
    Value::Object(config)
}

/// The same configuration, its services no longer putting it to sleep, and what they did before
/// written on it; none where they don't anyway, or are kept from it already.
pub(in crate::provider::fly) fn kept_awake(config: &Value) -> Option<Value> {
    let mut config = config.clone();
    let services = config.get_mut("services").and_then(Value::as_array_mut)?;
    let before: Vec<String> = services
        .iter()
        .map(|service| autostop(service).word().to_owned())
        .collect();
    if before.iter().all(|word| word == "off") {
        return None;
    }
    for service in services {
        service["autostop"] = json!("off");
    }
    config["metadata"][label::AWAKE] = json!(before.join(","));
    Some(config)
}

/// The same configuration, its services doing again what they did; none where nothing keeps it awake.
pub(in crate::provider::fly) fn let_sleep(config: &Value) -> Option<Value> {
    let mut config = config.clone();
    let metadata = config.get_mut("metadata").and_then(Value::as_object_mut)?;
    let before = metadata.remove(label::AWAKE)?;
    let before = before.as_str().unwrap_or_default().split(',');
    let services = config.get_mut("services").and_then(Value::as_array_mut);
    for (service, before) in services.into_iter().flatten().zip(before) {
        service["autostop"] = json!(before);
    }
    Some(config)
}

/// What idleness does to a machine by one of its services.
fn autostop(service: &Value) -> Autostop {
    let shown = service.get("autostop").cloned().unwrap_or_default();
    serde_json::from_value(shown).unwrap_or(Autostop::Flag(false))
}

fn mebibytes(size: Size) -> u64 {
    size.as_bytes() / Size::mib(1).as_bytes()
}
