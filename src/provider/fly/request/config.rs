//! A machine's whole configuration.

use serde_json::{Map, Value, json};

use crate::provider::CreateRequest;
use crate::provider::fly::label;
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

fn mebibytes(size: Size) -> u64 {
    size.as_bytes() / Size::mib(1).as_bytes()
}
