//! An encrypted state keeps every promise of a plain one, and its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Diagnose;
use crate::state::sample::history;
use crate::store::{Opening, Rekeyed, Sealing};

/// A directory with key files.
struct Room(tempfile::TempDir);

impl Room {
    fn new() -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        for byte in [1, 2] {
            let path = room.path(&format!("key{byte}"));
            fs::write(&path, [byte; 32]).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path(".sindri").join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap_or_default()
    }

    /// The world in which the present and the old key are these; zero is none.
    fn world(&self, key: u8, old: u8) -> World {
        let named = |name: &str, key: u8| {
            let path = self.path(&format!("key{key}")).display().to_string();
            (key > 0).then(|| (name.to_owned(), path))
        };
        let variables = named("SINDRI_STATE_KEY_FILE", key)
            .into_iter()
            .chain(named("SINDRI_STATE_OLD_KEY_FILE", old));
        World {
            environment: Arc::new(Environment::of(variables)),
            random: Arc::new(Random::system()),
            ..world()
        }
    }

    fn store(&self, key: u8) -> Store {
        Store::local(&self.path(".sindri"), &self.world(key, 0))
    }

    /// What reading with this key ends in.
    fn code(&self, key: u8) -> String {
        let error = self.store(key).read().unwrap_err();
        error.diagnose().remove(0).code.to_string()
    }

    fn rekey(&self, key: u8, old: u8, decrypt: bool) -> Result<Rekeyed, StoreError> {
        let world = self.world(key, old);
        let store = Store::local(&self.path(".sindri"), &world);
        let mut locked = store.lock_for(Opening::Rekeying, NOW, &mut |_| {})?;
        let sealing = Sealing::new(&world, Path::new(""), None);
        let done = locked.rekey(&sealing, &world, decrypt, None);
        done.map(|(form, _)| form)
    }

    /// Every file of the store and its history, but for what tells who wrote and writes.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for directory in [self.path(".sindri"), self.file("history")] {
            let entries = fs::read_dir(directory).into_iter().flatten();
            files.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| {
                let name = path.to_string_lossy();
                path.is_file()
                    && ![".gitignore", "lock.json", ".note.json"]
                        .iter()
                        .any(|end| name.ends_with(end))
            }));
        }
        files.sort();
        let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
        files.into_iter().map(read).collect()
    }
}

