//! Versions: what was kept comes back, under a later serial, and nothing else is touched.

use std::fs;

use proptest::prelude::*;

use super::{begun, open};
use crate::state::sample::history;
use crate::state::{Serial, State};

/// What a person means by the same state: everything but when it was written.
fn content(state: &State) -> State {
    State {
        serial: Serial(0),
        ..state.clone()
    }
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
        let versions = store.versions(&latest.lineage).unwrap();
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
