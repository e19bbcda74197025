//! Damaged, lost, foreign and newer files, and what people read about them.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Diagnose;
use crate::state::sample::history;

/// A store with a compacted document, a journal after it, and both backups.
fn full(room: &Path) -> (Store, State) {
    let store = open(room);
    let mut locked = begun(&store);
    let groups = groups();
    let half = groups.len() / 2;
    for (number, group) in groups.into_iter().enumerate() {
        if number == half / 2 || number == half {
            locked.compact().unwrap();
        }
        locked.commit(group).unwrap();
    }
    let state = locked.state().clone();
    drop(locked);
    (store, state)
}

/// What a person reads of an error, the room's path removed.
fn told(room: &Path, error: &StoreError) -> String {
    let finding = error.diagnose().remove(0);
    let mut text = format!("{}\n{}\n", finding.code, finding.summary);
    for cause in &finding.causes {
        text.push_str("because ");
        text.push_str(cause);
        text.push('\n');
    }
    text.push_str(&finding.help.unwrap());
    text.replace(&format!("{}/", room.display()), "")
}

fn spoil(room: &Path, name: &str, change: impl FnOnce(String) -> String) {
    let path = room.join(".sindri").join(name);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, change(text)).unwrap();
}

/// Both doors must refuse, and neither may change the file.
fn refused(room: &Path, store: &Store, name: &str) -> String {
    let path = room.join(".sindri").join(name);
    let before = fs::read(&path).ok();
    let error = store.read().unwrap_err();
    let text = told(room, &error);
    assert_eq!(told(room, &take(store).unwrap_err()), text);
    assert_eq!(fs::read(&path).ok(), before);
    text
}

