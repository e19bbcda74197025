//! `sindri version`.

use serde_json::json;

use crate::cli::session::{Outcome, Session};
use crate::diagnostic::Exit;
use crate::plan::PLAN_FORMAT;

pub(crate) fn run(session: &mut Session) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    let text = if session.is_json() {
        json!({ "version": version, "plan_format": PLAN_FORMAT }).to_string() + "\n"
    } else {
        format!("sindri {version}\n")
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}
