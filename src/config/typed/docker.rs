//! `providers.local` and `providers.docker`.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::providers::{Choice, Settle};
use super::scalar::{At, loose};
use super::section::{Definitions, Typed, section, shorten};
use crate::config::ProviderSettings;
use crate::config::code;
use crate::config::ports::clash;
use crate::config::reading::Reading;
use crate::config::tree::Node;
use crate::resource::{
    Dind, DindMode, DockerNetwork, DockerRuntime, DockerSettings, LocalSettings, PortMapping,
    Protocol, RestartPolicy, Size, StorageDriver,
};

section! {
    /// Settings of the `local` provider: this host.
    Local in "providers.local" {
        /// Whether `apt` may install packages on this host.
        "hostPackages" => host_packages: bool = false;
        /// Whether the machine is this very host, with your own home: for an image build, or a host
        /// that is nobody else's. Implies `hostPackages`.
        "wholeHost" => whole_host: bool = false;
    }
}

section! {
    /// Settings of the `docker` provider: a Docker Engine, or what speaks its API.
    Docker in "providers.docker" {
        /// How the container is connected.
        "network" => network: DockerNetwork = DockerNetwork::default();
        /// When the Engine starts the container again.
        "restart" => restart: RestartPolicy = RestartPolicy::default();
        /// Published ports, each `[address:]host:container[/udp]`.
        "ports" => ports: Vec<At<PortMapping>> = Vec::new();
        /// Whether the container has the host's privileges.
        "privileged" => privileged: bool = false;
        /// Further host names, each `name:address`.
        "extraHosts" => extra_hosts: Vec<ExtraHost> = Vec::new();
        /// The container runtime.
        "runtime" => runtime: DockerRuntime = DockerRuntime::default();
        /// Docker inside the container.
        "dind" => dind: Option<At<DindFields>> = None;
    }
}

section! {
    /// Docker inside the container.
    DindFields in "providers.docker.dind" {
        /// Whether there is one; without `true` the other fields have no effect.
        "enabled" => enabled: Option<bool> = None;
        /// How it is done.
        "mode" => mode: DindMode = DindMode::default();
        /// The inner Engine's storage driver.
        "storageDriver" => storage_driver: StorageDriver = StorageDriver::default();
        /// The room for the inner Engine's images.
        "storageSize" => storage_size: Size = Size::gib(20);
    }
}

impl Settle for Local {
    fn settle(self, _: &mut Reading<'_>) -> Option<Choice> {
        Some(Choice::of(ProviderSettings::Local(LocalSettings {
            host_packages: self.host_packages,
            whole_host: self.whole_host,
        })))
    }
}

impl Settle for Docker {
    fn settle(self, reading: &mut Reading<'_>) -> Option<Choice> {
        for (index, port) in self.ports.iter().enumerate() {
            let earlier = &self.ports[..index];
            if earlier.iter().any(|other| clash(&other.value, &port.value)) {
                let summary = format!("the host's port {} is published twice", port.value.host);
                let help = "give each its own host port";
                reading.error(port.span, code::PORT_CLASH, summary, help);
            }
        }
        if let (DockerNetwork::Host | DockerNetwork::None, Some(port)) =
            (self.network, self.ports.first())
        {
            let summary = "published ports have no effect on this network";
            let help = "use `network: bridge`, or leave the ports out";
            reading.warning(port.span, code::NO_EFFECT, summary, help);
        }
        let dind = self.dind.and_then(|dind| {
            if dind.value.enabled.is_none() {
                let summary = "`dind` has no effect without `enabled: true`";
                reading.warning(dind.span, code::NO_EFFECT, summary, "add `enabled: true`");
            }
            dind.value.enabled.unwrap_or(false).then_some(Dind {
                mode: dind.value.mode,
                storage_driver: dind.value.storage_driver,
                storage_size: dind.value.storage_size,
            })
        });
        Some(Choice::of(ProviderSettings::Docker(DockerSettings {
            network: self.network,
            restart: self.restart,
            ports: self.ports.into_iter().map(|port| port.value).collect(),
            privileged: self.privileged,
            extra_hosts: self.extra_hosts.into_iter().map(|host| host.0).collect(),
            runtime: self.runtime,
            dind,
        })))
    }
}

impl Typed for PortMapping {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let text = loose(node, reading)?;
        let problem = match port_mapping(text) {
            Ok(port) => return Some(port),
            Err(problem) => problem,
        };
        let summary = format!("the port `{}` {problem}", shorten(text));
        let help = "write `host:container`, such as `\"8080:3000\"`, `\"127.0.0.1:8080:3000\"` or \
                    `\"5353:53/udp\"`";
        reading.error(node.span, code::INVALID_VALUE, summary, help);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^(([0-9.]+|\\[[0-9a-fA-F:.]+\\]):)?[0-9]{1,5}:[0-9]{1,5}(/(tcp|udp))?$" })
    }
}

fn port_mapping(text: &str) -> Result<PortMapping, &'static str> {
    let (rest, protocol) = match text.split_once('/') {
        None | Some((_, "tcp")) => (text.trim_end_matches("/tcp"), Protocol::Tcp),
        Some((rest, "udp")) => (rest, Protocol::Udp),
        Some(_) => return Err("is neither tcp nor udp"),
    };
    let (rest, container) = rest.rsplit_once(':').ok_or("names one port only")?;
    let (address, host) = match rest.rsplit_once(':') {
        None => (None, rest),
        Some((address, host)) => {
            let bare = address
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .unwrap_or(address);
            let address: IpAddr = bare.parse().map_err(|_| "listens on no IP address")?;
            (Some(address.to_string()), host)
        }
    };
    let number = |text: &str| {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err("is not two numbers");
        }
        text.parse::<u16>()
            .ok()
            .filter(|port| *port != 0)
            .ok_or("is outside 1 to 65535")
    };
    Ok(PortMapping {
        address,
        host: number(host)?,
        container: number(container)?,
        protocol,
    })
}

/// `name:address`, where the address may be `host-gateway`.
#[derive(Clone, Debug)]
pub(in crate::config) struct ExtraHost(String);

impl Typed for ExtraHost {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let text = loose(node, reading)?;
        if let Some((name, address)) = text.split_once(':') {
            let bare = address.trim_start_matches('[').trim_end_matches(']');
            let fit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            let is_address = bare == "host-gateway" || bare.parse::<IpAddr>().is_ok();
            if !name.is_empty() && name.bytes().all(fit) && is_address {
                return Some(Self(text.to_owned()));
            }
        }
        let summary = format!("`{}` is not a host name with an address", shorten(text));
        let help = "write `name:address`, such as `\"db.local:10.0.0.5\"` or \
                    `\"host.docker.internal:host-gateway\"`";
        reading.error(node.span, code::INVALID_VALUE, summary, help);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]+:.+$" })
    }
}
