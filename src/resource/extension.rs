//! Extensions as resources: one extension installed and validated in one machine.

use serde::{Deserialize, Serialize};

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
        /// How it takes an older version's place.
        #[serde(default, skip_serializing_if = "UpgradeStrategy::is_automatic")]
        upgrade ("upgrade"): UpgradeStrategy => Policy::Ignore,
    }
}

/// How a newer version of an extension takes an older one's place.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum UpgradeStrategy {
    /// The install steps run again.
    #[default]
    Automatic,
    /// A person says when.
    Manual,
    /// Never.
    None,
    /// Removed, then installed.
    Reinstall,
    /// Over the old one, by a script of its own where it has one.
    InPlace,
}

impl UpgradeStrategy {
    /// Whether it is the one where nothing is said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands fields over by reference"
    )]
    pub(crate) fn is_automatic(&self) -> bool {
        matches!(self, Self::Automatic)
    }
}
