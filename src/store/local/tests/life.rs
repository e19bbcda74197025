//! A store from its first day on, and readers beside its writer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::state::Serial;

#[test]
fn opening_and_reading_touch_nothing() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    assert_eq!(store.read().unwrap(), None);
    assert!(store.fingerprint_key().unwrap().is_none());
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 0);
}

#[test]
fn a_state_begins_once_and_stays_what_it_is() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = take(&store).unwrap();
    assert!(locked.is_new());
    assert_eq!(store.read().unwrap(), None);
    locked.initialise("dev").unwrap();
    assert!(!locked.is_new());
    let state = locked.state().clone();
    assert_eq!((state.project.as_str(), state.serial), ("dev", Serial(0)));
    assert_eq!(read(&store), state);
    let print = locked.fingerprint_key().fingerprint("A", b"v");
    drop(locked);
    let mut again = take(&store).unwrap();
    again.initialise("other").unwrap();
    assert_eq!(*again.state(), state);
    assert_eq!(again.fingerprint_key().fingerprint("A", b"v"), print);
    let key = store.fingerprint_key().unwrap().unwrap();
    assert_eq!(key.fingerprint("A", b"v"), print);
}

#[test]
fn everything_is_private() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    commit_all(&mut locked, groups());
    locked.compact().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = room.path().join(".sindri");
    assert_eq!(mode(&directory), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    let expected = [
        ".gitignore",
        "history",
        "journal.jsonl",
        "journal.jsonl.backup",
        "key",
        "lock",
        "lock.json",
        "state.json",
        "state.json.backup",
    ];
    assert_eq!(names, expected);
    assert_eq!(fs::read(directory.join(".gitignore")).unwrap(), b"*\n");
}

#[test]
fn what_is_committed_is_read_before_and_after_compaction() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    for group in groups() {
        locked.commit(group).unwrap();
        assert_eq!(read(&store), *locked.state());
    }
    let state = locked.state().clone();
    assert_eq!(state.serial, Serial(256));
    drop(locked);
    let mut locked = take(&store).unwrap();
    assert_eq!(*locked.state(), state);
    locked.compact().unwrap();
    assert_eq!(read(&store), state);
    drop(locked);
    assert_eq!(*take(&store).unwrap().state(), state);
}

#[test]
fn compacting_without_a_change_writes_nothing() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    let written = |name: &str| {
        let path = room.path().join(".sindri").join(name);
        fs::metadata(path).and_then(|m| m.modified()).ok()
    };
    let before = written("state.json");
    locked.commit(Vec::new()).unwrap();
    locked.compact().unwrap();
    assert_eq!(
        (written("state.json"), written("journal.jsonl")),
        (before, None)
    );
}

#[test]
fn events_that_contradict_the_state_are_not_written() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = take(&store).unwrap();
    let ends = groups()
        .concat()
        .into_iter()
        .filter(|event| !matches!(event, Event::Begin(_)));
    let ends: Vec<Event> = ends.collect();
    assert!(matches!(
        locked.commit(ends.clone()),
        Err(StoreError::NotBegun(_))
    ));
    locked.initialise("dev").unwrap();
    let before = locked.state().clone();
    assert!(matches!(
        locked.commit(ends),
        Err(StoreError::Contradiction(_))
    ));
    assert_eq!(*locked.state(), before);
    assert_eq!(read(&store), before);
    commit_all(&mut locked, groups());
    assert_eq!(read(&store), *locked.state());
}

#[test]
fn a_long_run_folds_its_journal_meanwhile() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    let mut events: Vec<Event> = speed::life_of(300).collect();
    for event in &mut events {
        if let Event::Succeeded {
            effect: crate::state::Effect::Put(object),
            ..
        } = event
        {
            object.attributes.set("filler", "x".repeat(20_000));
        }
    }
    for group in events.chunks(20) {
        locked.commit(group.to_vec()).unwrap();
    }
    let size = |name: &str| {
        fs::metadata(room.path().join(".sindri").join(name))
            .unwrap()
            .len()
    };
    assert!(size("state.json") > 4 << 20);
    assert!(size("journal.jsonl") < 4 << 20);
    assert_eq!(read(&store), *locked.state());
}

