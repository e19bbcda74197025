//! A container's host configuration, said in the words of a machine's specification: pure.

use bollard::models::HostConfig;
use serde_json::{Value, json};

use super::features::{Features, SYSBOX};
use super::request::container::inner_port;
use crate::resource::{
    Attributes, DockerNetwork, DockerRuntime, DockerSettings, PortMapping, Protocol, Size,
};

/// What a limit is called where there is none though one was asked for.
const UNLIMITED: &str = "unlimited";

/// Sets what the Docker settings declare.
pub(super) fn docker_settings(
    set: &mut Attributes,
    settings: &DockerSettings,
    host: &HostConfig,
    same: &dyn Fn(&str) -> Value,
) {
    set.set("docker.restart", restart(host));
    let mode = host.network_mode.as_deref().unwrap_or_default();
    let network = match mode {
        "host" => DockerNetwork::Host,
        "none" => DockerNetwork::None,
        _ => DockerNetwork::Bridge,
    };
    set.set(
        "docker.network",
        serde_json::to_value(network).unwrap_or_default(),
    );
    if !settings.ports.is_empty() {
        let bound = ports(host);
        let wanted: Vec<&PortMapping> = settings.ports.iter().collect();
        let equal = wanted.len() == bound.len() && wanted.iter().all(|port| bound.contains(port));
        let value = if equal {
            same("docker.ports")
        } else {
            serde_json::to_value(bound).unwrap_or_default()
        };
        set.set("docker.ports", value);
    }
    if !settings.extra_hosts.is_empty() {
        let mut found = host.extra_hosts.clone().unwrap_or_default();
        let mut wanted = settings.extra_hosts.clone();
        found.sort();
        wanted.sort();
        let value = if found == wanted {
            same("docker.extraHosts")
        } else {
            json!(found)
        };
        set.set("docker.extraHosts", value);
    }
    if settings.privileged {
        set.set("docker.privileged", host.privileged.unwrap_or(false));
    }
    let runtime = host.runtime.as_deref().unwrap_or_default();
    let expected = match settings.runtime {
        DockerRuntime::Auto => true,
        DockerRuntime::Runc => runtime == "runc" || runtime.is_empty(),
        DockerRuntime::SysboxRunc => runtime == SYSBOX,
    };
    let value = if expected {
        same("docker.runtime")
    } else {
        json!(runtime)
    };
    set.set("docker.runtime", value);
}

/// The limit of memory.
pub(super) fn memory(host: &HostConfig, engine: &Features, same: impl Fn() -> Value) -> Value {
    match host.memory.and_then(|bytes| u64::try_from(bytes).ok()) {
        // An Engine that can't limit memory drops what it was asked for.
        None | Some(0) if !engine.limits_memory => same(),
        None | Some(0) => json!(UNLIMITED),
        Some(bytes) => json!(Size::bytes(bytes)),
    }
}

/// The limit of processors.
pub(super) fn cpus(host: &HostConfig, engine: &Features, same: impl Fn() -> Value) -> Value {
    let nano = host.nano_cpus.unwrap_or(0);
    let quota = host.cpu_quota.unwrap_or(0);
    let period = host
        .cpu_period
        .filter(|period| *period > 0)
        .unwrap_or(100_000);
    // `docker update --cpu-quota` says the same in other words.
    let thousandths = match (nano, quota) {
        (nano, _) if nano > 0 => nano / 1_000_000,
        (_, quota) if quota > 0 => quota.saturating_mul(1000) / period,
        _ if !engine.limits_cpus => return same(),
        _ => return json!(UNLIMITED),
    };
    if thousandths % 1000 == 0 {
        json!(thousandths / 1000)
    } else {
        json!(format!("{}.{:03}", thousandths / 1000, thousandths % 1000))
    }
}

/// How many GPUs were asked for.
pub(super) fn gpu_count(host: &HostConfig) -> Option<i64> {
    let requests = host.device_requests.as_ref()?;
    let gpu = requests.iter().find(|request| {
        request
            .capabilities
            .iter()
            .flatten()
            .flatten()
            .any(|capability| capability == "gpu")
    })?;
    gpu.count
}

fn restart(host: &HostConfig) -> String {
    let name = host
        .restart_policy
        .as_ref()
        .and_then(|policy| policy.name)
        .map(|name| name.to_string())
        .unwrap_or_default();
    if name.is_empty() {
        "no".to_owned()
    } else {
        name
    }
}

fn ports(host: &HostConfig) -> Vec<PortMapping> {
    let mut found = Vec::new();
    for (inner, bindings) in host.port_bindings.iter().flatten() {
        let (port, protocol) = inner.split_once('/').unwrap_or((inner, "tcp"));
        let Ok(container) = port.parse() else {
            continue;
        };
        let protocol = if protocol == "udp" {
            Protocol::Udp
        } else {
            Protocol::Tcp
        };
        for binding in bindings.iter().flatten() {
            let host = binding.host_port.as_deref().and_then(|p| p.parse().ok());
            found.push(PortMapping {
                address: binding.host_ip.clone().filter(|ip| !ip.is_empty()),
                host: host.unwrap_or(0),
                container,
                protocol,
            });
        }
    }
    found.sort_by_key(|port| (port.host, inner_port(port.container, port.protocol)));
    found
}
