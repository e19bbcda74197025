//! What was checked, and what came of it.

use serde::Serialize;

use crate::resource::ProviderKind;

/// One thing checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which provider needs it; none for what every command needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderKind>,
    /// What was checked.
    pub subject: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found: a version, a path, a reason.
    pub detail: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// How a prerequisite stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Some things won't work.
    Lacking,
    /// The provider can't be used.
    Broken,
}
