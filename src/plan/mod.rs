//! Action, diff, graph, checks, plan file: what would change and why; pure.

mod action;
mod change;
mod facts;
mod observed;

pub use action::{Action, Order, Reason};
pub use change::{
    After, Change, Drift, DriftKind, Effectuation, FieldChange, Plan, PlanHeader, Step, Totals,
};
pub use facts::{Capabilities, Facts};
pub use observed::{Observation, Observed, Seen};
