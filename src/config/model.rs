//! What a `sindri.yaml` means: complete, typed, and the same whatever way it was spelled.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::{
    DevpodSettings, E2bSettings, FlySettings, KubernetesSettings, NorthflankSettings,
    RunpodSettings, Transitions,
};
use crate::address::Name;
use crate::diagnostic::{Place, Source};
use crate::resource::{
    DockerSettings, FileTarget, GpuVendor, LocalSettings, Outbound, ProviderKind, PullPolicy,
    SecretSource, Size,
};

/// The meaning of one file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The project's name, which its state records.
    pub name: Name,
    /// Where the name stands in the file.
    pub name_place: Option<Place>,
    /// The version of the file's format.
    pub version: Version,
    /// The machines, counted ones expanded, in the order of the file.
    pub machines: Vec<Machine>,
    /// The local Kubernetes cluster the file describes (`providers.k8s`).
    pub local_cluster: Option<LocalCluster>,
    /// Where the state lives, where the file says so.
    pub state: Option<StateStore>,
    /// The key file that the state is encrypted with, relative to the file.
    pub key_file: Option<String>,
    /// What becomes of what is recorded or stands already.
    pub transitions: Transitions,
    /// The file.
    pub source: Source,
}

/// Where a state lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateStore {
    /// A directory.
    Local {
        /// Relative to the file; `.sindri` where absent.
        path: Option<String>,
    },
    /// A prefix in a bucket.
    Object {
        /// Whose protocol the bucket speaks.
        protocol: ObjectProtocol,
        /// The bucket.
        bucket: String,
        /// Where in it.
        prefix: String,
        /// The server, where it isn't the protocol's own.
        endpoint: Option<String>,
        /// The region.
        region: Option<String>,
    },
    /// An address in Terraform's protocol of HTTP.
    Http {
        /// Where it is read and written.
        address: String,
        /// Where it is locked.
        lock_address: Option<String>,
        /// Where it is unlocked.
        unlock_address: Option<String>,
        /// The method that locks.
        lock_method: Option<String>,
        /// The method that unlocks.
        unlock_method: Option<String>,
    },
    /// A row of a database.
    Postgres {
        /// The server, the database and the state's name.
        address: String,
        /// The schema of the tables.
        schema: Option<String>,
    },
}

/// Whose protocol a bucket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectProtocol {
    /// Amazon S3, and the many that speak it.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

/// The version of the file's format, as `major.minor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Selects the reader.
    pub major: u32,
    /// Says which additions the file relies on.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// One machine wanted, complete.
///
/// What the members of a counted fleet share is behind an `Arc`, so that a thousand of them cost
/// little more than one.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its name in addresses: the file's `name`, or the one under `machines`.
    pub name: Name,
    /// Its name at the provider: `<name>`, or `<project>-<machine>` in a fleet.
    pub real_name: String,
    /// The provider it lives on.
    pub provider: ProviderKind,
    /// The distribution inside.
    pub distro: Distro,
    /// The image; none where the provider's default applies.
    pub image: Option<Arc<Image>>,
    /// Where the image is to be built from source rather than pulled.
    pub build: Option<Build>,
    /// Virtual processors; none where the provider's default applies.
    pub cpus: Option<u32>,
    /// Memory; none where the provider's default applies.
    pub memory: Option<Size>,
    /// The GPUs; none unless enabled.
    pub gpu: Option<Gpu>,
    /// Its volumes, in the order of the file.
    pub volumes: Arc<[Volume]>,
    /// What is installed in it.
    pub extensions: Arc<Extensions>,
    /// The secrets delivered to it, in the order of the file.
    pub secrets: Arc<[Secret]>,
    /// What only its provider knows.
    pub settings: Arc<ProviderSettings>,
    /// How changes treat it.
    pub lifecycle: Lifecycle,
    /// The machine it stands by for, in whose app it lives; none of those that the file writes.
    pub stands_by: Option<Name>,
    /// The machines that must stand before it; counted names are expanded.
    pub depends_on: Arc<[Name]>,
    /// Certificate authorities to trust, as files relative to the configuration.
    pub ca_certificates: Arc<[String]>,
    /// How it reaches the network; the authorities are still to be read.
    pub outbound: Arc<Outbound>,
    /// Where it stands in the file.
    pub place: Option<Place>,
}

/// A Linux distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Distro {
    /// Ubuntu.
    #[default]
    Ubuntu,
    /// Debian.
    Debian,
    /// Fedora.
    Fedora,
    /// openSUSE.
    Opensuse,
}

impl Distro {
    /// The name as written in `sindri.yaml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ubuntu => "ubuntu",
            Self::Debian => "debian",
            Self::Fedora => "fedora",
            Self::Opensuse => "opensuse",
        }
    }
}

/// A size of a machine by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineSize {
    /// For a shell and an editor.
    Minimal,
    /// For most work.
    Standard,
    /// For builds and several agents at once.
    Performance,
}

impl MachineSize {
    /// The virtual processors it stands for.
    pub fn cpus(self) -> u32 {
        match self {
            Self::Minimal | Self::Standard => 1,
            Self::Performance => 2,
        }
    }

    /// The memory it stands for.
    pub fn memory(self) -> Size {
        match self {
            Self::Minimal => Size::gib(1),
            Self::Standard => Size::gib(2),
            Self::Performance => Size::gib(4),
        }
    }
}

/// The image a machine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The reference; with a `choice` still to be made, the repository alone.
    pub reference: String,
    /// When it is pulled.
    pub pull: PullPolicy,
    /// How the tag is found, where the file doesn't say it.
    pub choice: Option<ImageChoice>,
    /// What is verified of it.
    pub verification: Verification,
    /// Where it stands in the file.
    pub place: Option<Place>,
}

