//! `sindri state history` and `restore`: what was recorded before, and back to it.

use serde_json::json;

use super::writing::{locked, recorded, settled, undo};
use crate::cli::args::StateRestoreArgs;
use crate::cli::command::question::Question;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit};
use crate::render;
use crate::state::{Serial, State, Version};
use crate::store::Keeping;

pub(crate) fn list(session: &mut Session) -> Outcome {
    let state = recorded(session)?;
    let versions = versions(session, &state)?;
    let keeping = session.store()?.keeping();
    let text = if session.is_json() {
        let rows: Vec<serde_json::Value> = versions
            .iter()
            .map(|version| {
                json!({
                    "serial": version.serial,
                    "when": version.written.as_ref().map(|by| by.when),
                    "who": version.written.as_ref().map(|by| &by.who),
                    "host": version.written.as_ref().map(|by| &by.host),
                    "command": version.written.as_ref().map(|by| &by.command),
                    "resources": version.resources,
                    "pending": version.pending,
                    "current": version.serial == state.serial,
                })
            })
            .collect();
        let mut answer =
            json!({ "lineage": state.lineage, "serial": state.serial, "versions": rows });
        if let Keeping::OnThisHost(directory) = &keeping {
            answer["onThisHostOnly"] = json!(directory);
        }
        answer.to_string() + "\n"
    } else {
        render::versions_human(&versions, state.serial, &session.style())
    };
    session.answer(&text)?;
    if let Keeping::OnThisHost(directory) = &keeping {
        session.warn(&[elsewhere(&directory.display().to_string())]);
    }
    Ok(Exit::Done)
}

/// That other hosts have other versions.
fn elsewhere(directory: &str) -> Diagnostic {
    Diagnostic::advice(
        Code::new("state::versions-here"),
        format!("versions of this state are kept on this host only, in `{directory}`"),
    )
    .because(
        "its store has room for one document, so each host keeps what it found and what it wrote",
    )
    .help("what another host wrote is in the history there")
}

/// The versions kept and the state as it stands, the newest first.
fn versions(session: &Session, state: &State) -> Result<Vec<Version>, Diagnostics> {
    let versions = session.store()?.versions(&state.lineage);
    let mut versions = versions.map_err(|error| error.diagnose())?;
    if versions
        .iter()
        .all(|version| version.serial != state.serial)
    {
        versions.push(Version::of(state, None));
        versions.sort_by_key(|version| std::cmp::Reverse(version.serial));
    }
    Ok(versions)
}

pub(crate) fn restore(session: &mut Session, args: &StateRestoreArgs) -> Outcome {
    let serial = Serial(args.serial);
    // Looked at without the lock first: nobody waits while a person thinks.
    let before = recorded(session)?;
    let chosen = chosen(session, &before, serial)?;
    settled(&before)?;
    let text = render::restoration(&before, &chosen, &session.style());
    if !session.is_json() {
        session.answer(&text)?;
    }
    let question = Question {
        what: "Do you want to record this?",
        instead: "pass --auto-approve",
    };
    if !args.auto_approve && !question.put_alone(session)? {
        session.aside("\nNothing was changed.\n");
        return Ok(Exit::Error);
    }
    let mut locked = locked(session, "state restore", &args.wait)?;
    if locked.state().serial != before.serial {
        return Err(vec![
            Diagnostic::error(
                Code::new("state::moved-on"),
                "the state was written by another command in the meantime",
            )
            .help("look at `sindri state history` again"),
        ]);
    }
    let restored = State {
        serial: before.serial.next(),
        ..chosen
    };
    let now = restored.serial;
    locked.replace(restored).map_err(|error| error.diagnose())?;
    if session.is_json() {
        let text = json!({ "restored": serial, "serial": now });
        session.answer(&format!("{text}\n"))?;
    } else {
        session.answer(&format!(
            "Write {serial} is recorded again, as write {now}.\n"
        ))?;
        if !session.quiet {
            session.aside(&undo(session, &before));
        }
    }
    Ok(Exit::Done)
}

fn chosen(session: &Session, state: &State, serial: Serial) -> Result<State, Diagnostics> {
    if serial == state.serial {
        return Err(vec![
            Diagnostic::error(
                Code::new("state::no-version"),
                format!("write {serial} is what is recorded now"),
            )
            .help("`sindri state history` shows the earlier ones"),
        ]);
    }
    let store = session.store()?;
    let kept = store
        .version(&state.lineage, serial)
        .map_err(|error| error.diagnose())?;
    let known = versions(session, state)?;
    kept.ok_or_else(|| {
        let known: Vec<String> = known
            .iter()
            .filter(|version| version.serial != state.serial)
            .map(|version| version.serial.to_string())
            .collect();
        let help = if known.is_empty() {
            "no earlier version is kept".to_owned()
        } else {
            format!("these are kept: {}", known.join(", "))
        };
        vec![
            Diagnostic::error(
                Code::new("state::no-version"),
                format!("no version {serial} is kept"),
            )
            .help(help),
        ]
    })
}
