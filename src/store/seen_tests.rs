//! States that went back since this host last saw them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::memory::InMemory;

use super::contract_tests::{NOW, begun, intent, read, take};
use super::object::Object;
use super::{Opening, Place, Store, StoreError};
use crate::diagnostic::Diagnose;
use crate::state::{Serial, State};
use crate::sys::{Environment, World};

/// The world of one host, whose user keeps state in a directory.
fn host(directory: &Path) -> World {
    let variable = ("XDG_STATE_HOME".to_owned(), directory.display().to_string());
    World {
        environment: Arc::new(Environment::of([variable])),
        ..World::real()
    }
}

fn bucket(client: &InMemory, world: &World) -> Store {
    // The objects are shared with the clone: only a fork parts from them.
    let medium = Object::new(Arc::new(client.clone()), "dev", "memory://bucket/dev").unwrap();
    let place = Place::parse("s3://bucket/dev", Path::new("/")).unwrap();
    Store::on(Arc::new(medium), world).remembering(&place.location())
}

fn local(directory: &Path, world: &World) -> Store {
    let place = Place::Local(directory.to_owned());
    place.open(world).unwrap().remembering(&place.location())
}

fn code(error: &StoreError) -> String {
    error.diagnose()[0].code.as_str().to_owned()
}

/// A write that a command ends with.
fn written(store: &Store, number: u64) -> State {
    let mut locked = take(store).unwrap();
    locked.initialise("dev").unwrap();
    let serial = Serial(number);
    let state = State {
        serial,
        ..locked.state().clone()
    };
    locked.replace(state.clone()).unwrap();
    state
}

fn accept(store: &Store) -> Serial {
    let mut locked = store
        .lock_for(Opening::Accepting, NOW, &mut |_| {})
        .unwrap();
    let state = locked.state().clone();
    let seen = locked.last_seen(&state.lineage).unwrap();
    let serial = state.serial.max(seen).next();
    locked.replace(State { serial, ..state }).unwrap();
    serial
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_directory_put_back_to_an_older_copy_is_refused() {
    let room = tempfile::tempdir().unwrap();
    let world = host(&room.path().join("home"));
    let [place, kept] = ["state", "kept"].map(|name| room.path().join(name));
    let store = local(&place, &world);
    written(&store, 3);
    copy(&place, &kept);
    written(&store, 5);
    std::fs::remove_dir_all(&place).unwrap();
    copy(&kept, &place);
    assert_eq!(code(&store.read().unwrap_err()), "store::rolled-back");
    assert_eq!(code(&take(&store).unwrap_err()), "store::rolled-back");
    assert_eq!(
        code(&store.without_lock("apply").unwrap_err()),
        "store::rolled-back"
    );
    // Refused, and as it was.
    assert_eq!(read(&local(&place, &World::real())).serial, Serial(3));
    // Another user of the host, or another host, has seen nothing.
    let other = host(&room.path().join("other"));
    assert_eq!(read(&local(&place, &other)).serial, Serial(3));
    assert_eq!(accept(&store), Serial(6));
    assert_eq!(read(&store).serial, Serial(6));
    written(&store, 7);
}

#[test]
fn a_bucket_put_back_to_an_older_copy_is_refused_by_readers_too() {
    let room = tempfile::tempdir().unwrap();
    let [ours, theirs] = ["ours", "theirs"].map(|name| host(&room.path().join(name)));
    let client = InMemory::new();
    written(&bucket(&client, &theirs), 3);
    let old = client.fork();
    written(&bucket(&client, &theirs), 5);
    // This host only ever reads.
    let before = read(&bucket(&client, &ours));
    assert_eq!(before.serial, Serial(5));
    let error = bucket(&old, &ours).read().unwrap_err();
    assert_eq!(code(&error), "store::rolled-back");
    // What goes on from there is later for everybody.
    assert_eq!(accept(&bucket(&old, &theirs)), Serial(6));
    assert_eq!(read(&bucket(&old, &ours)).serial, Serial(6));
}

#[test]
fn the_same_number_with_other_content_is_refused() {
    let room = tempfile::tempdir().unwrap();
    let world = host(&room.path().join("home"));
    let client = InMemory::new();
    written(&bucket(&client, &world), 3);
    let fork = client.fork();
    written(&bucket(&client, &world), 5);
    let elsewhere = host(&room.path().join("elsewhere"));
    let store = bucket(&fork, &elsewhere);
    let mut locked = take(&store).unwrap();
    let other = State {
        project: "other".into(),
        serial: Serial(5),
        ..locked.state().clone()
    };
    locked.replace(other).unwrap();
    drop(locked);
    let error = bucket(&fork, &world).read().unwrap_err();
    assert_eq!(code(&error), "store::forked");
    assert_eq!(accept(&bucket(&fork, &world)), Serial(6));
    assert_eq!(read(&bucket(&fork, &world)).project, "other");
}

/// What a journal holds may be taken back by a full disk: it is never what a mark remembers.
#[test]
fn a_journal_that_was_read_and_taken_back_is_no_going_back() {
    let room = tempfile::tempdir().unwrap();
    let world = host(&room.path().join("home"));
    let place = room.path().join("state");
    let store = local(&place, &world);
    written(&store, 3);
    let mut locked = take(&store).unwrap();
    let journal = place.join("journal.jsonl");
    let before = std::fs::read(&journal).unwrap();
    locked.commit(intent(1)).unwrap();
    assert_eq!(read(&store).serial, Serial(4));
    drop(locked);
    std::fs::write(&journal, before).unwrap();
    assert_eq!(read(&store).serial, Serial(3));
}

#[test]
fn a_mark_is_private_and_one_that_cannot_be_read_or_kept_harms_nobody() {
    let room = tempfile::tempdir().unwrap();
    let home = room.path().join("home");
    let world = host(&home);
    let store = local(&room.path().join("state"), &world);
    written(&store, 3);
    let directory = home.join("sindri/seen");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<_> = std::fs::read_dir(&directory).unwrap().collect();
    assert_eq!(files.len(), 1);
    let file = files[0].as_ref().unwrap().path();
    assert_eq!(mode(&file), 0o600);
    for damaged in [b"".as_slice(), b"{", b"\xff\0"] {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(read(&store).serial, Serial(3));
        assert!(
            std::fs::read(&file)
                .unwrap()
                .starts_with(b"{\"version\":1,")
        );
    }
    std::fs::remove_dir_all(&home).unwrap();
    std::fs::write(&home, b"").unwrap();
    assert_eq!(read(&store).serial, Serial(3));
    written(&store, 4);
    drop(begun(&local(&room.path().join("nobody"), &World::real())));
}

/// Bar: 0.2 ms beside a plan of 10 ms.
#[test]
fn looking_at_a_mark_costs_next_to_nothing() {
    let room = tempfile::tempdir().unwrap();
    let world = host(&room.path().join("home"));
    let [marked, bare] = [true, false].map(|marks| {
        let place = Place::Local(room.path().join("state"));
        let store = place.open(&world).unwrap();
        if marks {
            store.remembering(&place.location())
        } else {
            store
        }
    });
    written(&marked, 3);
    let fastest = |store: &Store| {
        let once = || {
            let began = Instant::now();
            read(store);
            began.elapsed()
        };
        (0..200).map(|_| once()).min().unwrap()
    };
    let (with, without) = (fastest(&marked), fastest(&bare));
    assert!(
        with < without + Duration::from_micros(200),
        "{with:?} with a mark, {without:?} without"
    );
}
