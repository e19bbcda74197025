//! A store while it is locked: the one that may write.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::medium::{Document, Group, Holding, Medium, Ready, Room};
use super::reading::{Loaded, load, read_key};
use super::spill::{self, Spilled};
use super::{Envelope, Piece, StoreError};
use crate::digest::FingerprintKey;
use crate::state::{Event, Lineage, Serial, State, write_document};
use crate::sys::World;

/// How often a state is loaded anew because an earlier holder's last write came in between.
const TRIES: u32 = 5;

/// A store while this process holds its lock; dropping it gives the lock back.
#[derive(Debug)]
pub struct Locked {
    medium: Arc<dyn Medium>,
    envelope: Option<Arc<dyn Envelope>>,
    state: State,
    is_new: bool,
    /// How much the journal holds.
    journal: Room,
    /// Whether any of that isn't in the document.
    journal_counts: bool,
    /// How much it may hold before it is folded.
    fold_at: Room,
    /// Whether an event that was written couldn't be applied.
    contradicted: bool,
    key: FingerprintKey,
    /// Where outcomes go that can't be committed any more.
    spills: Option<PathBuf>,
    /// What became of those of an earlier command.
    spilled: Vec<Spilled>,
    /// Given back last.
    holding: Box<dyn Holding>,
}

impl Locked {
    /// Loads what is to be written on, and makes the key if it is missing.
    pub(super) fn load(
        medium: Arc<dyn Medium>,
        envelope: Option<Arc<dyn Envelope>>,
        world: &World,
        mut holding: Box<dyn Holding>,
    ) -> Result<Self, StoreError> {
        let mut tries = 0;
        let loaded = loop {
            let loaded = load(&*medium, envelope.as_deref())?;
            let (next, sound) = loaded.as_ref().map_or((Serial(1), 0), |loaded| {
                (loaded.state.serial.next(), loaded.journal_length)
            });
            tries += 1;
            match holding.resume(next, sound)? {
                Ready::Yes => break loaded,
                Ready::LoadAgain if tries < TRIES => {}
                Ready::LoadAgain => return Err(StoreError::Lost(medium.names().store.clone())),
            }
        };
        let key = match read_key(&*medium, envelope.as_deref())? {
            Some(key) => key,
            None => make_key(&mut *holding, envelope.as_deref(), world)?,
        };
        let is_new = loaded.is_none();
        let loaded =
            loaded.unwrap_or_else(|| Loaded::nothing(Lineage::from_random(world.random.bytes())));
        Ok(Self {
            fold_at: medium.room(loaded.document_length),
            medium,
            envelope,
            state: loaded.state,
            is_new,
            journal: Room {
                bytes: loaded.journal_length,
                groups: loaded.journal_groups,
            },
            journal_counts: loaded.journal_counts,
            contradicted: false,
            key,
            spills: None,
            spilled: Vec::new(),
            holding,
        })
    }

    /// The state, with every commit applied; of no project before [`Locked::initialise`].
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether no state was begun here yet.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The key under which secrets are fingerprinted.
    pub fn fingerprint_key(&self) -> &FingerprintKey {
        &self.key
    }

    /// Begins the state of a project, durably; does nothing where one was begun.
    pub fn initialise(&mut self, project: &str) -> Result<(), StoreError> {
        if self.is_new {
            self.usable()?;
            project.clone_into(&mut self.state.project);
            let bytes = self.document()?;
            self.holding.create(Document {
                lineage: &self.state.lineage,
                serial: self.state.serial,
                bytes: &bytes,
            })?;
            self.fold_at = self.medium.room(bytes.len() as u64);
            self.is_new = false;
        }
        Ok(())
    }

