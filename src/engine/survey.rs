//! A survey: everything a plan is made from, put together the same way for reading and for writing.

use super::recover::{Recovered, recover, under_way};
use super::refresh::{Scope, refresh};
use super::{Readers, deep};
use crate::address::Address;
use crate::catalog::Manifests;
use crate::desired::Desired;
use crate::diagnostic::Diagnostics;
use crate::plan::{self, Facts, Observed, Options, Plan};
use crate::state::{Lineage, Move, State};

/// What a plan is made from.
pub struct Survey {
    /// The state, open operations settled.
    pub state: State,
    /// What exists.
    pub observed: Observed,
    /// Capabilities and findings.
    pub facts: Facts,
    /// The operations settled; a writing command records them before it goes on.
    pub recovered: Vec<Recovered>,
    /// Addresses renamed in the state, as the configuration asks; recorded when the plan is applied.
    pub moves: Vec<Move>,
    /// The project's earlier name, where it is renamed.
    pub renamed_from: Option<String>,
}

/// How far a survey looks.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// How much of the world is asked.
    pub scope: Scope,
    /// Whether extensions are validated inside their machines.
    pub deep: bool,
}

/// The state of a project that was never applied: nothing recorded, under no lineage.
pub fn blank_state(project: &str) -> State {
    State::new(project, Lineage::from_random([0; 16]))
}

/// As [`survey`], for whoever is about to act: what a run that was cut off asked for last gets the
/// time to arrive, so that it is found and not in the way.
pub async fn survey_to_act(
    readers: &dyn Readers,
    desired: &Desired,
    manifests: &Manifests,
    state: State,
    findings: Diagnostics,
    reach: Reach,
) -> Survey {
    tokio::time::sleep(under_way(&state)).await;
    survey(readers, desired, manifests, state, findings, reach).await
}

/// Asks the providers and settles open operations in memory.
///
/// Read-only by type: it holds readers and a copy of the state.
pub async fn survey(
    readers: &dyn Readers,
    desired: &Desired,
    manifests: &Manifests,
    mut state: State,
    findings: Diagnostics,
    reach: Reach,
) -> Survey {
    let (moves, contradictions) = plan::settle_moves(desired, &mut state);
    let renamed_from = rename(desired, &mut state);
    let mut refreshed = refresh(readers, desired, &state, reach.scope).await;
    let recovered = if reach.scope == Scope::Recorded {
        Vec::new()
    } else {
        recover(&state, &refreshed.observed)
    };
    for settled in &recovered {
        // A settled operation is one that is pending, so applying its outcome can't fail.
        let applied = state.apply(settled.event.clone());
        debug_assert!(applied.is_ok(), "recovery settles pending operations only");
    }
    if reach.deep {
        let found = deep::probe(readers, &state, &refreshed.observed, manifests).await;
        refreshed.observed.objects.extend(found.objects);
        refreshed.facts.findings.extend(found.findings);
    }
    let mut all = findings;
    all.extend(contradictions);
    all.append(&mut refreshed.facts.findings);
    refreshed.facts.findings = all;
    Survey {
        state,
        observed: refreshed.observed,
        facts: refreshed.facts,
        recovered,
        moves,
        renamed_from,
    }
}

fn rename(desired: &Desired, state: &mut State) -> Option<String> {
    let before = plan::renamed_from(desired, state)?;
    state.project.clone_from(&desired.project);
    Some(before)
}

impl Survey {
    /// The plan that follows from it.
    pub fn plan(&self, desired: &Desired, options: &Options) -> Plan {
        let mut plan = plan::plan(desired, &self.state, &self.observed, &self.facts, options);
        for change in &mut plan.changes {
            let moved = self.moves.iter().find(|one| one.to == change.address);
            change.previous_address = moved.map(|one| one.from.clone());
        }
        plan.moves.clone_from(&self.moves);
        plan.renamed_from.clone_from(&self.renamed_from);
        plan
    }

    /// Takes the state as recorded anew, with the renamings that aren't recorded yet.
    pub fn take_state(&mut self, recorded: &State) {
        let project = std::mem::take(&mut self.state.project);
        self.state = recorded.clone();
        if self.renamed_from.is_some() {
            self.state.project = project;
        }
        for one in &self.moves {
            // It applied before what was recorded since, which was at other addresses.
            let applied = self.state.apply(one.event());
            debug_assert!(applied.is_ok(), "a settled move applies again");
        }
    }

    /// The addresses whose open operations couldn't be settled.
    pub fn unsettled(&self) -> Vec<&Address> {
        self.state
            .pending
            .iter()
            .map(|intent| &intent.address)
            .collect()
    }
}
