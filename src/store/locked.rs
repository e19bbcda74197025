//! A store while it is locked: the one that may write.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::medium::{Document, Group, Holding, Medium, Ready, Room, Start};
use super::reading::{Loaded, load, orphan_key, read_key};
use super::seen::{Mark, Seen, imprint};
use super::spill::{self, Spilled};
use super::{Form, Opening, Sealing, Store, StoreError};
use crate::digest::FingerprintKey;
use crate::seal::Kind;
use crate::state::{
    Event, FoldError, Lineage, Serial, State, Version, Written, write_document, write_group,
};
use crate::sys::{World, host_name, user_name};

/// How often a state is loaded anew because an earlier holder's last write came in between.
const TRIES: u32 = 5;

/// A store while this process holds its lock; dropping it gives the lock back.
#[derive(Debug)]
pub struct Locked {
    pub(super) medium: Arc<dyn Medium>,
    pub(super) state: State,
    pub(super) form: Form,
    pub(super) is_new: bool,
    /// How much the journal holds.
    pub(super) journal: Room,
    /// Whether any of that isn't in the document.
    pub(super) journal_counts: bool,
    /// How much it may hold before it is folded.
    fold_at: Room,
    /// Whether an event that was written couldn't be applied.
    pub(super) contradicted: bool,
    pub(super) key: FingerprintKey,
    /// The same, where it is still to be kept: a state that isn't begun leaves none behind.
    unkept_key: Option<Zeroizing<[u8; 32]>>,
    /// Whether that key had to be made anew for a state that had one.
    key_was_lost: bool,
    /// The serial of the document in place.
    document_serial: Serial,
    /// Whether this holder wrote it.
    wrote: bool,
    /// The command that writes.
    command: String,
    /// Where it is noted why the last compaction couldn't keep its version.
    unkept: Arc<Mutex<Option<StoreError>>>,
    pub(super) sealing: Sealing,
    pub(super) world: World,
    /// How far the state had come when this host last saw it.
    seen: Option<Seen>,
    /// Where outcomes go that can't be committed any more.
    spills: Option<PathBuf>,
    /// What became of those of an earlier command.
    spilled: Vec<Spilled>,
    /// Given back last.
    pub(super) holding: Box<dyn Holding>,
}

impl Locked {
    /// Loads what is to be written on, and makes the key of a state that has lost it.
    pub(super) fn load(
        store: &Store,
        opening: Opening,
        command: &str,
        mut holding: Box<dyn Holding>,
    ) -> Result<Self, StoreError> {
        let medium = Arc::clone(&store.medium);
        let (sealing, world) = (&store.sealing, &store.world);
        let rekeying = opening == Opening::Rekeying;
        let mut loaded = resume(&*medium, sealing, rekeying, &mut *holding)?;
        let arrived = match &mut loaded {
            Some(loaded) => store.asking().admit(&mut loaded.state)?,
            None => false,
        };
        if let (Some(seen), Some(loaded)) = (&store.seen, &loaded)
            && !arrived
            && opening != Opening::Accepting
        {
            seen.check(&medium.names().store, loaded)?;
        }
        let is_new = loaded.is_none();
        let mut key_was_lost = false;
        let mut unkept_key = None;
        let (loaded, key) = match loaded {
            Some(loaded) => {
                let found = if rekeying {
                    orphan_key(&*medium, sealing)?.map(|(key, _)| key)
                } else {
                    read_key(&*medium, &loaded.form, &loaded.state.lineage)?
                };
                let key = if let Some(key) = found {
                    key
                } else {
                    let (form, state) = (&loaded.form, &loaded.state);
                    key_was_lost = true;
                    make_key(&mut *holding, &medium, form, state, &new_key(world))?
                };
                (loaded, key)
            }
            None => nothing(&*medium, sealing, &mut unkept_key, world)?,
        };
        let mut locked = Self {
            fold_at: medium.room(loaded.document_length),
            medium,
            state: loaded.state,
            form: loaded.form,
            is_new,
            journal: Room {
                bytes: loaded.journal_length,
                groups: loaded.journal_groups,
            },
            journal_counts: loaded.journal_counts,
            contradicted: false,
            key,
            unkept_key,
            key_was_lost,
            document_serial: loaded.document_serial,
            wrote: false,
            command: command.to_owned(),
            unkept: Arc::clone(&store.unkept),
            sealing: sealing.clone(),
            world: world.clone(),
            spills: None,
            seen: store.seen.clone(),
            spilled: Vec::new(),
            holding,
        };
        if arrived {
            locked.settle_in()?;
        }
        Ok(locked)
    }

