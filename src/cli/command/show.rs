//! `sindri show`: a saved plan, read again.

use super::apply::read_plan;
use crate::cli::args::ShowArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::Exit;

pub(crate) fn run(session: &mut Session, args: &ShowArgs) -> Outcome {
    let file = read_plan(session, &args.file)?;
    super::plan::show(session, &file.plan)?;
    Ok(Exit::Done)
}
