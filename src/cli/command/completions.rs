//! `sindri completions`: completions for a shell.

use clap::CommandFactory;

use crate::cli::args::{Arguments, CompletionArgs};
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::Exit;

pub(crate) fn run(session: &mut Session, args: &CompletionArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "sindri", &mut script);
    session.answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
