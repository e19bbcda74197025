//! What an Engine has: runtimes, limits, size.

use std::collections::BTreeSet;

use bollard::models::SystemInfo;

/// What an Engine has, asked for once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// Its container runtimes.
    pub(super) runtimes: BTreeSet<String>,
    /// Whether NVIDIA GPUs can be handed to containers.
    pub(super) nvidia: bool,
    /// The host's processors; 0 if unknown.
    pub(super) cpus: u64,
    /// The host's memory in bytes; 0 if unknown.
    pub(super) memory: u64,
    /// Whether memory can be limited.
    pub(super) limits_memory: bool,
    /// Whether memory can be limited together with swap.
    pub(super) limits_swap: bool,
    /// Whether processors can be limited.
    pub(super) limits_cpus: bool,
    /// Whether it runs without root.
    pub(super) rootless: bool,
    /// The path of its socket on its own host.
    pub(super) socket: String,
}

/// The runtime that holds an Engine without privileges.
pub(super) const SYSBOX: &str = "sysbox-runc";

impl Features {
    /// Reads what an Engine tells of itself.
    pub(super) fn of(info: &SystemInfo, socket: Option<&str>) -> Self {
        let runtimes: BTreeSet<String> = info
            .runtimes
            .iter()
            .flat_map(|runtimes| runtimes.keys().cloned())
            .collect();
        let cdi = info.discovered_devices.iter().flatten().any(|device| {
            device
                .id
                .as_deref()
                .is_some_and(|id| id.starts_with("nvidia.com/gpu"))
        });
        let count = |number: Option<i64>| number.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Self {
            nvidia: cdi || runtimes.contains("nvidia"),
            runtimes,
            cpus: count(info.ncpu),
            memory: count(info.mem_total),
            limits_memory: info.memory_limit.unwrap_or(true),
            limits_swap: info.swap_limit.unwrap_or(true),
            limits_cpus: info.cpu_cfs_quota.unwrap_or(true),
            rootless: info
                .security_options
                .iter()
                .flatten()
                .any(|option| option.contains("rootless")),
            socket: socket.unwrap_or("/var/run/docker.sock").to_owned(),
        }
    }

    /// Whether it has the Sysbox runtime.
    pub(super) fn has_sysbox(&self) -> bool {
        self.runtimes.contains(SYSBOX)
    }
}
