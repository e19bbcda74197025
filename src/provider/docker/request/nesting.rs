//! Docker inside a machine: which runtime, which privileges, which mounts.

use crate::provider::docker::features::{Features, SYSBOX};
use crate::resource::{DindMode, DockerRuntime, DockerSettings, StorageDriver};

/// How a container runs, and what an Engine inside it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::provider::docker) struct Nesting {
    /// The runtime, where it isn't the Engine's default.
    pub(in crate::provider::docker) runtime: Option<&'static str>,
    /// Whether the container has the host's privileges.
    pub(in crate::provider::docker) privileged: bool,
    /// Whether the host Engine's socket is mounted.
    pub(in crate::provider::docker) socket: bool,
    /// Whether the inner Engine's images lie on a volume of their own.
    pub(in crate::provider::docker) volume: bool,
    /// The inner Engine's storage driver, where one is asked for.
    pub(in crate::provider::docker) driver: Option<&'static str>,
}

/// Settles how a container runs on this Engine.
pub(in crate::provider::docker) fn nesting(
    settings: &DockerSettings,
    engine: &Features,
) -> Nesting {
    let mut nesting = Nesting {
        runtime: match settings.runtime {
            DockerRuntime::Auto => None,
            DockerRuntime::Runc => Some("runc"),
            DockerRuntime::SysboxRunc => Some(SYSBOX),
        },
        privileged: settings.privileged,
        ..Nesting::default()
    };
    let Some(dind) = settings.dind else {
        return nesting;
    };
    let sysbox = match dind.mode {
        DindMode::Sysbox => true,
        DindMode::Auto => match settings.runtime {
            DockerRuntime::Auto => engine.has_sysbox(),
            DockerRuntime::Runc => false,
            DockerRuntime::SysboxRunc => true,
        },
        DindMode::Privileged => false,
        DindMode::Socket => {
            nesting.socket = true;
            return nesting;
        }
    };
    if sysbox {
        nesting.runtime = Some(SYSBOX);
    } else {
        nesting.privileged = true;
        nesting.volume = true;
    }
    nesting.driver = match dind.storage_driver {
        StorageDriver::Auto => None,
        StorageDriver::Overlay2 => Some("overlay2"),
        StorageDriver::FuseOverlayfs => Some("fuse-overlayfs"),
        StorageDriver::Vfs => Some("vfs"),
    };
    nesting
}
