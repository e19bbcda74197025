//! Which verb does what.

use super::{derive, install, show};
use crate::cli::args::ProfileVerb;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, verb: &ProfileVerb) -> Outcome {
    match verb {
        ProfileVerb::List(_) => show::list(session),
        ProfileVerb::Describe(args) => show::describe(session, args),
        ProfileVerb::Install(args) => install::run(session, args),
        ProfileVerb::Derive(args) => derive::run(session, args),
    }
}