#[test]
fn a_reader_beside_compactions_sees_no_error_and_never_goes_back() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    let done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let readers = [0, 1].map(|_| {
            scope.spawn(|| {
                let (mut last, mut reads) = (Serial(0), 0);
                while !done.load(Ordering::Relaxed) {
                    let state = read(&store);
                    assert!(state.serial >= last, "{} after {last}", state.serial);
                    last = state.serial;
                    reads += 1;
                }
                reads
            })
        });
        for number in 0..400 {
            locked
                .commit(speed::life_of_from(number % 8 * 4, 2).collect())
                .unwrap();
            if number % 2 == 0 {
                locked.compact().unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
        readers.map(|reader| reader.join().unwrap())
    });
    assert!(reads.iter().all(|count| *count > 20), "{reads:?}");
    assert_eq!(read(&store), *locked.state());
}

#[test]
fn a_second_writer_waits_for_the_first() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let first = begun(&store);
    let held = take(&store).unwrap_err();
    let StoreError::Held(info) = held else {
        panic!("{held}");
    };
    assert_eq!(
        (info.who.as_str(), info.operation.as_str()),
        ("ada", "apply")
    );
    assert_eq!(info.pid, std::process::id());
    let (mut told, patient) = (
        Vec::new(),
        LockRequest {
            operation: "destroy",
            timeout: Duration::from_secs(20),
            given_up: None,
        },
    );
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            store
                .lock(patient, &mut |info| told.push(info.clone()))
                .map(drop)
        });
        std::thread::sleep(Duration::from_millis(150));
        drop(first);
        second.join().unwrap().unwrap();
    });
    assert_eq!(told, [*info], "it tells once whom it waits for");
    assert!(!room.path().join(".sindri/lock.json").exists());
}

#[test]
fn who_gives_up_waiting_ends_at_once_and_leaves_the_lock_to_others() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let first = begun(&store);
    let began = Instant::now();
    let given_up = || began.elapsed() > Duration::from_millis(100);
    let patient = LockRequest {
        timeout: Duration::from_mins(5),
        given_up: Some(&given_up),
        ..NOW
    };
    let mut told = 0;
    let error = store.lock(patient, &mut |_| told += 1).unwrap_err();
    assert!(matches!(error, StoreError::GivenUp), "{error}");
    assert_eq!(told, 1);
    assert!(began.elapsed() < Duration::from_secs(20));
    drop(first);
    take(&store).unwrap();
}

#[test]
fn a_state_that_is_never_begun_leaves_nothing_behind() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let locked = take(&store).unwrap();
    assert!(locked.is_new());
    drop(locked);
    assert!(!room.path().join(".sindri").exists());
    // A directory that somebody else made is theirs.
    std::fs::create_dir(room.path().join(".sindri")).unwrap();
    drop(take(&store).unwrap());
    assert!(room.path().join(".sindri/lock").exists());
    let mut locked = take(&store).unwrap();
    locked.initialise("dev").unwrap();
    let key = locked.fingerprint_key().clone();
    drop(locked);
    let kept = store.fingerprint_key().unwrap().unwrap();
    assert_eq!(
        kept.fingerprint("one", b"value"),
        key.fingerprint("one", b"value")
    );
}

#[test]
fn a_link_that_leads_nowhere_is_no_empty_state() {
    let room = tempfile::tempdir().unwrap();
    let there = room.path().join("disk");
    std::os::unix::fs::symlink(&there, room.path().join(".sindri")).unwrap();
    let store = open(room.path());
    for error in [store.read().unwrap_err(), take(&store).unwrap_err()] {
        assert!(matches!(error, StoreError::LeadsNowhere(_)), "{error}");
    }
    assert!(!there.exists());
    fs::create_dir(&there).unwrap();
    assert_eq!(store.read().unwrap(), None);
    drop(begun(&store));
    assert!(there.join("state.json").exists());
}

/// Whoever removes the directory takes the lock that others wait for with it.
#[test]
fn holders_that_leave_nothing_behind_still_come_one_at_a_time() {
    let room = tempfile::tempdir().unwrap();
    let patient = LockRequest {
        timeout: Duration::from_mins(5),
        ..NOW
    };
    let inside = AtomicBool::new(false);
    let begin_at = 120;
    let taken = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = open(room.path());
                for _ in 0..40 {
                    let mut locked = store.lock(patient, &mut |_| {}).unwrap();
                    assert!(!inside.swap(true, Ordering::SeqCst), "two hold it");
                    let before = taken.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(locked.is_new(), before <= begin_at);
                    if before == begin_at {
                        locked.initialise("dev").unwrap();
                    }
                    inside.store(false, Ordering::SeqCst);
                    drop(locked);
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 160);
    assert_eq!(read(&open(room.path())).project, "dev");
}
