//! Networks and volumes.

use super::policy::{Policy, spec};
use super::{ProviderKind, Size};

spec! {
    /// Where machines live: a Docker network.
    pub struct NetworkSpec {
        /// The provider it belongs to.
        provider ("provider"): ProviderKind => Policy::Replace,
        /// The object's real name.
        name ("name"): String => Policy::Replace,
    }
}

spec! {
    /// Persistent storage, owned by exactly one machine.
    pub struct VolumeSpec {
        /// The provider it belongs to.
        provider ("provider"): ProviderKind => Policy::Refuse("a volume can't move between providers; its content would stay behind"),
        /// The object's real name.
        name ("name"): String => Policy::Replace,
        /// How much it holds, where the provider enforces it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size ("size"): Option<Size> => Policy::Grow,
    }
}