    /// Takes the mark off a document that has arrived here from another store, for good.
    fn settle_in(&mut self) -> Result<(), StoreError> {
        let bytes = self.document()?;
        self.holding.replace(Document {
            lineage: &self.state.lineage,
            serial: self.state.serial,
            bytes: &bytes,
            version: None,
        })?;
        self.written(&bytes);
        self.holding.drop_backups()?;
        self.keep_or_note();
        Ok(())
    }

    /// How far a lineage had come here when this host last saw it; none where it never did.
    pub fn last_seen(&self, lineage: &Lineage) -> Option<Serial> {
        let mark: Option<Mark> = self.seen.as_ref()?.mark(lineage);
        mark.map(|mark| mark.serial)
    }

    /// The state, with every commit applied; of no project before [`Locked::initialise`].
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether no state was begun here yet.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The form of the state's pieces: plain, or sealed.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The key under which secrets are fingerprinted.
    pub fn fingerprint_key(&self) -> &FingerprintKey {
        &self.key
    }

    /// Whether the key was gone: the fingerprints recorded tell nothing any more.
    pub fn key_was_lost(&self) -> bool {
        self.key_was_lost
    }

    /// Begins the state of a project, durably; does nothing where one was begun.
    pub fn initialise(&mut self, project: &str) -> Result<(), StoreError> {
        if self.is_new {
            self.usable()?;
            project.clone_into(&mut self.state.project);
            if let Some(key) = &self.unkept_key {
                let (form, state) = (&self.form, &self.state);
                self.key = make_key(&mut *self.holding, &self.medium, form, state, key)?;
            }
            self.unkept_key = None;
            let bytes = self.document()?;
            self.holding.create(Document {
                lineage: &self.state.lineage,
                serial: self.state.serial,
                bytes: &bytes,
                version: None,
            })?;
            self.written(&bytes);
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
            last: Serial(self.state.serial.0 + events.len() as u64),
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
        if outgrown && self.fold(false).is_err() {
            // The journal holds everything: folding can wait until there is room for it.
            self.fold_at.bytes = 2 * self.journal.bytes;
            self.fold_at.groups = self.journal.groups.saturating_mul(2);
        }
        Ok(())
    }

    /// Writes the document anew and drops the journal that it holds.
    ///
    /// Does nothing where the journal holds nothing that the document doesn't. The new document is
    /// kept as a version too; one that can't be kept is no error here, but [`Store::unkept`].
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.fold(true)?;
        self.keep_or_note();
        Ok(())
    }

    /// Keeps the state as a version: without its history a store still works.
    pub(super) fn keep_or_note(&mut self) {
        let unkept = self.keep_version().err();
        *self.unkept.lock().unwrap_or_else(PoisonError::into_inner) = unkept;
    }

    /// Keeps the state as a version that a person can go back to, where any are kept.
    pub fn keep_version(&mut self) -> Result<(), StoreError> {
        self.fold(true)?;
        let State {
            lineage, serial, ..
        } = &self.state;
        if self.is_new || *serial == Serial(0) || self.holding.has_version(lineage, *serial)? {
            return Ok(());
        }
        let version = self.version();
        self.holding.keep_version(&version, None)
    }

    /// The state as it stands, as a version that this command wrote.
    fn version(&self) -> Version {
        let written = Written {
            when: self.world.clock.now(),
            who: user_name(&self.world.environment),
            host: host_name(),
            command: self.command.clone(),
        };
        Version::of(&self.state, Some(written))
    }

