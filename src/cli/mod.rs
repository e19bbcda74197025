//! The command line: clap, one file a command, as thin as it can be.

mod args;
mod command;
mod host;
mod screen;
mod session;
mod signals;
mod terminal;
mod usage;
mod variables;
mod whereabouts;

pub use host::{Host, Terminal};
pub use usage::run;
pub use variables::{VARIABLES, Variable};
