//! A survey: everything a plan is made from, put together the same way for reading and for writing.

use std::collections::BTreeMap;

use super::recover::{Recovered, recover};
use super::refresh::{Scope, refresh};
use super::{Readers, deep};
use crate::address::{Address, Name};
use crate::catalog::Manifest;
use crate::desired::Desired;
use crate::diagnostic::Diagnostics;
use crate::plan::{self, Facts, Observed, Options, Plan};
use crate::state::{Lineage, State};
use std::sync::Arc;

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

/// Asks the providers and settles open operations in memory.
///
/// Read-only by type: it holds readers and a copy of the state.
pub async fn survey(
    readers: &dyn Readers,
    desired: &Desired,
    manifests: &BTreeMap<Name, Arc<Manifest>>,
    mut state: State,
    findings: Diagnostics,
    reach: Reach,
) -> Survey {
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
    all.append(&mut refreshed.facts.findings);
    refreshed.facts.findings = all;
    Survey {
        state,
        observed: refreshed.observed,
        facts: refreshed.facts,
        recovered,
    }
}

impl Survey {
    /// The plan that follows from it.
    pub fn plan(&self, desired: &Desired, options: &Options) -> Plan {
        plan::plan(desired, &self.state, &self.observed, &self.facts, options)
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
