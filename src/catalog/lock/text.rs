//! What a lock says, as typed.

use serde::Deserialize;

use super::model::Origin;
use crate::catalog::text::NameText;

/// The first document of a lock; each further one holds the content of an extension.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LockText {
    /// The format; one that is too new is refused before the rest is read.
    #[serde(rename = "format")]
    pub(super) _format: u32,
    /// What machines get.
    #[serde(default)]
    pub(super) machines: Vec<GroupText>,
    /// The members of carried profiles.
    #[serde(default)]
    pub(super) profiles: Vec<MembersText>,
    /// Every content of an extension.
    #[serde(default)]
    pub(super) extensions: Vec<PinText>,
}

/// Machines that get the same.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupText {
    /// Their names; `dev-1..100` for counted ones.
    pub(super) names: Vec<String>,
    /// Name and version of what they get; where one version has two contents, the digest's start too.
    pub(super) extensions: Vec<String>,
}

/// The members of a profile.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MembersText {
    /// Its name.
    pub(super) name: NameText,
    /// The extensions it asks for.
    pub(super) extensions: Vec<NameText>,
}

/// One content of an extension.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PinText {
    /// Its name.
    pub(super) name: NameText,
    /// Its version.
    pub(super) version: String,
    /// Where it is taken from.
    pub(super) from: Origin,
    /// The digest of manifest and files.
    pub(super) content: String,
    /// The versions that its tools told: `node 22.11.0`.
    #[serde(default)]
    pub(super) tools: Vec<String>,
    /// The checksums that a publisher's list named: `hugo x86_64 sha256:…`.
    #[serde(default)]
    pub(super) checksums: Vec<String>,
}
