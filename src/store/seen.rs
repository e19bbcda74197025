//! The high-water mark: how far a state had come when this host last saw it.
//!
//! A state put back to an older snapshot looks sound by itself. So the number of the last document
//! that was read or written is kept outside of the store, in a small file of the user's for each
//! place and lineage. Documents only: what a journal holds may still be taken back.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::reading::Loaded;
use crate::diagnostic::Code;
use crate::digest::Digest;
use crate::seal::is_sealed;
use crate::state::{Lineage, Location, Serial};
use crate::sys::{Clock, Environment, files};

/// The most bytes read of a mark.
const MOST: u64 = 4096;

/// How many bytes at each end of a document tell it from others: its checksum is among the first
/// where it is plain, its seal among the last where it isn't.
const ENDS: usize = 512;

/// The newest layout of a mark.
const VERSION: u32 = 1;

/// Where the marks of one place are kept.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    directory: PathBuf,
    place: String,
    clock: Clock,
}

/// How far a state had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    version: u32,
    lineage: Lineage,
    /// The place, for people who look into the file.
    place: String,
    /// The highest number of a document.
    pub(super) serial: Serial,
    /// Which document that was.
    document: String,
    /// When it was seen.
    when: Timestamp,
}

/// Why a state isn't what it should have become since it was last seen.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// It is older.
    #[error(
        "the state in `{}` is at write {found}, but this host has seen write {seen} there",
        store.display()
    )]
    RolledBack {
        /// The place.
        store: PathBuf,
        /// What it is at.
        found: Serial,
        /// What was seen.
        seen: Serial,
        /// When.
        when: Timestamp,
    },
    /// The same number, and something else.
    #[error(
        "write {serial} of the state in `{}` isn't the one that this host has seen there",
        store.display()
    )]
    Forked {
        /// The place.
        store: PathBuf,
        /// The number.
        serial: Serial,
        /// When the other one was seen.
        when: Timestamp,
    },
}

impl SeenError {
    pub(super) fn code(&self) -> Code {
        Code::new(match self {
            Self::RolledBack { .. } => "store::rolled-back",
            Self::Forked { .. } => "store::forked",
        })
    }

    pub(super) fn advice(&self) -> String {
        let (Self::RolledBack { when, .. } | Self::Forked { when, .. }) = self;
        format!(
            "that was {when}; if nobody put an older copy there on purpose, put the newer one \
             back; if somebody did, `sindri state accept` goes on from what is there, and \
             `sindri adopt` then lists what was made since"
        )
    }
}

/// Where a user's marks are kept; none where the environment names no place for them.
pub(super) fn directory(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name: &str, below: &str| {
        let path = Path::new(environment.get(name)?);
        path.is_absolute().then(|| path.join(below))
    };
    absolute("XDG_STATE_HOME", "sindri/seen")
        .or_else(|| absolute("HOME", ".local/state/sindri/seen"))
}

/// The imprint of every encrypted document: a change of key rewrites it under its number.
const SEALED: &str = "sealed";

/// What tells a document from any other of the same number; costs the same whatever its length.
pub(super) fn imprint(document: &[u8]) -> String {
    if is_sealed(document) {
        return SEALED.to_owned();
    }
    let end = document.len().saturating_sub(ENDS);
    let mut ends = document[..document.len().min(ENDS)].to_vec();
    ends.extend_from_slice(&document[end..]);
    ends.extend_from_slice(&document.len().to_le_bytes());
    Digest::of_bytes(&ends).as_str().to_owned()
}

impl Seen {
    pub(super) fn new(directory: PathBuf, place: &Location, clock: Clock) -> Self {
        Self {
            directory,
            place: place.to_string(),
            clock,
        }
    }

    fn file(&self, lineage: &Lineage) -> PathBuf {
        let name = Digest::of_bytes(format!("{lineage} {}", self.place).as_bytes());
        let name = name.as_str().trim_start_matches("sha256:");
        self.directory.join(format!("{}.json", &name[..32]))
    }

    /// What was last seen of a lineage; none also where the file can't be read or is damaged.
    pub(super) fn mark(&self, lineage: &Lineage) -> Option<Mark> {
        let bytes = files::read_limited(&self.file(lineage), MOST).ok()?;
        let mark: Mark = serde_json::from_slice(&bytes).ok()?;
        let ours = mark.version == VERSION && mark.lineage == *lineage && mark.place == self.place;
        ours.then_some(mark)
    }

    /// Whether this host has seen a lineage in some place.
    pub(super) fn knows(&self, place: &Location, lineage: &Lineage) -> bool {
        let there = Self::new(self.directory.clone(), place, self.clock);
        there.mark(lineage).is_some()
    }

    /// Refuses a state that went back, and notes how far it has come.
    pub(super) fn check(&self, store: &Path, loaded: &Loaded) -> Result<(), StoreError> {
        let lineage = &loaded.state.lineage;
        let serial = loaded.state.serial;
        let document = (loaded.document_serial, loaded.imprint.as_str());
        let Some(mark) = self.mark(lineage) else {
            self.note(lineage, document);
            return Ok(());
        };
        let store = store.to_owned();
        if serial < mark.serial {
            return Err(StoreError::Seen(SeenError::RolledBack {
                store,
                found: serial,
                seen: mark.serial,
                when: mark.when,
            }));
        }
        let other = document.0 == mark.serial && document.1 != mark.document;
        if other && [document.1, mark.document.as_str()].contains(&SEALED) {
            self.note(lineage, document);
            return Ok(());
        }
        if other {
            return Err(StoreError::Seen(SeenError::Forked {
                store,
                serial: mark.serial,
                when: mark.when,
            }));
        }
        if document.0 > mark.serial {
            self.note(lineage, document);
        }
        Ok(())
    }

    /// Notes a document; a mark that can't be kept is no error, it only protects less.
    pub(super) fn note(&self, lineage: &Lineage, (serial, document): (Serial, &str)) {
        let mark = Mark {
            version: VERSION,
            lineage: lineage.clone(),
            place: self.place.clone(),
            serial,
            document: document.to_owned(),
            // Whole seconds are enough for people.
            when: Timestamp::from_second(self.clock.now().as_second()).unwrap_or_default(),
        };
        let Ok(mut bytes) = serde_json::to_vec(&mark) else {
            return;
        };
        bytes.push(b'\n');
        let kept = files::create_private_dir_all(&self.directory)
            .and_then(|()| files::write_atomic(&self.file(lineage), &bytes, 0o600, false));
        kept.unwrap_or_default();
    }
}
