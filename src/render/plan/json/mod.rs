//! A plan in Terraform's plan format 1.2, with our own keys beside it.

mod document;
mod resource;
mod values;

pub(in crate::render) use document::{Each, Members, seconds, totals_json};
pub use document::{PlanMeta, plan_json, write_plan_json};
