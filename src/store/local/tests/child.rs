//! What only other processes can show: killed holders, contention, a full disk.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;

const ROOM: &str = "SINDRI_TEST_STORE";

/// Runs one of the tests below that wait for a room, in a process of its own.
fn command(program: &str, first: &[&str], test: &str, room: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(first)
        .args(["--exact", &format!("store::local::tests::child::{test}")])
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .env(ROOM, room)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

fn this() -> String {
    std::env::current_exe()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

fn start(test: &str, room: &Path) -> Child {
    command(&this(), &[], test, room).spawn().unwrap()
}

/// The room a child was given; none where the test runs by itself.
fn room() -> Option<PathBuf> {
    Environment::of_process().get(ROOM).map(PathBuf::from)
}

fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{} never came",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "a child of the tests below"]
fn holds_the_lock_and_commits_until_killed() {
    let Some(room) = room() else { return };
    let mut locked = begun(&open(&room));
    fs::write(room.join("ready"), b"").unwrap();
    let from = usize::try_from(locked.state().serial.0).unwrap();
    for number in from.. {
        locked
            .commit(speed::life_of_from(number * 4, 4).collect())
            .unwrap();
        if number % 5 == 0 {
            locked.compact().unwrap();
        }
    }
}

#[test]
fn a_killed_holder_leaves_no_lock_and_a_whole_state() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut last = 0;
    for round in 0..12 {
        let ready = room.path().join("ready");
        let mut child = start("holds_the_lock_and_commits_until_killed", room.path());
        wait_for(&ready);
        assert!(matches!(take(&store), Err(StoreError::Held(_))));
        std::thread::sleep(Duration::from_millis(7 * round));
        let seen = read(&store);
        child.kill().unwrap();
        child.wait().unwrap();
        fs::remove_file(ready).unwrap();
        let locked = take(&store).unwrap();
        assert!(
            locked.state().serial >= seen.serial,
            "what was read is still there"
        );
        assert!(locked.state().serial.0 >= last);
        assert_eq!(
            locked.state().serial.0 % 8,
            0,
            "a group is whole or not there"
        );
        last = locked.state().serial.0;
        assert_eq!(read(&store), *locked.state());
    }
    assert!(last > 0);
    let names = fs::read_dir(room.path().join(".sindri")).unwrap();
    let left = names.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".tmp")
    });
    assert_eq!(left.count(), 0, "nothing half-written is left behind");
}

#[test]
#[ignore = "a child of the tests below"]
fn adds_one_twenty_times() {
    let Some(room) = room() else { return };
    let store = open(&room);
    let patient = LockRequest {
        operation: "apply",
        timeout: Duration::from_mins(1),
        given_up: None,
    };
    for _ in 0..20 {
        let mut locked = store.lock(patient, &mut |_| {}).unwrap();
        locked.initialise("dev").unwrap();
        let number = usize::try_from(locked.state().serial.0 / 2).unwrap();
        locked
            .commit(speed::life_of_from(number, 1).collect())
            .unwrap();
        locked.compact().unwrap();
    }
}

#[test]
fn contenders_write_one_at_a_time() {
    let room = tempfile::tempdir().unwrap();
    let children = [0; 3].map(|_| start("adds_one_twenty_times", room.path()));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(read(&open(room.path())).resources.len(), 60);
}

#[test]
#[ignore = "a child of the test below"]
fn meets_a_full_disk() {
    let Some(room) = room() else { return };
    let store = open(&room);
    let mut locked = begun(&store);
    let mut number = 0;
    let error = loop {
        let before = locked.state().clone();
        let Err(error) = locked.commit(speed::life_of_from(number, 3).collect()) else {
            number += 3;
            continue;
        };
        assert_eq!(
            *locked.state(),
            before,
            "nothing of a failed group is applied"
        );
        assert_eq!(read(&store), before, "nothing of a failed group is written");
        break error;
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(number > 0);
    // The document is smaller than its journal: folding makes room, until it has none itself.
    let error = loop {
        match locked.compact() {
            Ok(()) => locked
                .commit(speed::life_of_from(number, 3).collect())
                .unwrap(),
            Err(error) => break error,
        }
        number += 3;
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert_eq!(read(&store), *locked.state());
    // What a failed folding left still takes small things.
    locked
        .commit(speed::life_of_from(number, 1).collect())
        .unwrap();
    assert_eq!(read(&store), *locked.state());
    drop(locked);
    assert_eq!(*take(&store).unwrap().state(), read(&store));
    fs::write(room.join("done"), b"").unwrap();
}

#[test]
fn a_full_disk_loses_nothing() {
    let room = tempfile::tempdir().unwrap();
    // No file may grow beyond 16 blocks; the write that would is cut short, as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
    let status = command(
        "sh",
        &["-c", script, &this()],
        "meets_a_full_disk",
        room.path(),
    )
    .status()
    .unwrap();
    assert!(status.success());
    assert!(room.path().join("done").exists());
    let store = open(room.path());
    let mut locked = take(&store).unwrap();
    let number = locked.state().resources.len();
    assert!(number > 0);
    locked
        .commit(speed::life_of_from(1000, 3).collect())
        .unwrap();
    locked.compact().unwrap();
    assert_eq!(read(&store), *locked.state());
}
