//! Staleness: a saved plan is refused when what it relied on has moved.

use super::moved;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::plan::{Observed, Plan};
use crate::state::State;

/// How many moves are told; more are counted.
const TOLD: usize = 10;

/// What moved since a plan was made; nothing for one that still holds.
///
/// `relocked` names the lock where its file isn't the one any more that the plan was made with.
/// A plan of a project that had no state holds as long as there still is none.
pub fn stale(
    plan: &Plan,
    relied: &Observed,
    state: Option<&State>,
    observed: &Observed,
    config: Option<&Digest>,
    relocked: Option<&str>,
) -> Diagnostics {
    let mut moves = Vec::new();
    let mut named = Vec::new();
    let header = &plan.header;
    let blank = super::blank_state(&header.project);
    let state = state.unwrap_or(&blank);
    if header.lineage == blank.lineage && state.lineage != header.lineage {
        moves.push("it was made before anything was recorded here".to_owned());
    } else if state.lineage != header.lineage {
        moves.push("the state belongs to another history (its lineage differs)".to_owned());
    } else if state.serial != header.serial {
        moves.push(format!(
            "the state was written since: the plan knows write {}, the state is at {}",
            header.serial, state.serial
        ));
        named = moved::in_state(plan, state);
    }
    let was = plan.renamed_from.as_ref().unwrap_or(&header.project);
    if state.project != *was {
        moves.push(format!(
            "the plan is for project `{}`, the state for `{}`",
            was, state.project
        ));
    }
    if observed.digest() != relied.digest() {
        for (address, how) in moved::in_world(relied, observed) {
            // What was done with our knowledge explains what the providers show.
            if !named.iter().any(|(known, _)| *known == address) {
                named.push((address, how));
            }
        }
        if named.is_empty() {
            moves.push("what the providers show has changed".to_owned());
        }
    }
    moves.extend(
        named
            .into_iter()
            .map(|(address, how)| format!("{address} {how}")),
    );
    if config.is_some_and(|config| *config != header.config) {
        moves.push("the configuration was edited".to_owned());
    }
    moves.extend(relocked.map(|lock| format!("`{lock}` was changed")));
    if moves.is_empty() {
        return Vec::new();
    }
    let mut found = Diagnostic::error(
        Code::new("plan::stale"),
        "the saved plan is stale and was not applied",
    )
    .help("make a new one with `sindri plan --out FILE` and review it");
    let untold = moves.len().saturating_sub(TOLD);
    for text in moves.into_iter().take(TOLD) {
        found = found.because(text);
    }
    if untold > 0 {
        found = found.because(format!("and {untold} more"));
    }
    vec![found]
}
