//! Which verb does what.

use super::super::rekey::run as rekey;
use super::{accept, forget, history, look, mark, migrate, refresh, rename, transfer};
use crate::cli::args::StateCommand;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, verb: &StateCommand) -> Outcome {
    match verb {
        StateCommand::List(_) => look::list(session),
        StateCommand::Show(args) => look::show(session, args),
        StateCommand::Mv(args) => rename::run(session, args),
        StateCommand::Rm(args) => forget::run(session, args),
        StateCommand::Taint(args) => mark::taint(session, args),
        StateCommand::Untaint(args) => mark::untaint(session, args),
        StateCommand::Refresh(args) => refresh::run(session, args),
        StateCommand::Pull(_) => transfer::pull(session),
        StateCommand::Push(args) => transfer::push(session, args),
        StateCommand::History(_) => history::list(session),
        StateCommand::Restore(args) => history::restore(session, args),
        StateCommand::Migrate(args) => migrate::run(session, args),
        StateCommand::Accept(args) => accept::run(session, args),
        StateCommand::Rekey(args) => rekey(session, args),
    }
}
