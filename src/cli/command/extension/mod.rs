//! `sindri extension`: what there is to install.

mod lint;

use crate::cli::args::ExtensionCommand;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, command: &ExtensionCommand) -> Outcome {
    match command {
        ExtensionCommand::Lint(args) => lint::run(session, args),
    }
}
