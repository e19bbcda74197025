//! A plan as text.

mod block;
mod human;
mod words;

pub use human::{plan_checks_human, plan_human, trailer, write_plan_human};
