//! What the executor tells while it works; nothing else moves the screen.

use std::time::Duration;

use serde::Serialize;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::Totals;
use crate::state::{ObjectId, StepKind};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A waiting command says whom it waits for.
    Waiting(Diagnostic),
    /// An operation that an earlier run left open was settled.
    Recovered {
        /// Its resource.
        address: Address,
        /// What became of it, in one line.
        text: String,
    },
    /// The providers are being asked.
    Refreshing {
        /// About how many resources.
        resources: usize,
    },
    /// The providers have answered.
    Refreshed {
        /// After how long.
        elapsed: Duration,
    },
    /// A step started.
    Started {
        /// Its resource.
        address: Address,
        /// What is done.
        step: StepKind,
        /// The recorded id, where there is one.
        id: Option<ObjectId>,
    },
    /// A step got further.
    Progress {
        /// Its resource.
        address: Address,
        /// What is going on.
        text: String,
        /// How much of how much.
        share: Option<(u64, u64)>,
    },
    /// A line that an install printed.
    Output {
        /// Its resource.
        address: Address,
        /// The line, secrets removed.
        line: String,
    },
    /// A step ended well.
    Finished {
        /// Its resource.
        address: Address,
        /// What was done.
        step: StepKind,
        /// The object's id, where one stands.
        id: Option<ObjectId>,
        /// After how long.
        elapsed: Duration,
        /// What a person should know: `found, not installed`, `2 of 3 tools`.
        note: Option<String>,
        /// What became of an extension's tools.
        tools: Vec<Tool>,
    },
    /// A step failed.
    Failed {
        /// Its resource.
        address: Address,
        /// What was tried.
        step: StepKind,
        /// Why.
        diagnostics: Diagnostics,
        /// After how long.
        elapsed: Duration,
    },
    /// A step wasn't started.
    Skipped {
        /// Its resource.
        address: Address,
        /// What would have been done.
        step: StepKind,
        /// The failed resource it depends on; absent after an interruption.
        because: Option<Address>,
    },
    /// The lock was written, or removed since no extension is left.
    Relocked {
        /// The file, as the person knows it.
        file: String,
        /// Whether it is gone.
        removed: bool,
    },
    /// Something is done to a resource besides the steps.
    Noted {
        /// Its resource.
        address: Address,
        /// What, in one line.
        text: String,
    },
    /// Something besides the steps didn't go as it should; nothing fails for it.
    Warned(Diagnostic),
    /// A person asked to stop, or the time is over: nothing new starts.
    Interrupted {
        /// Whether what runs is broken off, instead of being finished.
        at_once: bool,
    },
    /// Everything has ended.
    Ended(Summary),
}

/// Whom the executor tells.
pub trait Audience {
    /// Something happened.
    fn event(&mut self, event: Event);

    /// Nothing happened for a moment.
    fn beat(&mut self);
}

/// How an apply ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// What was done, counted as a plan counts.
    pub done: Totals,
    /// What failed and why.
    pub failed: Vec<(Address, Diagnostics)>,
    /// What wasn't started, and the failed resource it depends on.
    pub skipped: Vec<(Address, Option<Address>)>,
    /// What stands, but for some parts: its tools, those that failed among them.
    pub partial: Vec<(Address, Vec<Tool>)>,
    /// The tools of what stands as a whole, where its manifest asks that they be told.
    pub tools: Vec<(Address, Vec<Tool>)>,
    /// What was left as it is, since it couldn't be read, or since something that couldn't stands on it.
    pub left: Vec<Address>,
    /// Whether a person interrupted it.
    pub interrupted: bool,
    /// Whether all of a plan to destroy was done.
    pub destroy: bool,
    /// After how long.
    #[serde(skip)]
    pub elapsed: Duration,
}

/// What became of one tool of an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The version it tells.
    pub version: Option<String>,
    /// `installed`, `found`, `skipped`, `failed` or `untried`.
    pub result: String,
    /// Why it failed, in a line.
    pub reason: Option<String>,
    /// The last lines it printed before it failed, secrets removed.
    pub last_lines: Vec<String>,
}

impl Summary {
    /// Whether everything that was to be done is done.
    pub fn is_clean(&self) -> bool {
        self.failed.is_empty()
            && self.skipped.is_empty()
            && self.left.is_empty()
            && !self.interrupted
    }
}
