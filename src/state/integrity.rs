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

/// All that is wrong with a state, in words: the violations, and what no sound history leads to.
///
/// Stricter than what reading insists on: a state that breaks no more than these is still read, and
/// mended by the next apply.
pub fn invariants(state: &State) -> Vec<String> {
    let mut found: Vec<String> = violations(state).iter().map(ToString::to_string).collect();
    let (mut ids, mut operations) = (BTreeSet::new(), BTreeSet::new());
    for (address, record) in &state.resources {
        for object in record.current.iter().chain(&record.deposed) {
            // Pins of one image are one image.
            let pin = address.kind().is_pin();
            if !pin && !ids.insert((address.kind(), object.provider, &object.id)) {
                found.push(format!("object {} is recorded twice", object.id));
            }
            if !operations.insert(&object.operation) {
                found.push(format!("operation {} made two objects", object.operation));
            }
            if object.dependencies.contains(address) {
                found.push(format!("`{address}` depends on itself"));
            }
        }
    }
    let mut pending = BTreeSet::new();
    for intent in &state.pending {
        if !pending.insert(&intent.address) {
            found.push(format!("`{}` has two open operations", intent.address));
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
