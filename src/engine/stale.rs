//! Staleness: a saved plan is refused when what it relied on has moved.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::plan::{Observed, Plan};
use crate::state::State;

/// What moved since a plan was made; nothing for one that still holds.
///
/// A plan of a project that had no state holds as long as there still is none.
pub fn stale(
    plan: &Plan,
    state: Option<&State>,
    observed: &Observed,
    config: Option<&Digest>,
) -> Diagnostics {
    let mut moved = Vec::new();
    let header = &plan.header;
    let blank = super::blank_state(&header.project);
    let state = state.unwrap_or(&blank);
    if header.lineage == blank.lineage && state.lineage != header.lineage {
        moved.push("it was made before anything was recorded here".to_owned());
    } else if state.lineage != header.lineage {
        moved.push("the state belongs to another history (its lineage differs)".to_owned());
    } else if state.serial != header.serial {
        moved.push(format!(
            "the state was written since: the plan knows write {}, the state is at {}",
            header.serial, state.serial
        ));
    }
    let was = plan.renamed_from.as_ref().unwrap_or(&header.project);
    if state.project != *was {
        moved.push(format!(
            "the plan is for project `{}`, the state for `{}`",
            was, state.project
        ));
    }
    if observed.digest() != header.observed {
        moved.push("what the providers show has changed".to_owned());
    }
    if config.is_some_and(|config| *config != header.config) {
        moved.push("the configuration was edited".to_owned());
    }
    if moved.is_empty() {
        return Vec::new();
    }
    let mut found = Diagnostic::error(
        Code::new("plan::stale"),
        "the saved plan is stale and was not applied",
    )
    .help("make a new one with `sindri plan --out FILE` and review it");
    for text in moved {
        found = found.because(text);
    }
    vec![found]
}
