//! Plans, drift, diagnostics, events and states as text for people and machines: no I/O.
//!
//! Everything that comes from outside (names, values, output of commands) is made harmless before
//! it is shown: no control character reaches a terminal, no text breaks out of a Markdown table.

mod compare;
mod diagnostic;
#[cfg(test)]
mod fixture;
mod line;
mod page;
mod plan;
mod sensitive;
mod text;
mod value;

pub use diagnostic::{diagnostic_line, diagnostics_human, diagnostics_json, tally};
pub use page::Style;
pub use plan::{plan_checks_human, plan_human, trailer, write_plan_human};
