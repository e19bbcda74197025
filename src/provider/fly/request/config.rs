//! A machine's whole configuration.

use serde_json::{Map, Value, json};

use crate::provider::CreateRequest;
use crate::provider::fly::label;
use crate::resource::{FlyGuest, FlySettings, MachineSpec, Size};

/// The port that sshd listens on inside.
pub(in crate::provider::fly) const SSH: u16 = 10022;

/// Keeps a machine up whatever its image was made for, and lets ssh in where the image has an sshd:
/// by key alone, the keys a secret `AUTHORIZED_KEYS`. The host's own key lies on the volume, if
/// there is one, and so outlives the machine.
const KEEPER: &str = r#"s=$(command -v sshd || echo /usr/sbin/sshd)
if [ -x "$s" ] && command -v ssh-keygen >/dev/null; then
k=${1:-/etc}/.sindri-ssh; mkdir -p "$k" /run/sshd && chmod 700 "$k"
[ -f "$k/host" ] || ssh-keygen -q -t ed25519 -N '' -C sindri -f "$k/host"
(while :; do "$s" -D -e -f /dev/null -p 10022 -h "$k/host" -o AuthorizedKeysFile=/run/secrets/AUTHORIZED_KEYS -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no -o PermitRootLogin=prohibit-password -o PidFile=none; sleep 5; done) &
fi
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait $!; done"#;

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
    let keys = mounted.map_or("", |mounted| mounted.path);
    let mut init = json!({ "exec": ["/bin/sh", "-c", KEEPER, "sindri", keys] });
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
        "internal_port": SSH,
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
