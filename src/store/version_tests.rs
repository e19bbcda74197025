//! What every store owes of the versions that it keeps to go back to.

use super::Store;
use super::contract_tests::{Ground, begun, groups, intent, read, take};
use crate::state::{Lineage, Serial, State, VERSIONS_MOST, Version};

/// What a person means by the same state: everything but when it was written.
fn content(state: &State) -> State {
    State {
        serial: Serial(0),
        ..state.clone()
    }
}

pub(super) fn kept(store: &Store, state: &State) -> Vec<Version> {
    store.versions(&state.lineage).unwrap()
}

pub(super) fn version(store: &Store, state: &State, serial: Serial) -> Option<State> {
    store.version(&state.lineage, serial).unwrap()
}

pub(super) fn every_compaction_keeps_a_dated_version_and_the_oldest_go(ground: &Ground) {
    let store = ground.open();
    let mut locked = begun(&store);
    assert_eq!(kept(&store, locked.state()), []);
    let mut written: Vec<State> = Vec::new();
    for number in 0..34 {
        locked.commit(intent(number)).unwrap();
        locked.compact().unwrap();
        locked.compact().unwrap();
        written.insert(0, locked.state().clone());
    }
    assert!(store.unkept().is_none());
    drop(locked);
    let versions = kept(&ground.open(), &written[0]);
    assert_eq!(versions.len(), VERSIONS_MOST);
    for (kept, state) in versions.iter().zip(&written) {
        assert_eq!(
            (kept.serial, kept.pending),
            (state.serial, state.pending.len())
        );
        assert_eq!(kept.written.as_ref().unwrap().command, "apply");
        assert_eq!(version(&store, state, state.serial).as_ref(), Some(state));
    }
    assert_eq!(version(&store, &written[0], Serial(1)), None);
    let stranger = Lineage::from_random([9; 16]);
    assert_eq!(store.versions(&stranger).unwrap(), []);
    assert_eq!(store.version(&stranger, Serial(34)).unwrap(), None);
}

pub(super) fn a_version_is_restored_under_a_later_number_and_what_it_replaced_is_kept(
    ground: &Ground,
) {
    let store = ground.open();
    let mut locked = begun(&store);
    let (first, rest) = (groups()[..6].to_vec(), groups()[6..12].to_vec());
    for group in first {
        locked.commit(group).unwrap();
    }
    locked.compact().unwrap();
    let before = locked.state().clone();
    for group in rest {
        locked.commit(group).unwrap();
    }
    let latest = locked.state().clone();
    let old = version(&store, &before, before.serial).unwrap();
    assert_eq!(old, before);
    locked
        .replace(State {
            serial: latest.serial.next(),
            ..old
        })
        .unwrap();
    let now = locked.state().clone();
    assert_eq!(content(&now), content(&before));
    drop(locked);
    let other = ground.open();
    assert_eq!(read(&other), now);
    assert_eq!(
        version(&other, &latest, latest.serial),
        Some(latest.clone())
    );
    let serials: Vec<Serial> = kept(&other, &now).iter().map(|v| v.serial).collect();
    assert_eq!(serials, [now.serial, latest.serial, before.serial]);
}

/// As a command leaves it that ended between its document and the version of it.
pub(super) fn a_document_found_without_a_version_is_kept_before_it_is_replaced(ground: &Ground) {
    let store = ground.open();
    let mut locked = begun(&store);
    locked.commit(intent(1)).unwrap();
    locked.compact().unwrap();
    let before = locked.state().clone();
    locked
        .holding
        .drop_version(&before.lineage, before.serial)
        .unwrap();
    locked
        .holding
        .drop_version(&before.lineage, before.serial)
        .unwrap();
    drop(locked);
    assert_eq!(kept(&store, &before), []);
    assert_eq!(read(&store), before);
    let mut locked = take(&ground.open()).unwrap();
    locked.commit(intent(2)).unwrap();
    locked.compact().unwrap();
    let versions = kept(&store, &before);
    assert_eq!(versions.len(), 2);
    assert_eq!(
        (versions[1].serial, &versions[1].written),
        (before.serial, &None)
    );
    assert_eq!(version(&store, &before, before.serial), Some(before));
}
