//! The promises of the local store.

mod child;
mod damage;
mod history;
mod life;
mod sealed;
mod speed;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::state::sample::history;
use crate::state::{Event, State};
use crate::store::{LockRequest, Locked, Store, StoreError};
use crate::sys::{Clock, Environment, Random, World};

const NOW: LockRequest<'_> = LockRequest {
    operation: "apply",
    timeout: Duration::ZERO,
    given_up: None,
};

fn world() -> World {
    World {
        environment: Arc::new(Environment::of([("USER".into(), "ada".into())])),
        clock: Clock::Fixed("2026-01-02T03:04:05Z".parse().unwrap()),
        random: Arc::new(Random::counted()),
    }
}

fn open(directory: &Path) -> Store {
    Store::local(&directory.join(".sindri"), &world())
}

fn take(store: &Store) -> Result<Locked, StoreError> {
    store.lock(NOW, &mut |_| {})
}

/// Takes the lock and begins the state, if there is none.
fn begun(store: &Store) -> Locked {
    let mut locked = take(store).unwrap();
    locked.initialise("dev").unwrap();
    locked
}

/// A history of some groups in which every effect occurs.
fn groups() -> Vec<Vec<Event>> {
    history(&(0..=255).collect::<Vec<u8>>())
}

/// Commits a history; the states after the beginning and after each group.
fn commit_all(locked: &mut Locked, groups: Vec<Vec<Event>>) -> Vec<State> {
    let mut states = vec![locked.state().clone()];
    for group in groups {
        locked.commit(group).unwrap();
        states.push(locked.state().clone());
    }
    states
}

fn read(store: &Store) -> State {
    store.read().unwrap().unwrap()
}
