//! Versions: what was kept comes back, under a later serial, and nothing else is touched.

use std::fs;

use proptest::prelude::*;

use super::{begun, commit_all, groups, open};
use crate::state::sample::history;
use crate::state::{Serial, State};

/// What a person means by the same state: everything but when it was written.
fn content(state: &State) -> State {
    State {
        serial: Serial(0),
        ..state.clone()
    }
}

#[test]
fn every_compaction_keeps_a_dated_version() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    let lineage = locked.state().lineage.clone();
    assert_eq!(store.versions(&lineage), []);
    let mut written = Vec::new();
    for group in groups() {
        locked.commit(group).unwrap();
        locked.compact().unwrap();
        written.insert(0, locked.state().clone());
    }
    let versions = store.versions(&lineage);
    let serials: Vec<Serial> = versions.iter().map(|version| version.serial).collect();
    let expected: Vec<Serial> = written.iter().map(|state| state.serial).take(30).collect();
    assert_eq!(serials, expected);
    assert!(versions.iter().all(|version| version.written.is_some()));
    for (version, state) in versions.iter().zip(&written) {
        let kept = store.version(&lineage, version.serial).unwrap().unwrap();
        assert_eq!(kept, *state);
    }
    assert_eq!(store.version(&lineage, Serial(99_999)).unwrap(), None);
}

#[test]
fn a_document_found_without_a_version_is_kept_before_it_is_replaced() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    let mut groups = groups().into_iter();
    locked.commit(groups.next().unwrap()).unwrap();
    locked.compact().unwrap();
    let before = locked.state().clone();
    drop(locked);
    fs::remove_dir_all(room.path().join(".sindri/history")).unwrap();
    let mut locked = begun(&store);
    commit_all(&mut locked, groups.collect());
    locked.compact().unwrap();
    let versions = store.versions(&before.lineage);
    assert_eq!(versions.len(), 2);
    assert_eq!(
        (versions[1].serial, &versions[1].written),
        (before.serial, &None)
    );
    let kept = store.version(&before.lineage, before.serial).unwrap();
    assert_eq!(kept, Some(before));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_restored_version_is_the_old_content_under_a_new_serial(
        choices in proptest::collection::vec(any::<u8>(), 4..40),
        which in any::<usize>(),
        torn in any::<bool>(),
    ) {
        let room = tempfile::tempdir().unwrap();
        let store = open(room.path());
        let mut locked = begun(&store);
        let groups = history(&choices);
        let (first, rest) = groups.split_at(groups.len() / 2);
        for group in first {
            locked.commit(group.clone()).unwrap();
            locked.compact().unwrap();
        }
        for group in rest {
            locked.commit(group.clone()).unwrap();
        }
        let latest = locked.state().clone();
        let journal = room.path().join(".sindri/journal.jsonl");
        let before = fs::read(&journal).unwrap();
        let versions = store.versions(&latest.lineage);
        if let Some(chosen) = versions.get(which % versions.len().max(1)) {
            let old = store.version(&latest.lineage, chosen.serial).unwrap().unwrap();
            locked
                .replace(State { serial: latest.serial.next(), ..old.clone() })
                .unwrap();
            prop_assert_eq!(content(locked.state()), content(&old));
            prop_assert!(locked.state().serial > latest.serial);
            drop(locked);
            if torn {
                // A kill between the new document and its new journal.
                fs::write(&journal, &before).unwrap();
            }
            prop_assert_eq!(content(&store.read().unwrap().unwrap()), content(&old));
            // What was replaced can be had again.
            let kept = store.version(&latest.lineage, latest.serial).unwrap().unwrap();
            prop_assert_eq!(&kept, &latest);
            // And the state goes on from there.
            let mut locked = begun(&store);
            let serial = locked.state().serial;
            let event = crate::state::Event::Renamed { project: "on".to_owned() };
            locked.commit(vec![event]).unwrap();
            drop(locked);
            let read = store.read().unwrap().unwrap();
            prop_assert_eq!((read.project.as_str(), read.serial), ("on", serial.next()));
        }
    }
}
