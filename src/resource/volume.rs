//! Networks and volumes.

use super::policy::{Policy, spec};
use super::{FlyGuest, ProviderKind, Size};

spec! {
    /// Where machines live: a Docker network, a Fly app.
    pub struct NetworkSpec {
        /// The provider it belongs to.
        provider ("provider"): ProviderKind => Policy::Replace,
        /// The object's real name.
        name ("name"): String => Policy::Replace,
        /// The organization it belongs to, where the provider has any and one is asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organization ("organization"): Option<String> => Policy::Replace,
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
        /// The region it lies in, where the provider has any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region ("region"): Option<String> => Policy::Refuse("a volume stays in its region; its content would stay behind"),
        /// The machine that shall find room beside it, where that must be known when it is made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compute ("compute"): Option<FlyGuest> => Policy::Ignore,
    }
}
