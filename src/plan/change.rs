//! The plan as a value: a change for each address, the steps that bring it about, what drifted.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Reason};
use crate::address::Address;
use crate::catalog::{Outlook, Relock};
use crate::desired::Lifecycle;
use crate::diagnostic::Diagnostics;
use crate::digest::Digest;
use crate::resource::Spec;
use crate::state::{Lineage, Move, Object, PartFailure, Serial, StepKind};

/// What would change, and why; apply executes it and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What it was made from.
    pub header: PlanHeader,
    /// One for each address, no-ops included, dependencies first.
    pub changes: Vec<Change>,
    /// What is done, each step naming those that must end before it starts.
    pub steps: Vec<Step>,
    /// Addresses renamed in the state before the first step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// The project's earlier name, where it is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// What somebody changed behind our back.
    pub drift: Vec<Drift>,
    /// What of the extensions is installed by it, and what isn't.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outlooks: Vec<Outlook>,
    /// What would become of the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Relock>,
    /// What the checks found.
    pub checks: Diagnostics,
}

/// What a plan was made from, so that a stale one is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanHeader {
    /// The plan format.
    pub format: u32,
    /// The project's name.
    pub project: String,
    /// The state's lineage.
    pub lineage: Lineage,
    /// The state's serial.
    pub serial: Serial,
    /// The digest of the configuration's text.
    pub config: Digest,
    /// Whether everything is to be destroyed.
    pub destroy: bool,
    /// The addresses it was narrowed to; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Address>,
    /// The addresses it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<Address>,
}

impl PlanHeader {
    /// Whether the plan is about everything that is wanted or recorded.
    pub fn is_of_all(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }
}

/// What happens at one address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// The address it had, where it is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_address: Option<Address>,
    /// What is done to it.
    pub action: Action,
    /// Why; absent for a plain no-op.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The fields that differ, in the order of their paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// What it shall be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Arc<Spec>>,
    /// What is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Arc<Object>>,
    /// What it shall depend on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// What a person said of its life.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: Lifecycle,
}

fn is_default(lifecycle: &Lifecycle) -> bool {
    *lifecycle == Lifecycle::default()
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The path, such as `memory` or `docker.ports`.
    pub path: String,
    /// The value now; absent where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value then.
    pub after: After,
    /// What the change means.
    pub effect: Effectuation,
}

/// A field's value after the apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// This value.
    Known(Value),
    /// Known only after the apply.
    Unknown,
    /// No value.
    Unset,
}

/// How a field's change is brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effectuation {
    /// In place.
    InPlace,
    /// By replacing the object.
    ForcesReplacement,
}

/// One thing to do, and what must end first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Index into [`Plan::changes`].
    pub change: u32,
    /// What is done.
    pub kind: StepKind,
    /// Indices into [`Plan::steps`] of the steps that must have ended well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<u32>,
}

/// What somebody changed behind our back at one address: recorded against observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The resource.
    pub address: Address,
    /// What happened to it.
    pub kind: DriftKind,
    /// The declared fields that differ: `before` is recorded, `after` is observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// What happened to a drifted resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftKind {
    /// It is gone.
    Missing,
    /// It is gone, and its provider tells since when.
    Ended(Timestamp),
    /// Fields differ.
    Changed,
    /// Another object of ours stands in its place.
    Exchanged,
    /// Parts of it don't work any more.
    Broken(Vec<PartFailure>),
    /// It couldn't be read, so nobody knows.
    Unreadable(String),
}

/// How many objects a plan touches; pins aren't counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Made, replacements included.
    pub add: usize,
    /// Changed in place.
    pub change: usize,
    /// Deleted, replacements included.
    pub destroy: usize,
    /// Taken under management because a person named them.
    #[serde(default)]
    pub import: usize,
    /// Taken under management because they carry our label.
    pub adopt: usize,
    /// Dropped from the state.
    pub forget: usize,
}

impl DriftKind {
    /// Whether nothing is there any more.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Missing | Self::Ended(_) => true,
            Self::Changed | Self::Exchanged | Self::Broken(_) | Self::Unreadable(_) => false,
        }
    }
}

impl Change {
    /// Whether a person named the object that is taken over.
    pub fn is_import(&self) -> bool {
        matches!(self.reason, Some(Reason::Imported { .. }))
    }
}

impl Plan {
    /// How many objects it touches.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for change in &self.changes {
            if change.address.kind().is_pin() {
                continue;
            }
            match change.action {
                Action::NoOp => {}
                Action::Create => totals.add += 1,
                Action::Update => totals.change += 1,
                Action::Replace(_) => {
                    totals.add += 1;
                    totals.destroy += 1;
                }
                Action::Delete => totals.destroy += 1,
                Action::Forget => totals.forget += 1,
                Action::Adopt if change.is_import() => totals.import += 1,
                Action::Adopt => totals.adopt += 1,
            }
        }
        totals
    }

    /// Whether there is nothing to do, not even in the state.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.moves.is_empty() && self.renamed_from.is_none()
    }

    /// What is left as it is since it couldn't be read, or since something that couldn't stands on it.
    pub fn left_unread(&self) -> Vec<&Address> {
        self.changes
            .iter()
            .filter(|change| change.reason == Some(Reason::Unreadable))
            .map(|change| &change.address)
            .collect()
    }

    /// Whether a check forbids applying it.
    pub fn is_errored(&self) -> bool {
        self.checks
            .iter()
            .any(crate::diagnostic::Diagnostic::is_error)
    }
}
