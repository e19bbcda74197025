//! Prerequisites, and how to mend them.

mod check;
mod examine;

pub use check::{Finding, Verdict};
pub use examine::examine;
