//! The machine that extensions are meant for, as far as it is known before it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::manifest::Need;
use super::step::{Arch, Distro};
use crate::address::Name;
use crate::cost::Estimate;
use crate::resource::{GpuVendor, ProviderKind, Size};

/// The machine that extensions are meant for; what isn't known of it forbids nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The machine's name, for the address of each finding.
    pub machine: Option<Name>,
    /// The provider it lives on.
    pub provider: ProviderKind,
    /// How many GPUs it sees.
    pub gpus: u32,
    /// Who makes them, where that is known.
    pub gpu_vendor: Option<GpuVendor>,
    /// The memory of each, where that is known.
    pub gpu_memory: Option<Size>,
    /// What it hasn't, and what to do about it.
    pub lacks: BTreeMap<Need, Lack>,
    /// Its distribution.
    pub distro: Option<Distro>,
    /// Its processors.
    pub arch: Option<Arch>,
    /// Its memory.
    pub memory: Option<Room>,
    /// Its disk.
    pub disk: Option<Room>,
    /// How long it lives without a renewal.
    pub lifetime: Option<Duration>,
    /// What of the network it reaches.
    pub network: Network,
    /// The names of the secrets it is given; none where nobody knows.
    pub secrets: Option<BTreeSet<String>>,
    /// What it costs.
    pub cost: Estimate,
}

/// Something a machine hasn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Why.
    pub reason: &'static str,
    /// What to do about it.
    pub help: &'static str,
}

/// A limit of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How much there is.
    pub size: Size,
    /// Whether the provider holds the machine to it.
    pub enforced: bool,
}

/// What of the network a machine reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Whether it reaches any of it.
    pub open: bool,
    /// The hosts it may reach; empty: all. `*.example.com` stands for those below.
    pub allowed: Vec<String>,
    /// The hosts it may not reach.
    pub blocked: Vec<String>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            open: true,
            allowed: Vec::new(),
            blocked: Vec::new(),
        }
    }
}

impl Network {
    /// Whether a host can be reached.
    pub fn reaches(&self, host: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|pattern| covers(pattern, host));
        self.open && (self.allowed.is_empty() || listed(&self.allowed)) && !listed(&self.blocked)
    }
}

fn covers(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        _ if pattern == "*" => true,
        Some(parent) => host
            .strip_suffix(parent)
            .is_some_and(|rest| rest.ends_with('.')),
        None => pattern == host,
    }
}

impl Ground {
    /// A machine of a provider of which nothing else is known.
    pub fn on(provider: ProviderKind) -> Self {
        Self {
            machine: None,
            provider,
            gpus: 0,
            gpu_vendor: None,
            gpu_memory: None,
            lacks: lacks(provider),
            distro: None,
            arch: arch(provider),
            memory: None,
            disk: None,
            lifetime: None,
            network: Network::default(),
            secrets: None,
            cost: Estimate::unsaid(),
        }
    }
}

/// What machines of a provider haven't, whatever their settings.
fn lacks(provider: ProviderKind) -> BTreeMap<Need, Lack> {
    let lack = |reason, help| Lack { reason, help };
    let own_init = lack(
        "its machines start a process of their own, not systemd",
        "take a variant that starts its service itself",
    );
    let no_docker = |reason| {
        lack(
            reason,
            "use a Docker daemon elsewhere through DOCKER_HOST, or podman without root",
        )
    };
    let no_privileges = |reason| lack(reason, "take `docker` with `privileged: true`, or devpod");
    match provider {
        // The host has what it has.
        ProviderKind::Local => BTreeMap::new(),
        ProviderKind::Docker => BTreeMap::from([
            (
                Need::Docker,
                lack(
                    "the container has no Docker daemon and no socket of one",
                    "set `providers.docker.dind.enabled: true`",
                ),
            ),
            (Need::Systemd, own_init),
            (
                Need::Privileged,
                lack(
                    "the container has no privileges",
                    "set `providers.docker.privileged: true`, or `dind.enabled: true`",
                ),
            ),
        ]),
        ProviderKind::Fly => BTreeMap::from([
            (
                Need::Docker,
                no_docker(
                    "Fly Machines run one image as a virtual machine, without a Docker daemon",
                ),
            ),
            (Need::Systemd, own_init),
        ]),
        ProviderKind::E2b => BTreeMap::from([(
            Need::Docker,
            no_docker("E2B sandboxes have no Docker daemon"),
        )]),
        ProviderKind::Devpod => BTreeMap::from([(Need::Systemd, own_init)]),
        ProviderKind::Kubernetes | ProviderKind::Runpod | ProviderKind::Northflank => {
            BTreeMap::from([
                (
                    Need::Docker,
                    no_docker("a pod has neither a Docker daemon nor the rights to run one"),
                ),
                (Need::Systemd, own_init),
                (
                    Need::Privileged,
                    no_privileges("Sindri asks for pods without privileges"),
                ),
            ])
        }
    }
}

/// The processors of a provider that has one kind only.
fn arch(provider: ProviderKind) -> Option<Arch> {
    match provider {
        ProviderKind::Fly | ProviderKind::E2b | ProviderKind::Runpod => Some(Arch::X86_64),
        ProviderKind::Local
        | ProviderKind::Docker
        | ProviderKind::Kubernetes
        | ProviderKind::Devpod
        | ProviderKind::Northflank => None,
    }
}

/// Why a provider has no GPUs to sell; none where it has.
pub fn no_gpus(provider: ProviderKind) -> Option<&'static str> {
    match provider {
        ProviderKind::Fly => Some("Fly.io withdrew its GPUs on 2026-08-01"),
        ProviderKind::E2b => Some("E2B sells no GPUs"),
        ProviderKind::Local
        | ProviderKind::Docker
        | ProviderKind::Kubernetes
        | ProviderKind::Devpod
        | ProviderKind::Runpod
        | ProviderKind::Northflank => None,
    }
}

/// Where to go for a GPU that a provider hasn't.
pub const GPUS_ELSEWHERE: &str = "`runpod` and `northflank` sell GPUs, `kubernetes` and `devpod` use those of your nodes \
     and cloud, and `docker` those of its host";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_covers_what_it_names() {
        let network = Network {
            open: true,
            allowed: vec!["*.example.com".into(), "example.org".into()],
            blocked: vec!["bad.example.com".into()],
        };
        let reached = ["a.example.com", "x.A.example.COM", "example.org"];
        assert!(reached.iter().all(|host| network.reaches(host)));
        let not = [
            "example.com",
            "bad.example.com",
            "www.example.org",
            "anexample.com",
        ];
        assert!(!not.iter().any(|host| network.reaches(host)));
        assert!(
            !Network {
                open: false,
                ..Network::default()
            }
            .reaches("example.org")
        );
    }
}
