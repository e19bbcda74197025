//! What is asked of an installation, and what comes of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::catalog::Manifest;
use crate::resource::{Attributes, Outbound};
use crate::state::PartFailure;

/// One extension to be installed in one machine.
#[derive(Clone, Debug)]
pub struct Job {
    /// What to install.
    pub manifest: Arc<Manifest>,
    /// Why.
    pub purpose: Purpose,
    /// The machine's root file system: what an earlier job did to another one doesn't count.
    pub incarnation: Option<String>,
    /// How the machine reaches the network; no part of what identifies the job.
    pub outbound: Arc<Outbound>,
}

/// Why an installation runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It isn't recorded; what the machine has already and what validates is found, not installed.
    Install,
    /// Another version or content is recorded: every step runs.
    Upgrade,
    /// Another version or content is recorded, and goes before this one comes.
    Reinstall,
    /// It is partial: only the steps of these tools run again.
    Retry(BTreeSet<String>),
}

/// How an installation ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// Whether all of it works.
    pub outcome: Outcome,
    /// Whether the machine had it already.
    pub found: bool,
    /// What became of each tool, in the manifest's order.
    pub tools: Vec<ToolResult>,
    /// What is to be recorded: `found`, `tools`.
    pub attributes: Attributes,
}

impl Installed {
    /// What a person should know in a few words: `found, not installed`, `2 of 3 tools`.
    pub fn note(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Ready if self.found => Some("found, not installed".to_owned()),
            Outcome::Ready => None,
            Outcome::Partial { failed } => Some(format!(
                "{} of {} tools",
                self.tools.len().saturating_sub(failed.len()),
                self.tools.len()
            )),
        }
    }
}

/// Whether all of an extension works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it.
    Ready,
    /// The core of it.
    Partial {
        /// What failed.
        failed: Vec<PartFailure>,
    },
}

/// What became of one tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolResult {
    /// Its name in the manifest.
    pub name: String,
    /// The version it tells, where a validation asked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What became of it.
    pub result: ToolState,
}

/// What became of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolState {
    /// It was there already.
    Found,
    /// It was installed.
    Installed,
    /// It isn't meant for this distribution.
    Skipped,
    /// It failed.
    Failed,
}

impl ToolState {
    /// The word shown and recorded.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Installed => "installed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// Something happened while an extension was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallEvent {
    /// A job that an earlier run left was found: running, over, or resumed after a restart.
    PickedUp,
    /// Another job holds what this one needs: a package manager, the extension itself.
    Waiting {
        /// What it waits for.
        lock: String,
    },
    /// A step began.
    Step {
        /// Which one, from 1.
        number: usize,
        /// Of how many.
        total: usize,
        /// The tool it brings.
        tool: String,
        /// How: `apt`, `npm`…
        method: &'static str,
    },
    /// A step failed and is tried again.
    Retry {
        /// The tool it brings.
        tool: String,
        /// After how long.
        after: Duration,
    },
    /// The validations run.
    Validating,
    /// A line it printed, secrets and control characters removed.
    Output(String),
}

/// How often and how soon a step that needs the network is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Persistence {
    /// Tries, the first one included.
    pub attempts: u32,
    /// The longest wait before the second; each further one may be twice as long, up to a minute.
    /// How much of it is waited is left to chance, so that a fleet doesn't return as one.
    pub backoff: Duration,
}

impl Default for Persistence {
    fn default() -> Self {
        Self {
            attempts: 4,
            backoff: Duration::from_secs(2),
        }
    }
}
