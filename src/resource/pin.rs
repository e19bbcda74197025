//! Pins: decisions that machines depend on, without an object of their own.

use serde::{Deserialize, Serialize};

use super::policy::{Policy, spec};
use super::{ProviderKind, Size};

spec! {
    /// The image a machine runs, resolved once and held by digest.
    pub struct ImageSpec {
        /// The provider whose image store it lies in.
        provider ("provider"): ProviderKind => Policy::InPlace,
        /// The reference as written.
        reference ("reference"): String => Policy::InPlace,
        /// When to ask the registry.
        pull ("pullPolicy"): PullPolicy => Policy::Ignore,
    }
}

/// When an image is fetched from its registry.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum PullPolicy {
    /// Each time the pin is made.
    Always,
    /// Only where the Engine doesn't have it.
    #[default]
    IfNotPresent,
    /// Never; a missing image is an error.
    Never,
}

/// Who makes the GPU.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum GpuVendor {
    /// NVIDIA.
    #[default]
    Nvidia,
    /// AMD.
    Amd,
}

spec! {
    /// GPU kind and count, checked for availability before anything is made.
    pub struct GpuSpec {
        /// The provider that has it.
        provider ("provider"): ProviderKind => Policy::Replace,
        /// Who makes it.
        vendor ("type"): GpuVendor => Policy::Replace,
        /// How many.
        count ("count"): u32 => Policy::Replace,
        /// The provider's name for the kind, from the tier or as written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind ("kind"): Option<String> => Policy::Replace,
        /// The least memory each must have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memory ("memory"): Option<Size> => Policy::Replace,
    }
}
