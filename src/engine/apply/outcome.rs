//! How a step ended.

use std::time::Duration;

use crate::diagnostic::Diagnostics;
use crate::engine::Tool;
use crate::state::{Effect, Intent, ObjectId};

/// A step that ended.
pub(super) struct Ended {
    /// Index into the plan's steps.
    pub(super) step: u32,
    /// What was begun.
    pub(super) intent: Intent,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// After how long.
    pub(super) elapsed: Duration,
}

/// How a step ended.
pub(super) enum Outcome {
    /// Well.
    Done {
        /// What it changes in the state.
        effect: Effect,
        /// The object that stands now.
        id: Option<ObjectId>,
        /// What a person should know.
        note: Option<String>,
        /// What became of an extension's tools.
        tools: Option<Tools>,
    },
    /// Not.
    Failed {
        /// What it left behind.
        effect: Effect,
        /// Why.
        diagnostics: Diagnostics,
    },
    /// Nobody knows: its intent stays open, and the next run settles it.
    Unknown {
        /// What the call said.
        diagnostics: Diagnostics,
    },
}

/// What became of an extension's tools.
pub(super) struct Tools {
    /// Each of them.
    pub(super) all: Vec<Tool>,
    /// Whether some failed.
    pub(super) partial: bool,
    /// Whether those that succeeded are told, too.
    pub(super) told: bool,
}
