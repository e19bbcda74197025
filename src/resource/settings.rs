//! Settings that only one provider knows, each with what a change of it means.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policy::{FieldPolicy, Policy, spec};
use super::{FlyAutostop, FlySettings, Power, ProviderKind, Size};

/// The settings of the machine's provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Settings {
    /// This host.
    Local(LocalSettings),
    /// A Docker Engine.
    Docker(DockerSettings),
    /// E2B.
    E2b(E2bSettings),
    /// Fly.io.
    Fly(FlySettings),
}

impl Settings {
    /// The provider these settings belong to.
    pub fn provider(&self) -> ProviderKind {
        match self {
            Self::Local(_) => ProviderKind::Local,
            Self::Docker(_) => ProviderKind::Docker,
            Self::E2b(_) => ProviderKind::E2b,
            Self::Fly(_) => ProviderKind::Fly,
        }
    }

    /// Whether a machine with these settings runs when nobody says otherwise.
    pub fn power(&self) -> Power {
        match self {
            // One that pauses by itself is asleep as often as not.
            Self::E2b(settings) if settings.auto_pause => Power::Provider,
            Self::Fly(settings) if settings.autostop != FlyAutostop::Off => Power::Provider,
            Self::Local(_) | Self::Docker(_) | Self::E2b(_) | Self::Fly(_) => Power::Running,
        }
    }

    /// The policies of this provider's fields, their paths without the provider's name.
    pub fn policies(&self) -> &'static [FieldPolicy] {
        match self {
            Self::Local(_) => LocalSettings::POLICIES,
            Self::Docker(_) => DockerSettings::POLICIES,
            Self::E2b(_) => E2bSettings::POLICIES,
            Self::Fly(_) => FlySettings::POLICIES,
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
        /// Whether the machine is this very host: its home is the person's own.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        whole_host ("wholeHost"): bool => Policy::Replace,
    }
}

impl LocalSettings {
    /// Whether what is installed may reach beyond the machine's directory.
    pub fn reaches_host(&self) -> bool {
        self.host_packages || self.whole_host
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

spec! {
    /// Settings of the `e2b` provider.
    pub struct E2bSettings {
        /// The template; one made of image, processors and memory where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template_alias ("templateAlias"): Option<String> => Policy::Replace,
        /// Whether a template that stands is used.
        reuse_template ("reuseTemplate"): bool => Policy::Ignore,
        /// Whether the template is built anew whenever the sandbox is made.
        build_on_deploy ("buildOnDeploy"): bool => Policy::Ignore,
        /// How long the sandbox lives without a renewal, in seconds.
        timeout ("timeout"): u32 => Policy::InPlace,
        /// Whether it pauses rather than ends when that time is over.
        auto_pause ("autoPause"): bool => Policy::Replace,
        /// Whether a connection resumes it.
        auto_resume ("autoResume"): bool => Policy::Replace,
        /// Whether it reaches the internet.
        internet_access ("internetAccess"): bool => Policy::InPlace,
        /// Domains and addresses it may reach; all where none is named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allowed_domains ("allowedDomains"): Vec<String> => Policy::InPlace,
        /// Addresses it may not reach.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        blocked_domains ("blockedDomains"): Vec<String> => Policy::InPlace,
        /// Whether its ports are open to whoever knows its name.
        public_access ("publicAccess"): bool => Policy::Replace,
        /// Labels of its own.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        metadata ("metadata"): BTreeMap<String, String> => Policy::Replace,
        /// The team; the key's own where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team ("team"): Option<String> => Policy::Replace,
    }
}

impl E2bSettings {
    /// Whether the machine's template is built where it isn't there, rather than only looked for.
    pub fn builds(&self) -> bool {
        self.template_alias.is_none() || !self.reuse_template || self.build_on_deploy
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
