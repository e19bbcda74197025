//! `sindri state mv`: another address for what is recorded.

use std::fmt::Write as _;

use super::writing::{locked, record, recorded, undo};
use crate::cli::args::StateMvArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Diagnose, Exit};
use crate::state::{Move, State, moves};

pub(crate) fn run(session: &mut Session, args: &StateMvArgs) -> Outcome {
    let plan = |state: &State| moves(state, &args.from, &args.to).map_err(|error| error.diagnose());
    // Looked at without the lock first: what can't be must not make others wait.
    let mut list = plan(&recorded(session)?)?;
    let mut before = None;
    if !args.dry_run {
        let mut locked = locked(session, "state mv", &args.wait)?;
        list = plan(locked.state())?;
        before = Some(locked.state().clone());
        record(&mut locked, list.iter().map(Move::event).collect())?;
    }
    if session.is_json() {
        let text = serde_json::json!({ "moved": list, "dry_run": args.dry_run });
        session.answer(&format!("{text}\n"))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for Move { from, to } in &list {
        writeln!(text, "{from} -> {to}").unwrap_or_default();
    }
    session.answer(&text)?;
    match before {
        None => session.aside("Nothing was written.\n"),
        Some(before) if !session.quiet => session.aside(&format!(
            "Rename it in the configuration too, or the next plan makes it anew. {}",
            undo(session, &before)
        )),
        Some(_) => {}
    }
    Ok(Exit::Done)
}
