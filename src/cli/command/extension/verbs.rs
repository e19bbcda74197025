//! Which verb does what.

use super::{catalog, edit, lint, log, recorded, upgrade, validate};
use crate::cli::args::ExtensionVerb;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, verb: &ExtensionVerb) -> Outcome {
    match verb {
        ExtensionVerb::List(args) => catalog::list(session, args),
        ExtensionVerb::Describe(args) => catalog::describe(session, args),
        ExtensionVerb::Search(args) => catalog::search(session, args),
        ExtensionVerb::Install(args) => edit::install(session, args),
        ExtensionVerb::Remove(args) => edit::remove(session, args),
        ExtensionVerb::Status(args) => recorded::status(session, args),
        ExtensionVerb::Validate(args) => validate::run(session, args),
        ExtensionVerb::Upgrade(args) => upgrade::run(session, args),
        ExtensionVerb::Log(args) => log::run(session, args),
        ExtensionVerb::Lint(args) => lint::run(session, args),
    }
}
