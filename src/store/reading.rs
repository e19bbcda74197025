//! From the bytes of a store to the state: the same for every store.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use zeroize::Zeroizing;

use super::medium::{Journal, Kept, Medium, Version};
use super::{Damage, Envelope, Piece, StoreError};
use crate::digest::FingerprintKey;
use crate::state::{
    Entry, JournalError, Line, Lineage, Serial, State, fold, read_document, read_group, read_line,
    read_lines,
};

/// How often a reading that met a writer's half-done work is tried again before it is believed.
const TRIES: u32 = 4;

/// A state and what it was read from.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) document_length: u64,
    /// How many bytes of the journal are sound; zero where it has no header yet.
    pub(super) journal_length: u64,
    /// How many groups it has.
    pub(super) journal_groups: usize,
    /// Whether the journal holds anything that the document doesn't.
    pub(super) journal_counts: bool,
    /// The version of the document.
    pub(super) version: Option<Version>,
}

impl Loaded {
    /// What is loaded where no state was begun.
    pub(super) fn nothing(lineage: Lineage) -> Self {
        Self {
            state: State::new("", lineage),
            document_length: 0,
            journal_length: 0,
            journal_groups: 0,
            journal_counts: false,
            version: None,
        }
    }
}

/// Reads document and journal.
///
/// Both change while they are read: a writer appends to the journal, takes a failed write back,
/// puts a new document and a new journal in place. What looks wrong is therefore read again, and
/// only believed when it stays wrong.
pub(super) fn load(
    medium: &dyn Medium,
    envelope: Option<&dyn Envelope>,
) -> Result<Option<Loaded>, StoreError> {
    let mut tries = 0;
    loop {
        let reading = Reading { medium, envelope };
        let error = match medium.load() {
            Ok(None) => return Ok(None),
            Ok(Some(kept)) => match reading.combine(kept) {
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

/// Reads the fingerprint key; none where there is none.
pub(super) fn read_key(
    medium: &dyn Medium,
    envelope: Option<&dyn Envelope>,
) -> Result<Option<FingerprintKey>, StoreError> {
    let Some(kept) = medium.key()? else {
        return Ok(None);
    };
    let bytes = match envelope {
        None => kept,
        Some(envelope) => Zeroizing::new(envelope.open(Piece::Key, kept.to_vec())?),
    };
    let key: &[u8; 32] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| StoreError::Damaged {
            file: medium.names().key.clone(),
            source: Box::new(Damage::Key(bytes.len())),
        })?;
    Ok(Some(FingerprintKey::new(key)))
}

struct Reading<'a> {
    medium: &'a dyn Medium,
    envelope: Option<&'a dyn Envelope>,
}

impl Reading<'_> {
    fn combine(&self, kept: Kept) -> Result<Loaded, StoreError> {
        let names = self.medium.names();
        let document_length = kept.document.len() as u64;
        let document = match self.envelope {
            None => kept.document,
            Some(envelope) => envelope.open(Piece::Document, kept.document)?,
        };
        let mut state = read_document(&document)
            .map_err(|error| StoreError::document(&names.document, error))?;
        let (entries, journal_length, journal_groups) = match &kept.journal {
            Journal::Text(text) => self.text(&mut state, text)?,
            Journal::Lines(lines) => self.lines(&state.lineage, lines)?,
        };
        let before = state.serial;
        fold(&mut state, entries)
            .map_err(|error| StoreError::fold(&names.document, &names.journal, error))?;
        Ok(Loaded {
            journal_counts: state.serial != before,
            state,
            document_length,
            journal_length: journal_length as u64,
            journal_groups,
            version: kept.version,
        })
    }

    /// Reads a journal that is one text; the state is brought up to where it begins.
    fn text(
        &self,
        state: &mut State,
        text: &[u8],
    ) -> Result<(Vec<Entry>, usize, usize), StoreError> {
        let names = self.medium.names();
        let lines = read_lines(text).map_err(|error| StoreError::journal(&names.journal, error))?;
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
        let entries = self.entries(&names.journal, &state.lineage, lines.groups)?;
        Ok((entries, lines.sound, count))
    }

    /// Brings a document that a person restored from its backup up to where the journal begins.
    fn catch_up(&self, state: &mut State) -> Result<(), StoreError> {
        let Some((path, bytes)) = self.medium.earlier()? else {
            return Ok(());
        };
        let lines = read_lines(&bytes).map_err(|error| StoreError::journal(&path, error))?;
        if lines.header.is_some_and(|h| h.lineage == state.lineage) {
            let entries = self.entries(&path, &state.lineage, lines.groups)?;
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
            let group = read_line(line).map_err(|error| {
                let error = match error {
                    JournalError::Damaged { .. } => JournalError::Damaged { line: number },
                    other @ (JournalError::OutOfOrder { .. }
                    | JournalError::Sealed { .. }
                    | JournalError::Newer(_)) => other,
                };
                StoreError::journal(journal, error)
            })?;
            groups.push(group);
        }
        let entries = self.entries(journal, lineage, groups)?;
        Ok((entries, lines.iter().map(Vec::len).sum(), lines.len()))
    }

    fn entries(
        &self,
        file: &Path,
        lineage: &Lineage,
        groups: Vec<Line<'_>>,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (number, group) in (2..).zip(groups) {
            let damaged = |error| StoreError::journal(file, error);
            match (group, self.envelope) {
                (Line::Plain(text), None) => {
                    read_group(text, number, &mut entries).map_err(damaged)?;
                }
                (Line::Sealed { .. }, None) => {
                    return Err(damaged(JournalError::Sealed { line: number }));
                }
                (Line::Plain(text), Some(envelope)) => {
                    // It stands where the entry before it ends, as far as anybody can say.
                    let first = entries.last().map_or(Serial(0), |e| e.sequence.next());
                    let text = envelope.open(Piece::Group { lineage, first }, text.to_vec())?;
                    read_group(&text, number, &mut entries).map_err(damaged)?;
                }
                (Line::Sealed { first, bytes }, Some(envelope)) => {
                    let text = envelope.open(Piece::Group { lineage, first }, bytes)?;
                    let before = entries.len();
                    read_group(&text, number, &mut entries).map_err(damaged)?;
                    if entries.get(before).is_some_and(|e| e.sequence != first) {
                        return Err(damaged(JournalError::OutOfOrder { line: number }));
                    }
                }
            }
        }
        Ok(entries)
    }
}
