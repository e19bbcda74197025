//! How an extension gets into a machine: steps, retries, the remote job, the ledger.
//!
//! An installation is a folder of plain shell scripts, put into the machine and started there in a
//! session of its own. We only watch: whoever comes later, after a killed `sindri` or a dropped
//! connection, finds the job by its extension and content and watches on; after a restart of the
//! machine it goes on at the first unfinished step.

mod apt;
mod bundle;
mod check;
mod choice;
mod conclude;
mod configure;
mod depot;
mod download;
mod drive;
mod drop;
mod error;
mod frames;
mod halt;
mod job;
mod ledger;
mod log;
mod mise;
mod outbound;
mod outcome;
mod printer;
mod probe;
mod quote;
mod reach;
mod remembered;
mod removal;
mod resolved;
mod rpm;
mod service;
mod step;
mod survey;
mod titles;
mod transcript;

pub use check::check;
pub use depot::Depot;
pub use drive::{Installer, install, remove};
pub use error::{CheckFailure, InstallError, StepFailure};
pub use halt::{PATIENCE as HALT_PATIENCE, halt};
pub use job::{InstallEvent, Installed, Job, Outcome, Persistence, Purpose, ToolResult, ToolState};
pub use ledger::LedgerEntry;
pub use log::{Log, LogLine, LogSource, LogStep, log};
pub use outbound::route;
pub use probe::{Probe, Probed, ProbedCheck, probe};
pub use reach::{Limit, Reached, Reply, reach};

#[cfg(test)]
mod tests;
