//! `sindri state pull` and `push`: the whole document, out and in.

use std::path::Path;

use super::writing::{locked, recorded, settled};
use crate::cli::args::StatePushArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit};
use crate::state::{DocumentError, State, read_document, write_document};
use crate::sys::files;

/// The most bytes read of a document.
const MOST: u64 = 1 << 30;

/// Prints the document with the journal folded in; the key of the fingerprints isn't in it.
pub(crate) fn pull(session: &mut Session) -> Outcome {
    let state = recorded(session)?;
    let bytes = write_document(&state).map_err(|error| {
        vec![
            Diagnostic::error(
                Code::new("state::file"),
                "the state can't be written as a document",
            )
            .because(error.to_string()),
        ]
    })?;
    session.answer(&String::from_utf8_lossy(&bytes))?;
    Ok(Exit::Done)
}

pub(crate) fn push(session: &mut Session, args: &StatePushArgs) -> Outcome {
    let mut pushed = read(session, &args.file)?;
    let mut locked = locked(session, "state push", &args.wait)?;
    let present = locked.state();
    if !locked.is_new() {
        if present.lineage != pushed.lineage {
            return Err(refused(
                "state::other-lineage",
                format!(
                    "the document has lineage {}, the state here {}",
                    pushed.lineage, present.lineage
                ),
                "it belongs to another project's state: push it where it was pulled from",
            ));
        }
        settled(present)?;
        if pushed.serial <= present.serial {
            if !args.force {
                return Err(refused(
                    "state::older",
                    format!(
                        "the document is at write {}, the state here at write {}",
                        pushed.serial, present.serial
                    ),
                    "something was written since it was pulled: look at `sindri state history`, and \
                     pass --force to put it in place all the same",
                ));
            }
            pushed.serial = present.serial.next();
        }
    }
    if let Some(seen) = locked.last_seen(&pushed.lineage)
        && locked.is_new()
        && pushed.serial < seen
    {
        if !args.force {
            return Err(refused(
                "state::older",
                format!(
                    "the document is at write {}, and this host has seen write {seen} here",
                    pushed.serial
                ),
                "pass --force to put it in place all the same, as a later write",
            ));
        }
        pushed.serial = seen.next();
    }
    let serial = pushed.serial;
    let resources = pushed.resources.len();
    locked.replace(pushed).map_err(|error| error.diagnose())?;
    let text = if session.is_json() {
        let text = serde_json::json!({ "serial": serial, "resources": resources });
        format!("{text}\n")
    } else {
        format!("The state is at write {serial} now and records {resources} addresses.\n")
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}

fn read(session: &Session, path: &Path) -> Result<State, Diagnostics> {
    let shown = path.display();
    let bytes = files::read_limited(&session.path(path), MOST).map_err(|error| {
        vec![
            Diagnostic::error(Code::new("state::file"), format!("`{shown}` can't be read"))
                .because(error.to_string()),
        ]
    })?;
    read_document(&bytes).map_err(|error| {
        let help = match &error {
            DocumentError::Newer { .. } => {
                "use the version of sindri that wrote it, or a later one"
            }
            DocumentError::Malformed(_) | DocumentError::Checksum | DocumentError::Integrity(_) => {
                "take the document as `sindri state pull` prints it; it can't be edited by hand"
            }
        };
        let text = format!("`{shown}` isn't taken as a state");
        let found = Diagnostic::error(Code::new("state::file"), text).caused_by(&error);
        vec![found.help(help)]
    })
}

fn refused(code: &'static str, summary: String, help: &str) -> Diagnostics {
    vec![Diagnostic::error(Code::new(code), summary).help(help)]
}
