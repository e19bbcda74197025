//! Action, diff, graph, checks, plan file: what would change and why; pure.

mod action;
mod change;
mod decide;
mod diff;
mod facts;
mod file;
mod ignore;
mod import;
mod narrow;
mod observed;
mod options;
mod outlook;
mod pin;
mod planner;
mod refusal;
mod renamed;
mod steps;
#[cfg(test)]
mod tests;
mod transition;
mod upgrade;

pub use action::{Action, Order, Reason};
pub use change::{
    After, Change, Drift, DriftKind, Effectuation, FieldChange, Plan, PlanHeader, Step, Totals,
};
pub use decide::keep_power;
pub use facts::{Capabilities, Facts};
pub use file::{PlanFile, PlanFileError, SavedLock};
pub use observed::{Happened, Observation, Observed, Seen};
pub use options::Options;
pub use planner::{PLAN_FORMAT, addresses_of_interest, plan};
pub use transition::{renamed_from, renames, settle_moves};
