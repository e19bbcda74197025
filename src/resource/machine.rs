//! Machines.

use serde::{Deserialize, Serialize};

use super::policy::{Policy, spec};
use super::{GpuSpec, ProviderKind, Settings, Size};
use crate::address::Name;

/// Whether a machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// It runs.
    Running,
    /// It is stopped, its storage kept.
    Stopped,
    /// The provider decides (autosuspend).
    Provider,
}

impl Power {
    /// Whether an observed power contradicts this wanted one.
    pub fn contradicts(self, observed: Self) -> bool {
        self != Self::Provider && observed != Self::Provider && self != observed
    }
}

/// A volume mounted into a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Mount {
    /// The volume's name at this machine.
    #[serde(deserialize_with = "super::spec::volume_name")]
    #[schemars(with = "String")]
    pub volume: Name,
    /// The absolute path at which it appears in the machine.
    pub path: String,
}

spec! {
    /// A machine: a container, a host directory.
    pub struct MachineSpec {
        /// The provider it lives on.
        provider ("provider"): ProviderKind => Policy::Replace,
        /// The object's real name.
        name ("name"): String => Policy::Restore,
        /// The image's reference; `local` has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image ("image"): Option<String> => Policy::Replace,
        /// Virtual processors.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cpus ("cpus"): Option<u32> => Policy::WhereAble,
        /// Memory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memory ("memory"): Option<Size> => Policy::WhereAble,
        /// The GPUs it sees.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gpu ("gpu"): Option<GpuSpec> => Policy::Replace,
        /// The scope whose network it joins; none where the host's or no network is asked for.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::spec::scope")]
        #[schemars(with = "Option<String>")]
        network ("network"): Option<Name> => Policy::Replace,
        /// Its volumes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mounts ("mounts"): Vec<Mount> => Policy::WhereAble,
        /// Whether it shall run.
        power ("power"): Power => Policy::InPlace,
        /// What only its provider knows, flattened under the provider's name.
        settings ("settings"): Settings => Policy::Replace,
    }
}

impl MachineSpec {
    /// Whether the machine of this name stands by for another, in whose app it lives.
    pub fn stands_by(&self, own: &Name) -> bool {
        self.provider == ProviderKind::Fly && self.network.as_ref().is_some_and(|app| app != own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_contradiction_of_power_counts() {
        assert!(Power::Running.contradicts(Power::Stopped));
        assert!(!Power::Provider.contradicts(Power::Stopped));
        assert!(!Power::Running.contradicts(Power::Provider));
        assert!(!Power::Stopped.contradicts(Power::Stopped));
    }
}
