//! What fuzzing feeds: every reader of bytes that come from a disk, a network or another host.
//!
//! Each takes any bytes and must neither panic nor hang; what it reads must be read again alike.
//! Formats with checksums are also fed with the checksum made to fit, to get behind it.

use sindri::address::{Name, NameRule};
use sindri::config::{self, Asking, Overrides, Scope};
use sindri::digest::Digest;
use sindri::plan::PlanFile;
use sindri::seal::{Envelope, Keys, UnlockKey, split_signature};
use sindri::state::{Lineage, read_document, read_journal, write_document};
use sindri::store::LockInfo;

/// The key of everything sealed in the corpus.
pub const KEY: [u8; 32] = [7; 32];

/// A state's document.
pub fn document(bytes: &[u8]) {
    one_document(bytes);
    let fitting = checked(bytes, b"\"check\":\"", b"\",\n\"state\":", b"}\n", |text| {
        Digest::of_bytes(text).as_str().to_owned()
    });
    if let Some(fitting) = fitting {
        one_document(&fitting);
    }
}

fn one_document(bytes: &[u8]) {
    if let Ok(state) = read_document(bytes) {
        let written = write_document(&state).expect("what was read can be written");
        let again = read_document(&written).expect("what was written can be read");
        assert_eq!(again, state);
    }
}

/// A journal.
pub fn journal(bytes: &[u8]) {
    one_journal(bytes);
    let lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            checked(line, b"\"check\":\"", b"\",\"entry\":", b"}\n", |text| {
                short(text)
            })
            .unwrap_or_else(|| line.to_vec())
        })
        .collect();
    one_journal(&lines.concat());
}

fn one_journal(bytes: &[u8]) {
    if let Ok((header, entries, sound)) = read_journal(bytes) {
        // The newline of the last line may be missing.
        assert!(sound <= bytes.len() + 1);
        let again = read_journal(&bytes[..sound.min(bytes.len())]);
        if sound <= bytes.len() && bytes[..sound].ends_with(b"\n") {
            assert_eq!(
                again.expect("the sound part is sound"),
                (header, entries, sound)
            );
        }
    }
}

/// A saved plan, with its signature.
pub fn plan(bytes: &[u8]) {
    one_plan(bytes);
    let fitting = checked(bytes, b"\"check\":\"", b"\",\"body\":", b"}\n", |text| {
        Digest::of_bytes(text).as_str().to_owned()
    });
    if let Some(fitting) = fitting {
        one_plan(&fitting);
    }
}

fn one_plan(bytes: &[u8]) {
    let plan = match split_signature(bytes) {
        Ok(signed) => signed.plan,
        Err(_) => bytes,
    };
    if let Ok(file) = PlanFile::from_bytes(plan) {
        let written = file.to_bytes().expect("what was read can be written");
        let again = PlanFile::from_bytes(&written).expect("what was written can be read");
        assert_eq!(again.plan, file.plan);
        // Whether it is a graph is another question, and must be answered too.
        drop(file.desired());
    }
}

/// Who holds a lock.
pub fn lock_info(bytes: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<LockInfo>(bytes) {
        let written = serde_json::to_vec(&read).expect("what was read can be written");
        let again: LockInfo = serde_json::from_slice(&written).expect("and read again");
        assert_eq!(again, read);
    }
}

/// A configuration that is edited.
pub fn edit(bytes: &[u8]) {
    let Ok(new) = Name::parse(NameRule::Extension, "brand-new") else {
        return;
    };
    let changed = |before: &Asking, wanted: bool| {
        let mut after = before.clone();
        after.names.retain(|name| *name != new);
        after.names.extend(wanted.then(|| new.clone()));
        Ok(after)
    };
    let mut bytes = bytes.to_vec();
    for wanted in [true, false] {
        let asked = &mut |_: &Name, before: &Asking| changed(before, wanted);
        // A file that isn't read, or isn't edited, is left alone.
        let Ok(edited) = config::edit("sindri.yaml", &bytes, &Scope::Every, asked) else {
            return;
        };
        bytes = edited.bytes;
        let (config, _) = config::read_bytes("sindri.yaml", &bytes, Overrides::default());
        let config = config.expect("what was edited can be read");
        for machine in &config.machines {
            let names = &machine.extensions.names;
            assert_eq!(names.iter().any(|one| one.name == new), wanted);
        }
    }
}

/// An envelope, and the lines of a sealed journal.
pub fn sealed(bytes: &[u8]) {
    one_sealed(bytes);
    let Some(at) = find(bytes, b",\"check\":\"") else {
        return;
    };
    let mut fitting = bytes.to_vec();
    let check = short(&bytes[..at]);
    let from = at + b",\"check\":\"".len();
    if let Some(place) = fitting.get_mut(from..from + check.len()) {
        place.copy_from_slice(check.as_bytes());
        one_sealed(&fitting);
    }
}

fn one_sealed(bytes: &[u8]) {
    let keys = Keys::new(UnlockKey::key_file(&KEY).ok(), None);
    let Ok(envelope) = Envelope::read(
        bytes
            .split_inclusive(|b| *b == b'\n')
            .next()
            .unwrap_or_default(),
    ) else {
        return;
    };
    let lineage: Lineage = envelope.lineage().clone();
    if let Ok(vault) = keys.unlock(&envelope) {
        let opened = vault.open(&envelope);
        for line in bytes.split(|byte| *byte == b'\n').skip(1) {
            drop(vault.open_line(&lineage, line));
        }
        drop(opened);
    }
}

fn short(text: &[u8]) -> String {
    Digest::of_bytes(text).as_str()[7..23].to_owned()
}

/// The same bytes with the checksum that fits; none where there is no place for one.
fn checked(
    bytes: &[u8],
    before: &[u8],
    middle: &[u8],
    end: &[u8],
    check: impl Fn(&[u8]) -> String,
) -> Option<Vec<u8>> {
    let from = find(bytes, before)? + before.len();
    let to = find(bytes, middle)?;
    let text = bytes.get(to + middle.len()..)?.strip_suffix(end)?;
    let mut fitting = bytes.get(..from)?.to_vec();
    fitting.extend_from_slice(check(text).as_bytes());
    fitting.extend_from_slice(bytes.get(to..)?);
    Some(fitting)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
