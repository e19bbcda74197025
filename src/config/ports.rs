//! Ports of the host that containers publish.

use crate::resource::{DockerNetwork, DockerSettings, PortMapping};

/// The ports a container really publishes: only a bridge network maps any.
pub(super) fn published(docker: &DockerSettings) -> &[PortMapping] {
    match docker.network {
        DockerNetwork::Bridge => &docker.ports,
        DockerNetwork::Host | DockerNetwork::None => &[],
    }
}

/// Whether two published ports want the same port of the host.
pub(super) fn clash(one: &PortMapping, other: &PortMapping) -> bool {
    let apart = match (&one.address, &other.address) {
        (Some(one), Some(other)) => one != other,
        (None, _) | (_, None) => false,
    };
    one.host == other.host && one.protocol == other.protocol && !apart
}
