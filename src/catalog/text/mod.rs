//! The manifest as it is written: every field of `extension.yaml`, typed, nothing decided yet.

mod capability;
mod dependency;
mod install;
mod lifecycle;
mod metadata;
mod scalar;

pub(super) use capability::{
    AuthMethodText, AuthText, CapabilitiesText, HookText, HooksText, McpText, ProjectInitText,
};
pub(super) use dependency::DependencyText;
pub(super) use install::{
    AptText, BinaryText, CargoText, ChecksumsText, DownloadText, InstallText, MethodText, MiseText,
    NpmText, PipText, RpmText, ScriptText, SourceKind, SourceText, StepText,
};
pub(super) use lifecycle::{
    CommandText, ConfigureText, DeprecationText, RemoveText, ServiceText, StrategyText,
    UpgradeText, ValidateText,
};
pub(super) use metadata::{
    CompatibilityText, GpuText, MetadataText, ProviderText, RequirementsText, VendorText,
};
pub(super) use scalar::{Loose, NameText, Seconds};

use serde::{Deserialize, Serialize};

/// An extension's manifest: `extensions/<name>/extension.yaml`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtensionText {
    /// What it is.
    pub(super) metadata: MetadataText,
    /// What it needs of machine and network.
    #[serde(default)]
    pub(super) requirements: RequirementsText,
    /// How it is installed.
    pub(super) install: InstallText,
    /// What is written once it is installed.
    #[serde(default)]
    pub(super) configure: ConfigureText,
    /// What must succeed for it to count as installed.
    pub(super) validate: ValidateText,
    /// How it goes away.
    #[serde(default)]
    pub(super) remove: RemoveText,
    /// How a newer version takes its place.
    #[serde(default)]
    pub(super) upgrade: UpgradeText,
    /// What it offers while the machine runs.
    pub(super) service: Option<ServiceText>,
    /// What it brings to projects, logins and model contexts, and what runs around its installation.
    #[serde(default)]
    pub(super) capabilities: CapabilitiesText,
    /// Documentation settings (v3); kept, not used.
    #[serde(default, rename = "docs")]
    pub(super) _docs: Loose,
    /// Whether it is on its way out.
    pub(super) deprecation: Option<DeprecationText>,
    /// The bill of materials (v3); kept, not used.
    #[serde(default, rename = "bom")]
    pub(super) _bom: lifecycle::BomText,
}

/// A profile: `profiles/<name>.yaml`.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileText {
    /// What it is for, in a line.
    pub(super) description: String,
    /// The extensions it asks for; what they need comes along.
    pub(super) extensions: Vec<NameText>,
}
