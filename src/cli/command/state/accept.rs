//! `sindri state accept`: go on from a state that went back behind what this host has seen.

use serde_json::json;

use super::writing::not_begun;
use crate::cli::args::StateAcceptArgs;
use crate::cli::command::acting::{Claim, hold};
use crate::cli::command::question::Question;
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Exit};
use crate::state::State;
use crate::store::{Opening, StoreError};

pub(crate) fn run(session: &mut Session, args: &StateAcceptArgs) -> Outcome {
    let store = session.store()?;
    match store.read() {
        Ok(None) => return Err(not_begun()),
        Ok(Some(state)) => {
            return Err(vec![
                Diagnostic::error(
                    Code::new("state::nothing-to-accept"),
                    format!(
                        "the state is at write {}, and this host hasn't seen a later one",
                        state.serial
                    ),
                )
                .help("commands go on from it by themselves"),
            ]);
        }
        Err(StoreError::Seen(error)) => {
            let summary = error.to_string();
            session.aside(&format!("Found: {summary}.\n"));
        }
        Err(error) => return Err(error.diagnose()),
    }
    let question = Question {
        what: "Do you want to go on from what is there?",
        instead: "pass --auto-approve",
    };
    if !args.auto_approve && !question.put_alone(session)? {
        session.aside("\nNothing was written.\n");
        return Ok(Exit::Error);
    }
    let claim = Claim::new("state accept", session.lock_timeout(&args.wait)?);
    let mut screen = Screen::new(session);
    let mut locked = hold(session, &mut screen, claim.to(Opening::Accepting))?;
    let found = locked.state().clone();
    let seen = locked.last_seen(&found.lineage).unwrap_or_default();
    // Later than all that anybody here has seen: whoever shares the state has nothing to accept.
    let serial = found.serial.max(seen).next();
    let (was, resources) = (found.serial, found.resources.len());
    locked
        .replace(State { serial, ..found })
        .map_err(|error| error.diagnose())?;
    let text = if session.is_json() {
        let text = json!({ "accepted": was, "serial": serial, "resources": resources });
        format!("{text}\n")
    } else {
        format!(
            "Write {was} is recorded again, as write {serial}. `sindri adopt` lists what was made \
             since and isn't recorded.\n"
        )
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}
