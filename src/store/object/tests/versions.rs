//! Versions that can't be written, and commands that end on the way to one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::faulty::{Faulty, Trouble};
use super::store_on;
use crate::state::{Serial, State, Version};
use crate::store::contract_tests::{begun, intent, read, take};
use crate::store::{Store, StoreError};

fn kept(store: &Store, state: &State) -> Vec<Version> {
    store.versions(&state.lineage).unwrap()
}

/// The state is what counts: it is recorded, and a person is told that it wasn't kept.
#[test]
fn a_version_that_is_not_permitted_loses_nothing_and_is_told() {
    let client = Arc::new(Faulty::new());
    let store = store_on(&client);
    let mut locked = begun(&store);
    *client.closed.lock().unwrap() = Some("versions");
    locked.commit(intent(1)).unwrap();
    locked.compact().unwrap();
    locked.commit(intent(2)).unwrap();
    locked.compact().unwrap();
    let found = store.unkept();
    assert!(
        matches!(found, Some(StoreError::Denied { .. })),
        "{found:?}"
    );
    assert!(store.unkept().is_none());
    // What would be replaced by hand must be kept first.
    let next = State {
        serial: locked.state().serial.next(),
        ..locked.state().clone()
    };
    let error = locked.replace(next).unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
    let before = locked.state().clone();
    assert_eq!(
        (read(&store), kept(&store, &before)),
        (before.clone(), vec![])
    );
    drop(locked);
    *client.closed.lock().unwrap() = None;
    let mut later = take(&store).unwrap();
    later.commit(intent(3)).unwrap();
    later.compact().unwrap();
    assert!(store.unkept().is_none());
    let serials: Vec<Serial> = kept(&store, &before).iter().map(|v| v.serial).collect();
    assert_eq!(serials, [later.state().serial, before.serial]);
}

/// A command that ends after any of its writes, or whose writes from there on are all unheard of.
#[test]
fn a_command_that_ends_on_the_way_to_its_version_loses_neither_state_nor_version() {
    let mut documents = BTreeSet::new();
    for unheard in [Trouble::RequestLost, Trouble::AnswerLost] {
        for writes in 0..6 {
            let client = Arc::new(Faulty::new());
            let store = store_on(&client);
            let mut locked = begun(&store);
            locked.commit(intent(1)).unwrap();
            locked.compact().unwrap();
            locked.commit(intent(2)).unwrap();
            let last = locked.state().clone();
            let troubles = [vec![Trouble::None; writes], vec![unheard; 40]].concat();
            client.give(&troubles);
            let _ended = locked.compact();
            // What a killed process leaves: it gives nothing back.
            let left = client.copy();
            drop(locked);
            let now = store_on(&left);
            assert_eq!(read(&now), last, "{unheard:?} after {writes}");
            let document = now.medium.document().unwrap().unwrap();
            let document = crate::state::read_document(&document).unwrap().serial.0;
            let id = match take(&now) {
                Err(StoreError::Held(info)) => info.id,
                other => panic!("{other:?} isn't held"),
            };
            now.force_unlock(&id).unwrap();
            let mut next = take(&now).unwrap();
            next.commit(intent(3)).unwrap();
            next.compact().unwrap();
            let serials: Vec<u64> = kept(&now, &last).iter().map(|v| v.serial.0).collect();
            // What never was a document is no version; whatever was one is.
            let mut expected = vec![3, document, 1];
            expected.dedup();
            assert_eq!(serials, expected, "{unheard:?} after {writes}");
            documents.insert(document);
            for serial in serials {
                let version = now.version(&last.lineage, Serial(serial)).unwrap();
                assert_eq!(version.unwrap().pending.len() as u64, serial);
            }
        }
    }
    assert_eq!(documents, BTreeSet::from([1, 2]));
}

/// A version that somebody overwrote with anything else is damaged, and the rest is what it was.
#[test]
fn a_version_that_is_something_else_is_said_to_be_damaged() {
    use object_store::ObjectStoreExt;
    let client = Arc::new(Faulty::new());
    let store = store_on(&client);
    let mut locked = begun(&store);
    for number in 1..=3 {
        locked.commit(intent(number)).unwrap();
        locked.compact().unwrap();
    }
    let last = locked.state().clone();
    let name = super::super::versions::name(&last.lineage, Serial(2));
    let path = format!("team/dev/versions/{name}").as_str().into();
    let (bucket, payload) = (Arc::clone(&client), object_store::PutPayload::from("so"));
    let background = crate::store::background::Background::start().unwrap();
    let put = background.wait(async move { bucket.put(&path, payload).await.map(|_| ()) });
    put.unwrap().unwrap();
    let serials: Vec<u64> = kept(&store, &last).iter().map(|v| v.serial.0).collect();
    assert_eq!(serials, [3, 1]);
    let error = store.version(&last.lineage, Serial(2)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}
