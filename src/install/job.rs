//! What is asked of an installation, and what comes of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Depot;
use super::choice::Choice;
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
    /// The tools of it that shall be there; empty: all.
    pub tools: Vec<String>,
    /// The tools of it that were there and go, while others of it stay or come.
    pub drop: BTreeSet<String>,
    /// The machine's root file system: what an earlier job did to another one doesn't count.
    pub incarnation: Option<String>,
    /// How long the longest chain of installations takes that waits for it: of those that want one
    /// lock, the most urgent gets it. No part of what identifies the job.
    pub urgency: Duration,
    /// How the machine reaches the network; no part of what identifies the job.
    pub outbound: Arc<Outbound>,
    /// What this side keeps of downloads and may hand over; none: the machine fetches everything.
    pub depot: Option<Arc<Depot>>,
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
    /// The others are there: only the steps of these tools run, which failed or were chosen since.
    Retry(BTreeSet<String>),
    /// These tools don't work any more: only their steps run, and whatever is left of them counts
    /// for nothing.
    Heal(BTreeSet<String>),
}

impl Job {
    /// The tools that shall be there.
    pub(super) fn choice(&self) -> Choice<'_> {
        Choice::of(&self.manifest, &self.tools)
    }

    /// Whether the steps of a tool run.
    pub(super) fn runs(&self, tool: &str, found: bool) -> bool {
        match &self.purpose {
            Purpose::Install => !found,
            Purpose::Upgrade | Purpose::Reinstall => true,
            Purpose::Retry(tools) | Purpose::Heal(tools) => tools.contains(tool),
        }
    }
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
    /// The tools that were to go and stay, since nothing says how they go.
    pub left: Vec<String>,
    /// What is to be recorded: `found`, `tools`.
    pub attributes: Attributes,
}

impl Installed {
    /// What a person should know in a few words: `found, not installed`, `2 of 3 tools`.
    pub fn note(&self) -> Option<String> {
        let mut notes = Vec::new();
        match &self.outcome {
            Outcome::Ready if self.found => notes.push("found, not installed".to_owned()),
            Outcome::Ready => {}
            Outcome::Partial { failed } => {
                let works = self.tools.iter().filter(|one| one.result.stands()).count();
                notes.push(format!("{works} of {} tools", works + failed.len()));
            }
        }
        if !self.left.is_empty() {
            let left = self.left.join(", ");
            notes.push(format!(
                "left in the machine, nothing says how it goes: {left}"
            ));
        }
        (!notes.is_empty()).then(|| notes.join("; "))
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
    /// Why it failed, in a line.
    #[serde(skip)]
    pub reason: Option<String>,
    /// The last lines it printed before it failed.
    #[serde(skip)]
    pub tail: Vec<String>,
}

/// What became of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What came before it failed, and it wasn't tried.
    Untried,
}

impl ToolState {
    /// Whether the tool is there.
    pub fn stands(self) -> bool {
        match self {
            Self::Found | Self::Installed => true,
            Self::Skipped | Self::Failed | Self::Untried => false,
        }
    }

    /// The state that a word stands for.
    pub(super) fn of(word: &str) -> Option<Self> {
        let all = [
            Self::Found,
            Self::Installed,
            Self::Skipped,
            Self::Failed,
            Self::Untried,
        ];
        all.into_iter().find(|one| one.as_str() == word)
    }

    /// The word shown and recorded.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Installed => "installed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Untried => "untried",
        }
    }
}

/// Something happened while an extension was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallEvent {
    /// A job that an earlier run left was found: running, over, or resumed after a restart.
    PickedUp,
    /// This side fetches what a tool is made of, for every machine beside it.
    Fetching {
        /// The tool.
        tool: String,
    },
    /// What a tool is made of is handed to the machine.
    HandingOver {
        /// The tool.
        tool: String,
    },
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
        method: String,
    },
    /// Something that runs around the steps began: a hook, the configuration, a tool's going.
    Stage {
        /// What is done.
        what: String,
        /// How.
        method: String,
    },
    /// A step ended.
    Ended {
        /// The tool it brings, or what was done.
        tool: String,
        /// What became of it.
        result: ToolState,
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

impl InstallEvent {
    /// What happened, in a few words; of output the line itself.
    pub fn describe(&self) -> String {
        match self {
            Self::Output(line) => line.clone(),
            Self::PickedUp => "picking up the job that an earlier run left".to_owned(),
            Self::Fetching { tool } => format!("fetching {tool}, for all machines here"),
            Self::HandingOver { tool } => format!("handing {tool} over"),
            Self::Waiting { lock } => format!("waiting for {lock}"),
            Self::Step {
                number,
                total,
                tool,
                method,
            } => format!("step {number} of {total}: {tool} ({method})"),
            Self::Stage { what, .. } => what.clone(),
            Self::Ended { tool, result } => format!("{tool}: {}", result.as_str()),
            Self::Retry { tool, after } => {
                format!("{tool} failed; trying again in {}s", after.as_secs())
            }
            Self::Validating => "validating".to_owned(),
        }
    }
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
