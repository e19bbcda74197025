//! `sindri state`: what is recorded.

use super::writing::not_recorded;
use crate::cli::args::StateShowArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::Exit;
use crate::render;

pub(crate) fn list(session: &mut Session) -> Outcome {
    let addresses: Vec<String> = session
        .state()?
        .map(|state| state.resources.keys().map(ToString::to_string).collect())
        .unwrap_or_default();
    let text = if session.is_json() {
        serde_json::json!({ "addresses": addresses }).to_string() + "\n"
    } else {
        addresses
            .iter()
            .flat_map(|address| {
                [
                    address, "
",
                ]
            })
            .collect()
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}

pub(crate) fn show(session: &mut Session, args: &StateShowArgs) -> Outcome {
    let state = session.state()?;
    let record = state
        .as_ref()
        .and_then(|state| state.resources.get(&args.address));
    let object = record.and_then(|record| record.current.as_ref().or(record.deposed.first()));
    let Some(object) = object else {
        let state = state.unwrap_or_else(|| crate::engine::blank_state(""));
        return Err(not_recorded(&state, &args.address));
    };
    let text = if session.is_json() {
        render::state_show_json(&args.address, object) + "\n"
    } else {
        render::state_show(&args.address, object, &session.style())
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}