    /// Records events that belong together, durably: all of them, or none on an error.
    ///
    /// Costs one write, whatever their number and, where the store is appendable, however large
    /// the state. An error that can't be taken back, and the loss of the lock, make every later
    /// call fail; the next one to take the lock finds everything that was recorded.
    pub fn commit(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        self.usable()?;
        if self.is_new {
            return Err(StoreError::NotBegun(self.medium.names().store.clone()));
        }
        if events.is_empty() {
            return Ok(());
        }
        self.state
            .admits(&events)
            .map_err(StoreError::Contradiction)?;
        let first = self.state.serial.next();
        let line = self.line(first, &events)?;
        self.holding.append(Group {
            lineage: &self.state.lineage,
            first,
            line: &line,
        })?;
        self.journal.bytes += line.len() as u64;
        self.journal.groups += 1;
        self.journal_counts = true;
        for event in events {
            self.state.serial = self.state.serial.next();
            if let Err(error) = self.state.apply(event) {
                self.contradicted = true;
                return Err(StoreError::Contradiction(error));
            }
        }
        let outgrown =
            self.journal.bytes > self.fold_at.bytes || self.journal.groups > self.fold_at.groups;
        if outgrown && self.compact().is_err() {
            // The journal holds everything: folding can wait until there is room for it.
            self.fold_at.bytes = 2 * self.journal.bytes;
            self.fold_at.groups = self.journal.groups.saturating_mul(2);
        }
        Ok(())
    }

    /// Writes the document anew and drops the journal that it holds.
    ///
    /// Does nothing where the journal holds nothing that the document doesn't.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        if self.journal_counts {
            let bytes = self.document()?;
            self.holding.replace(Document {
                lineage: &self.state.lineage,
                serial: self.state.serial,
                bytes: &bytes,
            })?;
            self.journal_counts = false;
            self.journal = Room {
                bytes: 0,
                groups: 0,
            };
            self.fold_at = self.medium.room(bytes.len() as u64);
        }
        Ok(())
    }

    /// What became of the outcomes that earlier commands from here couldn't record; once.
    pub fn spilled(&mut self) -> Vec<Spilled> {
        std::mem::take(&mut self.spilled)
    }

    /// Keeps outcomes that can't be committed any more on this host, durably, in place of those
    /// kept before; gives the file, or none where there is no place for them.
    ///
    /// To be called after a commit has failed. The next command that takes the lock from here
    /// records them, as far as they still fit.
    pub fn keep(&self, outcomes: &[Event]) -> Result<Option<PathBuf>, StoreError> {
        let Some(directory) = &self.spills else {
            return Ok(None);
        };
        spill::write(directory, self.envelope.as_deref(), &self.state, outcomes).map(Some)
    }

    /// Records what earlier commands from here couldn't.
    pub(super) fn take_in_spills(&mut self, directory: &Path) -> Result<(), StoreError> {
        self.spills = Some(directory.to_owned());
        if self.is_new {
            return Ok(());
        }
        let envelope = self.envelope.clone();
        for file in spill::list(directory, &self.state.lineage)? {
            let state = self.state.clone();
            let mut commit = |events| self.commit(events);
            let spilled = spill::take_in(&file, envelope.as_deref(), &state, &mut commit)?;
            self.spilled.push(spilled);
        }
        Ok(())
    }

    /// The document, sealed where it is to be.
    fn document(&self) -> Result<Vec<u8>, StoreError> {
        let path = &self.medium.names().document;
        let bytes =
            write_document(&self.state).map_err(|error| StoreError::io(path, error.into()))?;
        match &self.envelope {
            None => Ok(bytes),
            Some(envelope) => envelope.seal(Piece::Document, bytes),
        }
    }

    /// A group as the journal's next line, sealed where it is to be.
    fn line(&self, first: Serial, events: &[Event]) -> Result<Vec<u8>, StoreError> {
        let path = &self.medium.names().journal;
        let place = (&self.state.lineage, first);
        spill::line(path, self.envelope.as_deref(), place, events)
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.contradicted {
            return Err(StoreError::Poisoned(self.medium.names().store.clone()));
        }
        self.holding.usable()
    }
}

fn make_key(
    holding: &mut dyn Holding,
    envelope: Option<&dyn Envelope>,
    world: &World,
) -> Result<FingerprintKey, StoreError> {
    let bytes = Zeroizing::new(world.random.bytes::<32>());
    match envelope {
        None => holding.put_key(bytes.as_slice())?,
        Some(envelope) => holding.put_key(&envelope.seal(Piece::Key, bytes.to_vec())?)?,
    }
    Ok(FingerprintKey::new(&bytes))
}
