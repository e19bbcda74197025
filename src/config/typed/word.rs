//! Words: fields that take one of a few.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::scalar::loose;
use super::section::{Definitions, Typed, shorten};
use super::state::StoreKind;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::Node;
use crate::config::{
    CloudType, CpuKind, Distro, GcpDisk, GpuTier, HealthProbe, ImageStrategy, LocalClusterKind,
    MachineSize, NorthflankProtocol, ObjectProtocol, OnIncompatible,
};
use crate::diagnostic::did_you_mean;
use crate::resource::{
    DindMode, DockerNetwork, DockerRuntime, GpuVendor, ProviderKind, PullPolicy, RestartPolicy,
    StorageDriver,
};

/// The backends of DevPod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum BackendKind {
    Aws,
    Gcp,
    Azure,
    DigitalOcean,
    Kubernetes,
    Ssh,
    Docker,
}

/// Where a secret comes from, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum SourceKind {
    Env,
    File,
    Vault,
    S3,
}

fn decode<T: Copy>(node: &Node, words: &[(&str, T)], reading: &mut Reading<'_>) -> Option<T> {
    let text = loose(node, reading)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let near = did_you_mean(text, words.iter().map(|(word, _)| *word));
    let help = near.map_or_else(
        || {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            format!("use one of {}", words.join(", "))
        },
        |near| format!("did you mean `{near}`?"),
    );
    let summary = format!("`{}` is none of the words this field takes", shorten(text));
    reading.error(node.span, code::INVALID_VALUE, summary, help);
    None
}

/// Declares the words of an enum; the first word of a value is the one shown.
macro_rules! words {
    ($( $type:ty { $( $word:literal => $value:path ),+ $(,)? } )+) => { $(
        impl Typed for $type {
            fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
                decode(node, &[$(($word, $value)),+], reading)
            }

            fn schema(_: &mut Definitions) -> Json {
                json!({ "enum": [$($word),+] })
            }

            fn to_json(&self) -> Json {
                let words = [$(($word, $value)),+];
                let found = words.iter().find(|(_, value)| value == self);
                found.map_or(Json::Null, |(word, _)| json!(word))
            }
        }
    )+ };
}

words! {
    ProviderKind {
        "local" => Self::Local, "docker" => Self::Docker, "docker-compose" => Self::Docker,
        "fly" => Self::Fly, "kubernetes" => Self::Kubernetes, "e2b" => Self::E2b,
        "devpod" => Self::Devpod, "runpod" => Self::Runpod, "northflank" => Self::Northflank,
    }
    Distro {
        "ubuntu" => Self::Ubuntu, "debian" => Self::Debian, "fedora" => Self::Fedora,
        "opensuse" => Self::Opensuse,
    }
    ImageStrategy {
        "semver" => Self::Semver, "latest-stable" => Self::LatestStable,
        "pin-to-cli" => Self::PinToCli, "explicit" => Self::Explicit,
    }
    PullPolicy {
        "Always" => Self::Always, "IfNotPresent" => Self::IfNotPresent, "Never" => Self::Never,
    }
    MachineSize {
        "minimal" => Self::Minimal, "standard" => Self::Standard,
        "performance" => Self::Performance,
    }
    GpuVendor { "nvidia" => Self::Nvidia, "amd" => Self::Amd }
    GpuTier {
        "gpu-small" => Self::Small, "gpu-medium" => Self::Medium, "gpu-large" => Self::Large,
        "gpu-xlarge" => Self::Xlarge,
    }
    DockerNetwork { "bridge" => Self::Bridge, "host" => Self::Host, "none" => Self::None }
    RestartPolicy {
        "unless-stopped" => Self::UnlessStopped, "always" => Self::Always,
        "on-failure" => Self::OnFailure, "no" => Self::No,
    }
    DockerRuntime { "auto" => Self::Auto, "runc" => Self::Runc, "sysbox-runc" => Self::SysboxRunc }
    DindMode {
        "auto" => Self::Auto, "sysbox" => Self::Sysbox, "privileged" => Self::Privileged,
        "socket" => Self::Socket,
    }
    StorageDriver {
        "auto" => Self::Auto, "overlay2" => Self::Overlay2,
        "fuse-overlayfs" => Self::FuseOverlayfs, "vfs" => Self::Vfs,
    }
    StoreKind { "local" => Self::Local, "object" => Self::Object, "http" => Self::Http, "postgres" => Self::Postgres }
    ObjectProtocol { "s3" => Self::S3, "gcs" => Self::Gcs, "azure" => Self::Azure }
    OnIncompatible { "error" => Self::Error, "skip" => Self::Skip }
    CpuKind { "shared" => Self::Shared, "performance" => Self::Performance }
    BackendKind {
        "aws" => Self::Aws, "gcp" => Self::Gcp, "azure" => Self::Azure,
        "digitalocean" => Self::DigitalOcean, "kubernetes" => Self::Kubernetes,
        "ssh" => Self::Ssh, "docker" => Self::Docker,
    }
    GcpDisk {
        "pd-balanced" => Self::Balanced, "pd-standard" => Self::Standard, "pd-ssd" => Self::Ssd,
    }
    CloudType { "COMMUNITY" => Self::Community, "SECURE" => Self::Secure }
    NorthflankProtocol { "HTTP" => Self::Http, "TCP" => Self::Tcp, "UDP" => Self::Udp }
    HealthProbe { "tcp" => Self::Tcp, "http" => Self::Http, "command" => Self::Command }
    LocalClusterKind { "kind" => Self::Kind, "k3d" => Self::K3d }
    SourceKind {
        "env" => Self::Env, "file" => Self::File, "vault" => Self::Vault, "s3" => Self::S3,
    }
}