    /// Makes sure that the state as it stands is kept as a version.
    pub fn back_up(&mut self) -> Result<(), StoreError> {
        if self.journal_counts || self.wrote {
            self.keep_version()
        } else {
            self.keep_before()
        }
    }

    /// Puts a whole other state in the place of this one, durably; its serial must be later.
    ///
    /// What it replaces is kept as a version first, and without that nothing is done.
    pub fn replace(&mut self, state: State) -> Result<(), StoreError> {
        self.usable()?;
        if !self.is_new && state.serial <= self.state.serial {
            return Err(StoreError::Contradiction(FoldError::Gap {
                expected: self.state.serial.next(),
                found: state.serial,
            }));
        }
        self.back_up()?;
        // Until all of it is in place, nothing may follow in the journal of the old state.
        self.contradicted = true;
        self.state = state;
        if self.is_new {
            // The key was made for a lineage that never came to be.
            self.key = make_key(
                &mut *self.holding,
                &self.medium,
                &self.form,
                &self.state,
                &new_key(&self.world),
            )?;
            self.unkept_key = None;
        }
        let bytes = self.document()?;
        let version = self.version();
        let document = Document {
            lineage: &self.state.lineage,
            serial: self.state.serial,
            bytes: &bytes,
            version: Some(&version),
        };
        if self.is_new {
            self.holding.create(document)?;
        } else {
            self.holding.replace(document)?;
        }
        self.is_new = false;
        self.written(&bytes);
        // The old journal doesn't lead from the old document to the new one: the old one is in the
        // history, and the backup of one moment is the new one itself.
        self.holding.drop_backups()?;
        self.contradicted = false;
        // What it replaced is kept, and that is what was promised.
        self.keep_or_note();
        Ok(())
    }

    /// Keeps the document that this holder found, unless the command that wrote it did.
    fn keep_before(&mut self) -> Result<(), StoreError> {
        let serial = self.document_serial;
        let lineage = &self.state.lineage;
        if self.wrote || self.is_new || serial == Serial(0) {
            return Ok(());
        }
        if self.holding.has_version(lineage, serial)? {
            return Ok(());
        }
        let Some(found) = self.medium.document()? else {
            return Ok(());
        };
        let path = &self.medium.names().document;
        let (before, _) = self.sealing.document(path, &found, true)?;
        self.holding
            .keep_version(&Version::of(&before, None), Some(&found))
    }

    /// Writes what the journal holds into the document, and keeps that as a version, if it `keeps`.
    pub(super) fn fold(&mut self, keeps: bool) -> Result<(), StoreError> {
        self.usable()?;
        if self.journal_counts {
            // A store without its history still works.
            self.keep_before().unwrap_or_default();
            let bytes = self.document()?;
            let version = keeps.then(|| self.version());
            self.holding.replace(Document {
                lineage: &self.state.lineage,
                serial: self.state.serial,
                bytes: &bytes,
                version: version.as_ref(),
            })?;
            self.written(&bytes);
        }
        Ok(())
    }

    /// Notes that a document holds everything.
    fn written(&mut self, document: &[u8]) {
        if let Some(seen) = &self.seen {
            let State {
                lineage, serial, ..
            } = &self.state;
            seen.note(lineage, (*serial, &imprint(document)));
        }
        self.journal_counts = false;
        self.journal = Room {
            bytes: 0,
            groups: 0,
        };
        self.fold_at = self.medium.room(document.len() as u64);
        self.document_serial = self.state.serial;
        self.wrote = true;
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
        spill::write(directory, &self.form, &self.state, outcomes).map(Some)
    }

    /// Records what earlier commands from here couldn't.
    pub(super) fn take_in_spills(&mut self, directory: &Path) -> Result<(), StoreError> {
        self.spills = Some(directory.to_owned());
        if self.is_new {
            return Ok(());
        }
        let form = self.form.clone();
        for file in spill::list(directory, &self.state.lineage)? {
            let state = self.state.clone();
            let mut commit = |events| self.commit(events);
            let spilled = spill::take_in(&file, &form, &state, &mut commit)?;
            self.spilled.push(spilled);
        }
        Ok(())
    }

