//! A plan as text.

pub(super) mod block;
mod human;
mod json;
#[cfg(test)]
mod json_tests;
pub(super) mod outlook;
pub(super) mod relock;
pub(super) mod words;

pub(super) use human::drift_section;
#[cfg(test)]
pub(super) use human::tests;
pub use human::{plan_checks_human, plan_human, trailer, write_plan_human};
pub(super) use json::{Each, Members, seconds, totals_json};
pub use json::{PlanMeta, plan_json, write_plan_json};
