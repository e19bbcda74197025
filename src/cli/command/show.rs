//! `sindri show`: a saved plan, read again, and who signed it.

use super::saved;
use crate::cli::args::ShowArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::Exit;

pub(crate) fn run(session: &mut Session, args: &ShowArgs) -> Outcome {
    let saved = saved::read(session, &args.file)?;
    let signer = saved::signed_by(session, &saved)?;
    super::plan::show(session, &saved.file.plan, signer.as_deref())?;
    Ok(Exit::Done)
}
