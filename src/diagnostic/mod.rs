//! What went wrong, where, why, and what to do: values every room can make and no room prints.

mod allow;
mod exit;
mod place;
mod report;

pub use allow::ALLOWABLE;
pub use exit::Exit;
pub use place::{Place, Source};
pub use report::{Code, Diagnose, Diagnostic, Diagnostics, Severity, did_you_mean};
