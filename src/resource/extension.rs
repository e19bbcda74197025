//! Extensions as resources: one extension installed and validated in one machine.

use super::policy::{Policy, spec};
use crate::address::Name;
use crate::digest::Digest;

spec! {
    /// One extension of one machine.
    pub struct ExtensionSpec {
        /// The manifest's version.
        version ("version"): String => Policy::InPlace,
        /// The digest of manifest and scripts: what would be run.
        #[schemars(with = "String")]
        content ("content"): Digest => Policy::InPlace,
        /// How it is installed, as the manifest says it: `apt`, `npm`, `script`…
        method ("method"): String => Policy::Ignore,
        /// The tools of it that are installed, in the manifest's order; empty: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tools ("tools"): Vec<String> => Policy::InPlace,
        /// The extensions it needs first.
        #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "super::spec::names")]
        #[schemars(with = "Vec<String>")]
        requires ("requires"): Vec<Name> => Policy::Ignore,
    }
}
