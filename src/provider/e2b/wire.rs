//! What E2B answers, read as far as it is needed; fields that nobody needs may be anything.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::token::Token;

/// A sandbox as a list shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    /// Its id.
    #[serde(rename = "sandboxID")]
    pub(super) id: String,
    /// Its processors.
    pub(super) cpu_count: u32,
    /// Its memory in MiB.
    #[serde(rename = "memoryMB")]
    pub(super) memory: u64,
    /// Its labels.
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    /// Whether it runs.
    pub(super) state: State,
}

/// Whether a sandbox runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It runs.
    Running,
    /// It is paused, its memory kept.
    Paused,
}

/// What every entry of a list has that can be told apart from others.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Marked {
    /// Its id.
    #[serde(rename = "sandboxID")]
    pub(super) id: String,
    /// Its labels.
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
}

/// One sandbox, as far as it tells how it is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail {
    /// Whether it runs.
    pub(super) state: State,
    /// Its labels.
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    /// What its daemon wants to be shown.
    pub(super) envd_access_token: Option<Token>,
    /// The domain below which it is reached.
    pub(super) domain: Option<String>,
}

/// A sandbox just made or woken.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reached {
    /// Its id.
    #[serde(rename = "sandboxID")]
    pub(super) id: String,
    /// What its daemon wants to be shown.
    pub(super) envd_access_token: Option<Token>,
    /// The domain below which it is reached.
    pub(super) domain: Option<String>,
}

/// Something that became of a sandbox, as E2B tells it now or told it before events had a type.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    /// The sandbox.
    pub(super) sandbox_id: String,
    /// What it is, such as `sandbox.lifecycle.killed`.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// The same in an older server's words, such as `kill`.
    #[serde(rename = "eventLabel")]
    pub(super) label: Option<String>,
    /// When it was.
    pub(super) timestamp: Timestamp,
}

/// A template found by its name.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Alias {
    /// Its id.
    #[serde(rename = "templateID")]
    pub(super) template: String,
}

/// A template's builds.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Versions {
    /// All of them, in no promised order.
    pub(super) builds: Vec<Version>,
}

/// One build of a template.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    /// How far it is.
    pub(super) status: Stage,
    /// When it was begun.
    #[serde(default)]
    pub(super) created_at: String,
    /// The processors of its sandboxes.
    pub(super) cpu_count: u32,
    /// The memory of its sandboxes in MiB.
    #[serde(rename = "memoryMB")]
    pub(super) memory: u64,
}

/// A build just registered.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Registered {
    /// The template's id.
    #[serde(rename = "templateID")]
    pub(super) template: String,
    /// The build's id.
    #[serde(rename = "buildID")]
    pub(super) build: String,
}

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// It hasn't begun.
    Waiting,
    /// It is under way.
    Building,
    /// It can be used.
    Ready,
    /// It failed.
    Error,
}

/// A build and what it has said.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Build {
    /// How far it is.
    pub(super) status: Stage,
    /// What it has said since it was last asked.
    #[serde(default)]
    pub(super) log_entries: Vec<Line>,
    /// Why it failed.
    pub(super) reason: Option<Reason>,
}

/// A line of a build's log.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Line {
    /// What it says.
    pub(super) message: String,
}

/// Why a build failed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reason {
    /// In words.
    pub(super) message: String,
    /// The step that failed.
    pub(super) step: Option<String>,
}

/// Why E2B refuses.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Refusal {
    /// In words.
    #[serde(default)]
    pub(super) message: String,
    /// In a word that machines read.
    pub(super) error_code: Option<String>,
}

impl Refusal {
    /// Reads a refusal; none where the body is something else, a page for people above all.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        value.is_object().then_some(())?;
        serde_json::from_value(value).ok()
    }
}
