//! From the bytes of a store to the state: the same for every store.

use std::borrow::Cow;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::medium::{Journal, Kept, Medium, Version};
use super::seen::imprint;
use super::{Damage, Form, Opened, Sealing, StoreError};
use crate::digest::FingerprintKey;
use crate::seal::Kind;
use crate::state::{Entry, Lineage, Serial, State, fold, read_group};

/// How often a reading that met a writer's half-done work is tried again before it is believed.
const TRIES: u32 = 4;

/// A state and what it was read from.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) form: Form,
    pub(super) document_length: u64,
    /// The document's own serial.
    pub(super) document_serial: Serial,
    /// How many bytes of the journal are sound; zero where it has no header yet.
    pub(super) journal_length: u64,
    /// How many groups it has.
    pub(super) journal_groups: usize,
    /// Whether the journal holds anything that the document doesn't.
    pub(super) journal_counts: bool,
    /// The version of the document.
    pub(super) version: Option<Version>,
    /// What tells the document from any other of its serial.
    pub(super) imprint: String,
}

impl Loaded {
    /// What is loaded where no state was begun.
    pub(super) fn nothing(lineage: Lineage, form: Form) -> Self {
        Self {
            state: State::new("", lineage),
            form,
            document_length: 0,
            document_serial: Serial(0),
            journal_length: 0,
            journal_groups: 0,
            journal_counts: false,
            version: None,
            imprint: String::new(),
        }
    }
}

/// Reads document and journal.
///
/// Both change while they are read: a writer appends to the journal, takes a failed write back,
/// puts a new document and a new journal in place. What looks wrong is therefore read again, and
/// only believed when it stays wrong.
///
/// While `rekeying`, a plain document is also taken where a key is given.
pub(super) fn load(
    medium: &dyn Medium,
    sealing: &Sealing,
    rekeying: bool,
) -> Result<Option<Loaded>, StoreError> {
    let mut tries = 0;
    loop {
        let error = match medium.load() {
            Ok(None) => return Ok(None),
            Ok(Some(kept)) => match combine(medium, sealing, rekeying, kept) {
                Ok(loaded) => return Ok(Some(loaded)),
                Err(error) => error,
            },
            Err(error) => error,
        };
        tries += 1;
        if tries == TRIES || !error.may_pass() {
            return Err(error);
        }
        sleep(Duration::from_millis(1 << tries));
    }
}

/// Reads the fingerprint key of a state; none where there is none.
pub(super) fn read_key(
    medium: &dyn Medium,
    form: &Form,
    lineage: &Lineage,
) -> Result<Option<FingerprintKey>, StoreError> {
    let Some(kept) = medium.key()? else {
        return Ok(None);
    };
    let path = &medium.names().key;
    parse_key(path, &form.fingerprint_key(path, lineage, &kept)?).map(Some)
}

/// Reads the fingerprint key in whatever form it is, without its state: for readers, and for the key
/// that was made for a state which wasn't begun in the end.
pub(super) fn orphan_key(
    medium: &dyn Medium,
    sealing: &Sealing,
) -> Result<Option<(FingerprintKey, Opened)>, StoreError> {
    let Some(kept) = medium.key()? else {
        return Ok(None);
    };
    let path = &medium.names().key;
    let opened = sealing.open(path, Kind::FingerprintKey, &kept)?;
    Ok(Some((parse_key(path, &opened.bytes)?, opened)))
}

pub(super) fn parse_key(path: &Path, bytes: &[u8]) -> Result<FingerprintKey, StoreError> {
    let key: &[u8; 32] = bytes.try_into().map_err(|_| StoreError::Damaged {
        file: path.to_owned(),
        source: Box::new(Damage::Key(bytes.len())),
    })?;
    Ok(FingerprintKey::new(key))
}

fn combine(
    medium: &dyn Medium,
    sealing: &Sealing,
    rekeying: bool,
    kept: Kept,
) -> Result<Loaded, StoreError> {
    let names = medium.names();
    let (mut state, form) = sealing.document(&names.document, &kept.document, rekeying)?;
    let reading = Reading {
        medium,
        form: &form,
    };
    let (entries, journal_length, journal_groups) = match &kept.journal {
        Journal::Text(text) => reading.text(&mut state, text)?,
        Journal::Lines(lines) => reading.lines(&state.lineage, lines)?,
    };
    let before = state.serial;
    let last = entries.last().map(|entry| entry.sequence);
    fold(&mut state, entries)
        .map_err(|error| StoreError::fold(&names.document, &names.journal, error))?;
    Ok(Loaded {
        journal_counts: state.serial != before,
        state,
        form,
        document_length: kept.document.len() as u64,
        document_serial: before,
        // A journal that ends before the document was left behind when the document was replaced
        // as a whole: nothing can follow in it.
        journal_length: if last.is_some_and(|last| last < before) {
            0
        } else {
            journal_length as u64
        },
        journal_groups,
        version: kept.version,
        imprint: imprint(&kept.document),
    })
}

struct Reading<'a> {
    medium: &'a dyn Medium,
    form: &'a Form,
}

impl Reading<'_> {
    /// Reads a journal that is one text; the state is brought up to where it begins.
    fn text(
        &self,
        state: &mut State,
        text: &[u8],
    ) -> Result<(Vec<Entry>, usize, usize), StoreError> {
        let names = self.medium.names();
        let lines = self.form.lines(&names.journal, &state.lineage, text)?;
        if let Some(header) = lines.header {
            if header.lineage != state.lineage {
                return Err(StoreError::OtherLineage {
                    file: names.journal.clone(),
                    document: state.lineage.clone(),
                    journal: header.lineage,
                });
            }
            if header.after > state.serial {
                self.catch_up(state)?;
            }
            if header.after > state.serial {
                return Err(StoreError::Gap {
                    file: names.document.clone(),
                    document: state.serial,
                    journal: header.after.next(),
                });
            }
        }
        let count = lines.groups.len();
        let entries = entries(&names.journal, &lines.groups)?;
        Ok((entries, lines.sound, count))
    }

    /// Brings a document that a person restored from its backup up to where the journal begins.
    fn catch_up(&self, state: &mut State) -> Result<(), StoreError> {
        let Some((path, bytes)) = self.medium.earlier()? else {
            return Ok(());
        };
        let lines = self.form.lines(&path, &state.lineage, &bytes)?;
        if lines.header.is_some_and(|h| h.lineage == state.lineage) {
            let entries = entries(&path, &lines.groups)?;
            fold(state, entries)
                .map_err(|error| StoreError::fold(&self.medium.names().document, &path, error))?;
        }
        Ok(())
    }

    fn lines(
        &self,
        lineage: &Lineage,
        lines: &[Vec<u8>],
    ) -> Result<(Vec<Entry>, usize, usize), StoreError> {
        let journal = &self.medium.names().journal;
        let mut groups = Vec::with_capacity(lines.len());
        for (number, line) in (1..).zip(lines) {
            groups.push(self.form.line(journal, lineage, number, line)?);
        }
        let entries = entries(journal, &groups)?;
        Ok((entries, lines.iter().map(Vec::len).sum(), lines.len()))
    }
}

fn entries(file: &Path, groups: &[Cow<'_, [u8]>]) -> Result<Vec<Entry>, StoreError> {
    let mut entries: Vec<Entry> = Vec::new();
    for (number, text) in (2..).zip(groups) {
        read_group(text, number, &mut entries).map_err(|error| StoreError::journal(file, error))?;
    }
    Ok(entries)
}
