//! What an extension is and what it needs, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::dependency::DependencyText;
use super::scalar::{Megabytes, NameText, Seconds};
use crate::catalog::manifest::{Category, Need, Support};
use crate::catalog::step::{Arch, Distro};

/// What the extension is.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct MetadataText {
    /// Its name; equals its folder's.
    pub(in crate::catalog) name: NameText,
    /// Its version: three numbers.
    pub(in crate::catalog) version: String,
    /// What it is, in a line.
    pub(in crate::catalog) description: String,
    /// What it belongs to.
    pub(in crate::catalog) category: Category,
    /// Who wrote it.
    pub(in crate::catalog) author: Option<String>,
    /// Where to read more.
    pub(in crate::catalog) homepage: Option<String>,
    /// The license of what it installs: an SPDX expression, or `proprietary`.
    pub(in crate::catalog) license: Option<String>,
    /// The extensions it needs first, each a name, or a mapping that says which tools of it.
    #[serde(default)]
    pub(in crate::catalog) dependencies: Vec<DependencyText>,
    /// The extensions it is better with: installed first where they can be.
    #[serde(default)]
    pub(in crate::catalog) soft_dependencies: Vec<SoftText>,
    /// The extensions it can't live beside.
    #[serde(default)]
    pub(in crate::catalog) conflicts: Vec<NameText>,
    /// The distributions it installs on; any where not said. `ubuntu` covers Debian.
    #[serde(default)]
    pub(in crate::catalog) distros: Vec<Distro>,
    /// Where it works and where it doesn't.
    #[serde(default)]
    pub(in crate::catalog) compatibility: CompatibilityText,
}

/// An extension it is better with.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct SoftText {
    /// Its name.
    pub(in crate::catalog) name: NameText,
    /// What a person should know where it can't be installed.
    pub(in crate::catalog) without: String,
}

/// Where an extension works.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::catalog) struct CompatibilityText {
    /// A verdict for each provider named; the others count as supported.
    pub(in crate::catalog) providers: BTreeMap<ProviderText, Support>,
    /// Why it isn't supported everywhere.
    pub(in crate::catalog) reason: Option<String>,
    /// What to do instead, by provider.
    pub(in crate::catalog) alternatives: BTreeMap<ProviderText, String>,
}

/// A provider's name, in any of the spellings a `sindri.yaml` may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::catalog) enum ProviderText {
    /// The host Sindri runs on.
    Local,
    /// A Docker Engine.
    Docker,
    /// v3's other word for `docker`.
    #[serde(rename = "docker-compose")]
    DockerCompose,
    /// Fly.io Machines.
    Fly,
    /// A Kubernetes cluster.
    Kubernetes,
    /// Short for `kubernetes`.
    K8s,
    /// E2B sandboxes.
    E2b,
    /// DevPod workspaces.
    Devpod,
    /// RunPod pods.
    Runpod,
    /// Northflank services.
    Northflank,
}

/// What an extension needs of machine and network.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(in crate::catalog) struct RequirementsText {
    /// The hosts its installation talks to.
    pub(in crate::catalog) domains: Vec<String>,
    /// Disk it takes.
    pub(in crate::catalog) disk_space: Option<Megabytes>,
    /// Memory it wants.
    pub(in crate::catalog) memory: Option<Megabytes>,
    /// Seconds an installation usually takes.
    pub(in crate::catalog) install_time: Option<Seconds>,
    /// Seconds after which a step counts as failed; 300 where not said.
    pub(in crate::catalog) install_timeout: Option<Seconds>,
    /// Seconds after which a validation counts as failed; 30 where not said.
    pub(in crate::catalog) validation_timeout: Option<Seconds>,
    /// The names of the secrets it uses.
    pub(in crate::catalog) secrets: Vec<String>,
    /// Its need of a GPU.
    pub(in crate::catalog) gpu: Option<GpuText>,
    /// What of the machine it can't do without.
    pub(in crate::catalog) needs: Vec<Need>,
    /// The architectures it installs on; any where not said.
    pub(in crate::catalog) arch: Vec<Arch>,
}

/// An extension's need of a GPU.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::catalog) struct GpuText {
    /// Whether it is of no use without one.
    #[serde(default)]
    pub(in crate::catalog) required: bool,
    /// Whether it is better with one.
    #[serde(default)]
    pub(in crate::catalog) recommended: bool,
    /// Who must make it.
    #[serde(default, rename = "type")]
    pub(in crate::catalog) vendor: VendorText,
    /// How many at least.
    pub(in crate::catalog) min_count: Option<u32>,
    /// How much memory each must have.
    pub(in crate::catalog) min_memory: Option<Megabytes>,
    /// The CUDA version it is built for.
    pub(in crate::catalog) cuda_version: Option<String>,
}

/// Who makes a GPU.
#[derive(Clone, Copy, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::catalog) enum VendorText {
    /// NVIDIA.
    Nvidia,
    /// AMD.
    Amd,
    /// Either.
    #[default]
    Any,
}