    /// The document in its form.
    pub(super) fn document(&self) -> Result<Vec<u8>, StoreError> {
        let State {
            lineage, serial, ..
        } = &self.state;
        write_document(&self.state)
            .and_then(|bytes| self.form.encode(Kind::Document, lineage, *serial, bytes))
            .map_err(|error| StoreError::io(&self.medium.names().document, error.into()))
    }

    /// A group as the journal's next line, in its form.
    fn line(&self, first: Serial, events: &[Event]) -> Result<Vec<u8>, StoreError> {
        let path = &self.medium.names().journal;
        let mut line = Vec::new();
        write_group(first, events, &mut line)
            .map_err(|error| StoreError::io(path, error.into()))?;
        Ok(self.form.encode_line(&self.state.lineage, first, line))
    }

    pub(super) fn usable(&self) -> Result<(), StoreError> {
        if self.contradicted {
            return Err(StoreError::Poisoned(self.medium.names().store.clone()));
        }
        self.holding.usable()
    }
}

/// Loads what is to be written on, and sees that no earlier holder writes any more.
pub(super) fn resume(
    medium: &dyn Medium,
    sealing: &Sealing,
    rekeying: bool,
    holding: &mut dyn Holding,
) -> Result<Option<Loaded>, StoreError> {
    for _ in 0..TRIES {
        let loaded = load(medium, sealing, rekeying)?;
        let start = loaded
            .as_ref()
            .map_or_else(Start::at_nothing, |loaded| Start {
                next: loaded.state.serial.next(),
                sound: loaded.journal_length,
                version: loaded.version.clone(),
            });
        match holding.resume(start)? {
            Ready::Yes => return Ok(loaded),
            Ready::LoadAgain => {}
        }
    }
    Err(StoreError::Lost(medium.names().store.clone()))
}

/// What is loaded where no state was begun; a key that an earlier run kept for it is used, and
/// another is to be kept when one is begun.
fn nothing(
    medium: &dyn Medium,
    sealing: &Sealing,
    unkept: &mut Option<Zeroizing<[u8; 32]>>,
    world: &World,
) -> Result<(Loaded, FingerprintKey), StoreError> {
    let fresh = || Lineage::from_random(world.random.bytes());
    if let Some((key, opened)) = orphan_key(medium, sealing)?
        && opened.form.is_sealed() == sealing.keys()?.seals()
    {
        // A plain key was made for no lineage; a sealed one brings the lineage it was made for.
        let lineage = opened.origin.map_or_else(fresh, |(lineage, _)| lineage);
        return Ok((Loaded::nothing(lineage, opened.form), key));
    }
    let bytes = new_key(world);
    let loaded = Loaded::nothing(fresh(), sealing.begin(&medium.names().key)?);
    let key = FingerprintKey::new(&bytes);
    *unkept = Some(bytes);
    Ok((loaded, key))
}

fn new_key(world: &World) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(world.random.bytes())
}

fn make_key(
    holding: &mut dyn Holding,
    medium: &Arc<dyn Medium>,
    form: &Form,
    state: &State,
    bytes: &[u8; 32],
) -> Result<FingerprintKey, StoreError> {
    let sealed = seal_key(&**medium, form, state, bytes)?;
    holding.put_key(&sealed)?;
    Ok(FingerprintKey::new(bytes))
}

/// A fingerprint key in the form of its state.
pub(super) fn seal_key(
    medium: &dyn Medium,
    form: &Form,
    state: &State,
    key: &[u8; 32],
) -> Result<Vec<u8>, StoreError> {
    form.encode(
        Kind::FingerprintKey,
        &state.lineage,
        state.serial,
        key.to_vec(),
    )
    .map_err(|error| StoreError::io(&medium.names().key, error.into()))
}
