//! Processes: the only door to running other programs.
//!
//! A program is started with an environment of its own (nothing of this process's leaks in) and in
//! a process group of its own, so that a timeout or a dropped future ends all it started.

mod attach;
mod census;
mod error;
mod group;
mod launch;
mod run;
#[cfg(test)]
mod tests;

pub use attach::attach;
pub use census::end_those_with;
pub use error::ProcessError;
pub use launch::Launch;
pub use run::{Ended, Pipe, run};
