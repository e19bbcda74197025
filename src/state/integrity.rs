//! The invariants a state keeps, checked on every read.

use std::collections::BTreeSet;

use super::{Object, State, Status};
use crate::address::{Address, Kind};

/// One invariant broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A specification of another kind than its address.
    #[error("`{0}` is recorded with the specification of another kind")]
    Kind(Address),
    /// A record that holds nothing.
    #[error("`{0}` is recorded without an object")]
    Empty(Address),
    /// Two open operations with one id.
    #[error("operation {0} is open twice")]
    DoublePending(String),
    /// A status that its kind can't have.
    #[error("`{0}` is recorded as retained, which only a volume can be")]
    Retained(Address),
}

/// All invariants a state breaks; none for a sound one.
pub fn violations(state: &State) -> Vec<Violation> {
    let mut found = Vec::new();
    for (address, record) in &state.resources {
        let mut objects = record.current.iter().chain(&record.deposed).peekable();
        if objects.peek().is_none() {
            found.push(Violation::Empty(address.clone()));
        }
        found.extend(objects.filter_map(|object| object_violation(address, object)));
    }
    let mut seen = BTreeSet::new();
    for intent in &state.pending {
        if !seen.insert(&intent.operation) {
            found.push(Violation::DoublePending(intent.operation.to_string()));
        }
    }
    found
}

/// The invariant that an object would break at an address.
pub(super) fn object_violation(address: &Address, object: &Object) -> Option<Violation> {
    if object.spec.kind() != address.kind() {
        return Some(Violation::Kind(address.clone()));
    }
    (object.status == Status::Retained && address.kind() != Kind::Volume)
        .then(|| Violation::Retained(address.clone()))
}