/// How an image's tag is chosen among those its registry lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageChoice {
    /// The version asked for, such as `^3.0`; any where absent.
    pub version: Option<String>,
    /// How to choose.
    pub strategy: ImageStrategy,
    /// Whether a prerelease may be chosen.
    pub allow_prerelease: bool,
}

/// How an image's tag is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageStrategy {
    /// The highest that satisfies the version.
    #[default]
    Semver,
    /// The highest that is no prerelease.
    LatestStable,
    /// The version of this program.
    PinToCli,
    /// The version as written.
    Explicit,
}

/// What is verified of an image before it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Whether a signature is asked for; unset where the file doesn't say.
    pub signature: Option<bool>,
    /// Whether provenance is asked for; unset where the file doesn't say.
    pub provenance: Option<bool>,
    /// The identity the certificate must carry.
    pub certificate_identity: Option<String>,
    /// The issuer the certificate must carry.
    pub certificate_oidc_issuer: Option<String>,
}

/// An image to be built from Sindri's own source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The branch, tag or commit; the default branch where absent.
    pub git_ref: Option<String>,
}

/// The GPUs a machine sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Who makes them.
    pub vendor: GpuVendor,
    /// How many.
    pub count: u32,
    /// How strong, in words that each provider maps to a kind.
    pub tier: Option<GpuTier>,
    /// The provider's own name for the kind (`providers.fly.gpuKind`…); wins over the tier.
    pub kind: Option<String>,
    /// The least memory each must have.
    pub memory: Option<Size>,
}

/// How strong a GPU shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum GpuTier {
    /// Small.
    #[serde(rename = "gpu-small")]
    Small,
    /// Medium.
    #[serde(rename = "gpu-medium")]
    Medium,
    /// Large.
    #[serde(rename = "gpu-large")]
    Large,
    /// Extra large.
    #[serde(rename = "gpu-xlarge")]
    Xlarge,
}

/// A volume of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name at the machine.
    pub name: Name,
    /// Where it is mounted: absolute, on `local` relative to the machine's home.
    pub path: String,
    /// How much it holds.
    pub size: Option<Size>,
    /// Where it stands in the file; none for the default volume.
    pub place: Option<Place>,
}

/// What is installed in a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extensions {
    /// The profile, whose extensions come first.
    pub profile: Option<ExtensionRef>,
    /// With a profile the additional ones, else the active ones.
    pub names: Vec<ExtensionRef>,
    /// Whether apply installs them.
    pub auto_install: bool,
    /// What becomes of those that can't be installed in the machine.
    pub on_incompatible: OnIncompatible,
}

/// What becomes of extensions that can't be installed in a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnIncompatible {
    /// They are errors.
    #[default]
    Error,
    /// They are left out, with what depends on them.
    Skip,
}

/// A profile or extension, named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionRef {
    /// Its name.
    pub name: Name,
    /// The tools of it that are installed; none: all.
    pub tools: Option<Vec<ChosenTool>>,
    /// Where it is named in the file.
    pub place: Option<Place>,
}

/// A tool of an extension, chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenTool {
    /// Its name in the extension's manifest.
    pub name: String,
    /// Where it is named in the file.
    pub place: Option<Place>,
}

/// A secret to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name, which is that of the environment variable.
    pub name: Name,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Whether apply refuses to go on without a value.
    pub required: bool,
    /// A file of its own, besides the one in `/run/secrets`.
    pub target: Option<FileTarget>,
    /// Where it stands in the file.
    pub place: Option<Place>,
}

/// The settings of the machine's provider.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderSettings {
    /// This host.
    Local(LocalSettings),
    /// A Docker Engine.
    Docker(DockerSettings),
    /// Fly.io.
    Fly(FlySettings),
    /// Kubernetes.
    Kubernetes(KubernetesSettings),
    /// E2B.
    E2b(E2bSettings),
    /// DevPod.
    Devpod(DevpodSettings),
    /// RunPod.
    Runpod(RunpodSettings),
    /// Northflank.
    Northflank(NorthflankSettings),
}

impl ProviderSettings {
    /// The provider these settings belong to.
    pub fn provider(&self) -> ProviderKind {
        match self {
            Self::Local(_) => ProviderKind::Local,
            Self::Docker(_) => ProviderKind::Docker,
            Self::Fly(_) => ProviderKind::Fly,
            Self::Kubernetes(_) => ProviderKind::Kubernetes,
            Self::E2b(_) => ProviderKind::E2b,
            Self::Devpod(_) => ProviderKind::Devpod,
            Self::Runpod(_) => ProviderKind::Runpod,
            Self::Northflank(_) => ProviderKind::Northflank,
        }
    }
}

/// How changes treat a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// Whether a plan that destroys it is refused.
    pub prevent_destroy: bool,
    /// Paths of fields whose change is ignored, as in the plan: `memory`, `docker.restart`.
    pub ignore_changes: Vec<String>,
    /// Whether a replacement is made before the old one goes.
    pub create_before_destroy: bool,
}

/// A local Kubernetes cluster, made for tests and trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalCluster {
    /// What makes it.
    pub provider: LocalClusterKind,
    /// Its name.
    pub cluster_name: String,
    /// The Kubernetes version; the tool's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many nodes.
    pub nodes: u32,
    /// The node image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// kind's own configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_file: Option<String>,
    /// A registry beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<LocalRegistry>,
}

/// What makes a local cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LocalClusterKind {
    /// kind.
    #[default]
    Kind,
    /// k3d.
    K3d,
}

/// A registry beside a local cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocalRegistry {
    /// Its name.
    pub name: String,
    /// The host's port.
    pub port: u16,
}
