//! `sindri profile`: sets of extensions.

mod derive;

use crate::cli::args::ProfileCommand;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, command: &ProfileCommand) -> Outcome {
    match command {
        ProfileCommand::Derive(args) => derive::run(session, args),
    }
}