/// A state with a document, a journal and backups, under this key.
fn full(room: &Room, key: u8) -> State {
    let mut locked = begun(&room.store(key));
    let groups = groups();
    let half = groups.len() / 2;
    for (number, group) in groups.into_iter().enumerate() {
        if number == half / 2 || number == half {
            locked.compact().unwrap();
        }
        locked.commit(group).unwrap();
    }
    locked.state().clone()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn nothing_of_a_state_is_written_in_plaintext() {
    let room = Room::new();
    let state = full(&room, 1);
    let (plain, key) = (Room::new(), room.store(1).fingerprint_key().unwrap());
    full(&plain, 0);
    let words = ["resources", "machine.", "secret.", "hmac:", "operation"];
    for (path, bytes) in plain.files() {
        let readable = words.iter().any(|word| contains(&bytes, word));
        let holds_state = !path.ends_with("key") && !path.ends_with("lock");
        assert_eq!(readable, holds_state, "{}", path.display());
    }
    for (path, bytes) in room.files() {
        for word in words {
            assert!(!contains(&bytes, word), "{word} in {}", path.display());
        }
    }
    assert!(key.is_some());
    assert_eq!(read(&room.store(1)), state);
}

#[test]
fn each_wrong_key_has_its_own_error_and_nothing_is_changed() {
    let (sealed, plain) = (Room::new(), Room::new());
    full(&sealed, 1);
    full(&plain, 0);
    let before = (sealed.files(), plain.files());
    assert_eq!(sealed.code(0), "seal::no-key");
    assert_eq!(sealed.code(2), "seal::wrong-key");
    assert_eq!(plain.code(1), "seal::not-sealed");
    assert!(take(&sealed.store(0)).is_err());
    assert!(take(&sealed.store(2)).is_err());
    assert!(take(&plain.store(1)).is_err());
    assert!(matches!(
        sealed.rekey(2, 0, false),
        Err(StoreError::Sealed { .. })
    ));
    assert!(matches!(
        plain.rekey(0, 1, false),
        Err(StoreError::NoNewKey)
    ));
    assert!((sealed.files(), plain.files()) == before);
}

#[test]
fn swapped_files_are_told_apart() {
    let (one, other, plain) = (Room::new(), Room::new(), Room::new());
    full(&one, 1);
    full(&other, 1);
    full(&plain, 0);
    let outcome = |name: &str, from: &Room| {
        let kept = one.bytes(name);
        fs::write(one.file(name), from.bytes(name)).unwrap();
        let error = take(&one.store(1)).unwrap_err();
        fs::write(one.file(name), kept).unwrap();
        error.diagnose().remove(0).code.to_string()
    };
    assert_eq!(outcome("key", &other), "seal::swapped");
    assert_eq!(outcome("key", &plain), "seal::plaintext");
    assert_eq!(outcome("state.json", &plain), "seal::not-sealed");
    // Whatever else tells them apart: neither is taken for ours.
    assert_ne!(outcome("journal.jsonl", &other), "");
    assert_ne!(outcome("state.json", &other), "");
    let line = |room: &Room| {
        let text = String::from_utf8(room.bytes("journal.jsonl")).unwrap();
        let mut lines = text.lines();
        (
            lines.next().unwrap().to_owned(),
            lines.next().unwrap().to_owned(),
        )
    };
    let mixed = |group: &str| {
        let kept = one.bytes("journal.jsonl");
        fs::write(
            one.file("journal.jsonl"),
            format!("{}\n{group}\n", line(&one).0),
        )
        .unwrap();
        let code = one.code(1);
        fs::write(one.file("journal.jsonl"), kept).unwrap();
        code
    };
    assert_eq!(mixed(&line(&plain).1), "seal::plaintext");
    assert_eq!(mixed(&line(&other).1), "seal::other-data-key");
    take(&one.store(1)).unwrap();
}

#[test]
fn no_byte_changes_unnoticed() {
    let room = Room::new();
    let mut locked = begun(&room.store(1));
    for group in history(&[2, 5, 6, 9]) {
        locked.commit(group).unwrap();
    }
    drop(locked);
    for name in ["state.json", "journal.jsonl", "key"] {
        let whole = room.bytes(name);
        let length = whole.len() - whole.iter().rev().take_while(|byte| **byte == 0).count();
        // The layout has its own tests, byte for byte; these are slow, since damage is read again.
        for at in (0..length).step_by(11) {
            let mut changed = whole.clone();
            changed[at] ^= 0x11;
            fs::write(room.file(name), changed).unwrap();
            assert!(take(&room.store(1)).is_err(), "{name}, byte {at}");
        }
        fs::write(room.file(name), whole).unwrap();
    }
    take(&room.store(1)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_cut_journal_reads_as_a_prefix_and_is_continued(
        seeds in prop::collection::vec(any::<u8>(), 1..12),
    ) {
        let room = Room::new();
        let mut locked = begun(&room.store(1));
        let groups = history(&seeds);
        let states = commit_all(&mut locked, groups);
        drop(locked);
        let whole = room.bytes("journal.jsonl");
        for length in (0..whole.len()).step_by(whole.len() / 25 + 1) {
            fs::write(room.file("journal.jsonl"), &whole[..length]).unwrap();
            let found = read(&room.store(1));
            prop_assert!(states.contains(&found), "cut at {length}");
            let locked = take(&room.store(1)).unwrap();
            prop_assert_eq!(locked.state(), &found);
        }
    }
}

#[test]
fn a_state_is_encrypted_rotated_and_decrypted_and_stays_what_it_is() {
    let room = Room::new();
    let state = full(&room, 0);
    let key = room.store(0).fingerprint_key().unwrap().unwrap();
    let same = |key_number: u8| {
        let store = room.store(key_number);
        let found = read(&store);
        assert_eq!(found.resources, state.resources);
        assert_eq!(found.lineage, state.lineage);
        let now = store.fingerprint_key().unwrap().unwrap();
        assert_eq!(now.fingerprint("A", b"v"), key.fingerprint("A", b"v"));
        found.serial
    };
    let mut last = state.serial;
    for (key, old, decrypt, done, readable) in [
        (1, 0, false, Rekeyed::Encrypted, 1),
        (2, 1, false, Rekeyed::Rotated, 2),
        (2, 0, false, Rekeyed::Rotated, 2),
        (2, 0, true, Rekeyed::Decrypted, 0),
    ] {
        assert_eq!(room.rekey(key, old, decrypt).unwrap(), done);
        let serial = same(readable);
        assert_eq!(serial, last.next());
        last = serial;
        let sealed = readable > 0;
        for (path, bytes) in room.files() {
            if path.ends_with("lock") || path.to_string_lossy().contains("journal") {
                continue;
            }
            assert_eq!(
                bytes.starts_with(b"{\"sealed\""),
                sealed,
                "{}",
                path.display()
            );
        }
        begun(&room.store(readable)).compact().unwrap();
    }
}

#[test]
fn an_interrupted_change_of_form_is_finished_by_the_next_and_refused_by_all_else() {
    for (key, old, decrypt) in [(1, 0, false), (2, 1, false), (1, 0, true)] {
        let room = Room::new();
        let began = u8::from(old > 0 || decrypt);
        let state = full(&room, began);
        let before = [room.bytes("state.json"), room.bytes("journal.jsonl")];
        room.rekey(key, old, decrypt).unwrap();
        // Killed between the key and the document.
        fs::write(room.file("state.json"), &before[0]).unwrap();
        fs::write(room.file("journal.jsonl"), &before[1]).unwrap();
        let reader = if decrypt { 0 } else { key };
        // With the keys that the change was made with; with one alone the other is missing.
        let both = Store::local(&room.path(".sindri"), &room.world(key, old));
        let error = take(&both).unwrap_err();
        let found = error.diagnose().remove(0);
        assert!(
            found.help.unwrap().contains("state rekey"),
            "{}",
            found.code
        );
        assert!(take(&room.store(reader)).is_err());
        room.rekey(key, old, decrypt).unwrap();
        assert_eq!(read(&room.store(reader)).resources, state.resources);
        take(&room.store(reader)).unwrap();
    }
}

#[test]
fn a_key_made_for_a_state_that_was_never_begun_is_used() {
    // As a command leaves it that is killed between the key and the first document.
    let killed = |room: &Room, key| {
        drop(begun(&room.store(key)));
        fs::remove_file(room.file("state.json")).unwrap();
    };
    let room = Room::new();
    killed(&room, 1);
    let key = room.bytes("key");
    let lineage = begun(&room.store(1)).state().lineage.clone();
    assert_eq!(room.bytes("key"), key);
    assert_eq!(read(&room.store(1)).lineage, lineage);
    // One that was made in plaintext isn't kept for an encrypted state.
    let room = Room::new();
    killed(&room, 0);
    drop(begun(&room.store(1)));
    assert_eq!(room.code(0), "seal::no-key");
    take(&room.store(1)).unwrap();
}
