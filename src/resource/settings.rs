//! Settings that only one provider knows, each with what a change of it means.

use serde::{Deserialize, Serialize};

use super::policy::{FieldPolicy, Policy, spec};
use super::{ProviderKind, Size};

/// The settings of the machine's provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Settings {
    /// This host.
    Local(LocalSettings),
    /// A Docker Engine.
    Docker(DockerSettings),
}

impl Settings {
    /// The provider these settings belong to.
    pub fn provider(&self) -> ProviderKind {
        match self {
            Self::Local(_) => ProviderKind::Local,
            Self::Docker(_) => ProviderKind::Docker,
        }
    }

    /// The policies of this provider's fields, their paths without the provider's name.
    pub fn policies(&self) -> &'static [FieldPolicy] {
        match self {
            Self::Local(_) => LocalSettings::POLICIES,
            Self::Docker(_) => DockerSettings::POLICIES,
        }
    }
}

spec! {
    /// Settings of the `local` provider.
    #[derive(Default)]
    pub struct LocalSettings {
        /// Whether `apt` may install packages on this host.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        host_packages ("hostPackages"): bool => Policy::InPlace,
    }
}

spec! {
    /// Settings of the `docker` provider.
    #[derive(Default)]
    pub struct DockerSettings {
        /// How the container is connected.
        network ("network"): DockerNetwork => Policy::Replace,
        /// When the Engine starts it again.
        restart ("restart"): RestartPolicy => Policy::InPlace,
        /// Published ports.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ports ("ports"): Vec<PortMapping> => Policy::Replace,
        /// Whether it has the host's privileges.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        privileged ("privileged"): bool => Policy::Replace,
        /// Further host names, as `name:address`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        extra_hosts ("extraHosts"): Vec<String> => Policy::Replace,
        /// The container runtime.
        runtime ("runtime"): DockerRuntime => Policy::Replace,
        /// Docker inside the container.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dind ("dind"): Option<Dind> => Policy::Replace,
    }
}

/// How a container is connected.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DockerNetwork {
    /// A bridge network of this state's own.
    #[default]
    Bridge,
    /// The host's network.
    Host,
    /// None at all.
    None,
}

/// When the Engine starts a container again.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// Never.
    No,
    /// Whenever it ends.
    Always,
    /// When it fails.
    OnFailure,
    /// Whenever it ends, unless a person stopped it.
    #[default]
    UnlessStopped,
}

impl RestartPolicy {
    /// The Engine's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Always => "always",
            Self::OnFailure => "on-failure",
            Self::UnlessStopped => "unless-stopped",
        }
    }
}

/// The protocol of a published port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// A published port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PortMapping {
    /// The host's address to listen on; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The host's port.
    pub host: u16,
    /// The container's port.
    pub container: u16,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
}

/// The container runtime.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DockerRuntime {
    /// `sysbox-runc` where `dind` wants it and the Engine has it, else the Engine's default.
    #[default]
    Auto,
    /// runc.
    Runc,
    /// Sysbox, which holds an Engine without privileges.
    SysboxRunc,
}

/// Docker inside the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Dind {
    /// How it is done.
    pub mode: DindMode,
    /// The inner Engine's storage driver.
    #[serde(rename = "storageDriver")]
    pub storage_driver: StorageDriver,
    /// The room for the inner Engine's images.
    #[serde(rename = "storageSize")]
    pub storage_size: Size,
}

/// How Docker gets into the container.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DindMode {
    /// Sysbox where the Engine has it, else privileged.
    #[default]
    Auto,
    /// The Sysbox runtime.
    Sysbox,
    /// A privileged container.
    Privileged,
    /// The host Engine's socket, which is root on the host.
    Socket,
}

/// The inner Engine's storage driver.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StorageDriver {
    /// The inner Engine chooses.
    #[default]
    Auto,
    /// overlay2.
    Overlay2,
    /// fuse-overlayfs.
    FuseOverlayfs,
    /// vfs.
    Vfs,
}