#[test]
fn a_truncated_document_is_refused_and_its_backup_brings_all_of_it_back() {
    let room = tempfile::tempdir().unwrap();
    let (store, state) = full(room.path());
    spoil(room.path(), "state.json", |text| {
        text[..text.len() / 2].to_owned()
    });
    let text = refused(room.path(), &store, "state.json");
    insta::assert_snapshot!(text.lines().take(3).collect::<Vec<_>>().join("\n"), @r"
    store::damaged
    `.sindri/state.json` is damaged
    because the state is damaged or cut off
    ");
    insta::assert_snapshot!(text.lines().last().unwrap(), @"copy `state.json.backup` over `state.json`: together with `journal.jsonl.backup` and `journal.jsonl`, which are read with it, nothing is lost");
    // As the help says.
    let file = |name: &str| room.path().join(".sindri").join(name);
    fs::copy(file("state.json.backup"), file("state.json")).unwrap();
    assert_eq!(read(&store), state);
    let mut locked = take(&store).unwrap();
    assert_eq!(*locked.state(), state);
    locked.compact().unwrap();
    assert_eq!(read(&store), state);
}

#[test]
fn a_lost_document_is_not_a_new_state() {
    let room = tempfile::tempdir().unwrap();
    let (store, state) = full(room.path());
    fs::remove_file(room.path().join(".sindri/state.json")).unwrap();
    insta::assert_snapshot!(refused(room.path(), &store, "state.json"), @r"
    store::gone
    `.sindri/state.json` is gone, but what belongs to it is there
    copy `state.json.backup` over `state.json`: together with `journal.jsonl.backup` and `journal.jsonl`, which are read with it, nothing is lost
    ");
    let file = |name: &str| room.path().join(".sindri").join(name);
    fs::copy(file("state.json.backup"), file("state.json")).unwrap();
    assert_eq!(read(&store), state);
}

#[test]
fn an_edited_document_is_refused() {
    let room = tempfile::tempdir().unwrap();
    let (store, _) = full(room.path());
    spoil(room.path(), "state.json", |text| {
        text.replacen("debian:12", "debian:13", 1)
    });
    insta::assert_snapshot!(refused(room.path(), &store, "state.json"), @r"
    store::damaged
    `.sindri/state.json` is damaged
    because the state doesn't match its own checksum
    copy `state.json.backup` over `state.json`: together with `journal.jsonl.backup` and `journal.jsonl`, which are read with it, nothing is lost
    ");
}

#[test]
fn newer_formats_are_refused() {
    let room = tempfile::tempdir().unwrap();
    let (store, _) = full(room.path());
    spoil(room.path(), "journal.jsonl", |text| {
        text.replacen("\"journal\":2", "\"journal\":3", 1)
    });
    insta::assert_snapshot!(refused(room.path(), &store, "journal.jsonl"), @r"
    store::newer
    `.sindri/journal.jsonl` was written by a newer version of sindri
    it has format 3; use the version of sindri that wrote it, or a later one
    ");
    spoil(room.path(), "state.json", |_| {
        r#"{"version":7,"else":[]}"#.into()
    });
    insta::assert_snapshot!(refused(room.path(), &store, "state.json"), @r"
    store::newer
    `.sindri/state.json` was written by a newer version of sindri
    it has format 7; use the version of sindri that wrote it, or a later one
    ");
}

#[test]
fn a_damaged_line_is_refused_by_its_number() {
    let room = tempfile::tempdir().unwrap();
    let (store, _) = full(room.path());
    spoil(room.path(), "journal.jsonl", |text| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[2] =
            lines[2]
                .replacen("generation", "generatiom", 1)
                .replacen("operation", "operatiom", 1);
        lines.join("\n") + "\n"
    });
    insta::assert_snapshot!(refused(room.path(), &store, "journal.jsonl"), @r"
    store::damaged
    `.sindri/journal.jsonl` is damaged
    because line 3 of the journal is damaged
    restore the file from a backup of yours; or keep a copy of it and cut it off before the damage: then sindri no longer knows what was done from there on, and what was made is left behind
    ");
}

#[test]
fn files_of_different_moments_and_states_are_refused() {
    let room = tempfile::tempdir().unwrap();
    let (store, _) = full(room.path());
    let file = |name: &str| room.path().join(".sindri").join(name);
    fs::copy(file("state.json.backup"), file("state.json")).unwrap();
    fs::remove_file(file("journal.jsonl.backup")).unwrap();
    let text = refused(room.path(), &store, "state.json");
    assert!(
        text.starts_with("store::gap\n`.sindri/state.json` ends at write "),
        "{text}"
    );
    let other = tempfile::tempdir().unwrap();
    let mut foreign = Store::local(
        &other.path().join(".sindri"),
        &World {
            random: Arc::new(Random::system()),
            ..world()
        },
    )
    .lock(NOW, &mut |_| {})
    .unwrap();
    foreign.initialise("dev").unwrap();
    fs::copy(other.path().join(".sindri/state.json"), file("state.json")).unwrap();
    let text = refused(room.path(), &store, "state.json");
    assert!(text.starts_with("store::other-lineage\n"), "{text}");
}

#[test]
fn a_damaged_key_and_a_file_in_the_way_are_refused() {
    let room = tempfile::tempdir().unwrap();
    let (store, _) = full(room.path());
    fs::write(room.path().join(".sindri/key"), b"short").unwrap();
    let error = take(&store).unwrap_err();
    insta::assert_snapshot!(told(room.path(), &error), @r"
    store::damaged
    `.sindri/key` is damaged
    because the key has 5 bytes instead of 32
    restore the file, or remove it: a new one is made, and every secret is delivered once more
    ");
    let room = tempfile::tempdir().unwrap();
    fs::write(room.path().join(".sindri"), b"").unwrap();
    let store = open(room.path());
    insta::assert_snapshot!(refused(room.path(), &store, "state.json"), @r"
    store::not-a-directory
    `.sindri` is not a directory
    move it away; sindri keeps its state there
    ");
}

#[test]
fn a_held_lock_says_who_holds_it() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let _holder = begun(&store);
    let text = told(room.path(), &take(&store).unwrap_err())
        .replace(&crate::sys::host_name(), "HOST")
        .replace(&std::process::id().to_string(), "PID");
    insta::assert_snapshot!(text, @r"
    store::held
    the state is locked by `apply` of ada on HOST
    process PID has held it since 2026-01-02T03:04:05Z; wait for it, or give it time with `--lock-timeout`
    ");
}

#[test]
fn a_journal_that_lost_bytes_is_not_written_to() {
    let room = tempfile::tempdir().unwrap();
    let store = open(room.path());
    let mut locked = begun(&store);
    let mut groups = groups().into_iter();
    locked.commit(groups.next().unwrap()).unwrap();
    let before = locked.state().clone();
    drop(locked);
    let mut locked = take(&store).unwrap();
    let path = room.path().join(".sindri/journal.jsonl");
    let journal = fs::read(&path).unwrap();
    fs::write(&path, &journal[..20]).unwrap();
    let next = groups.next().unwrap();
    insta::assert_snapshot!(told(room.path(), &locked.commit(next.clone()).unwrap_err()), @r"
    store::io
    can't access `.sindri/journal.jsonl`
    because it was cut by somebody else
    see that the directory of the store can be read and written
    ");
    assert_eq!(*locked.state(), before);
    fs::write(&path, &journal).unwrap();
    locked.commit(next).unwrap();
    assert_eq!(read(&store), *locked.state());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_next_writer_cuts_a_torn_tail_off_and_goes_on(
        choices in proptest::collection::vec(any::<u8>(), 2..10)
    ) {
        let groups = history(&choices);
        let room = tempfile::tempdir().unwrap();
        let store = open(room.path());
        let mut locked = begun(&store);
        let states = commit_all(&mut locked, groups.clone());
        drop(locked);
        let path = room.path().join(".sindri/journal.jsonl");
        let journal = fs::read(&path).unwrap();
        for at in (0..journal.len()).step_by(7) {
            fs::write(&path, &journal[..at]).unwrap();
            let lines = journal[..at].split(|byte| *byte == b'\n').count() - 1;
            let whole = lines.saturating_sub(1);
            prop_assert_eq!(&read(&store), &states[whole]);
            let mut locked = take(&store).unwrap();
            prop_assert_eq!(locked.state(), &states[whole]);
            for group in &groups[whole..] {
                locked.commit(group.clone()).unwrap();
            }
            prop_assert_eq!(&read(&store), states.last().unwrap());
            prop_assert_eq!(locked.state(), states.last().unwrap());
        }
    }
}
