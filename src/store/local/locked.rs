//! The store while it is locked: the one that may write.

use zeroize::Zeroizing;

use super::files::{self, Durable};
use super::history::History;
use super::journal::Journal;
use super::lock::Lock;
use super::paths::Paths;
use super::read::{Loaded, load, read_key};
use crate::digest::FingerprintKey;
use crate::state::{
    Event, FoldError, Lineage, Serial, State, Version, Written, read_document, write_document,
    write_group,
};
use crate::store::{LockInfo, LockRequest, StoreError};
use crate::sys::{World, host_name, user_name};

/// How long a journal may grow during a run before it is folded into its document: so much, and
/// twice the document. So the cost of folding stays in proportion to what was written.
const JOURNAL_MAX: u64 = 4 << 20;

/// The store while this process holds its lock; dropping it gives the lock back.
#[derive(Debug)]
pub struct Locked {
    paths: Paths,
    state: State,
    is_new: bool,
    journal: Journal,
    /// Whether the journal holds anything that the document doesn't.
    journal_counts: bool,
    /// The journal's length beyond which it is folded.
    fold_at: u64,
    /// Whether an event that was written couldn't be applied.
    contradicted: bool,
    key: FingerprintKey,
    history: History,
    /// The serial of the document in place.
    document_serial: Serial,
    /// Whether this holder wrote it.
    wrote: bool,
    /// The command that holds the lock.
    command: String,
    world: World,
    /// Given back last.
    _lock: Lock,
}

impl Locked {
    pub(super) fn take(
        paths: &Paths,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Self, StoreError> {
        files::create_private_directory(&paths.directory)?;
        let lock = Lock::take(paths, world, request, waiting)?;
        if files::read(&paths.ignore)?.is_none() {
            files::replace(&paths.ignore, b"*\n", Durable::No)?;
        }
        files::sweep(&paths.directory);
        let loaded = load(paths)?;
        let key = match read_key(paths)? {
            Some(key) => key,
            None => make_key(paths, world)?,
        };
        let is_new = loaded.is_none();
        let loaded =
            loaded.unwrap_or_else(|| Loaded::nothing(Lineage::from_random(world.random.bytes())));
        Ok(Self {
            paths: paths.clone(),
            state: loaded.state,
            is_new,
            journal: Journal::at(paths, loaded.journal_length),
            journal_counts: loaded.journal_counts,
            fold_at: fold_at(loaded.document_length),
            contradicted: false,
            key,
            history: History::at(paths.history.clone()),
            document_serial: loaded.document_serial,
            wrote: false,
            command: request.operation.to_owned(),
            world: world.clone(),
            _lock: lock,
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
            project.clone_into(&mut self.state.project);
            self.write()?;
            self.is_new = false;
        }
        Ok(())
    }

    /// Records events that belong together, durably: all of them, or none on an error.
    ///
    /// Costs one write and one sync, whatever their number and however large the state. An error
    /// that can't be taken back from the journal poisons the store: every later call fails, and
    /// the next one to take the lock finds the journal sound.
    pub fn commit(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        self.usable()?;
        if self.is_new {
            return Err(StoreError::NotBegun(self.paths.directory.clone()));
        }
        if events.is_empty() {
            return Ok(());
        }
        self.state
            .admits(&events)
            .map_err(StoreError::Contradiction)?;
        let mut line = Vec::new();
        write_group(self.state.serial.next(), &events, &mut line)
            .map_err(|error| StoreError::io(&self.paths.journal, error.into()))?;
        self.journal.append(&line, &self.state)?;
        self.journal_counts = true;
        for event in events {
            self.state.serial = self.state.serial.next();
            if let Err(error) = self.state.apply(event) {
                self.contradicted = true;
                return Err(StoreError::Contradiction(error));
            }
        }
        if self.journal.length() > self.fold_at && self.fold().is_err() {
            // The journal holds everything: folding can wait until there is room for it.
            self.fold_at = 2 * self.journal.length();
        }
        Ok(())
    }

    /// Writes the document anew and begins a new journal, keeping the ones before as backups.
    ///
    /// Does nothing where the journal holds nothing that the document doesn't. The new document is
    /// kept as a version too; a history that can't be written is no error here.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.fold()?;
        self.keep_version().unwrap_or_default();
        Ok(())
    }

    /// Keeps the state as a version that a person can go back to.
    pub fn keep_version(&mut self) -> Result<(), StoreError> {
        self.fold()?;
        let kept = self.is_new || self.history.has(&self.state.lineage, self.state.serial);
        if kept || self.state.serial == Serial(0) {
            return Ok(());
        }
        let written = Written {
            when: self.world.clock.now(),
            who: user_name(&self.world.environment),
            host: host_name(),
            command: self.command.clone(),
        };
        let version = Version::of(&self.state, Some(written));
        self.history.keep(&self.paths.document, &version)
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
        self.write()?;
        self.is_new = false;
        self.journal.begin(&self.state)?;
        // The old journal doesn't lead from the old document to the new one, so the backup of one
        // moment is the new document itself; the old one is in the history.
        files::keep(&self.paths.document, &self.paths.document_backup);
        self.contradicted = false;
        self.keep_version()
    }

    /// Keeps the document that this holder found, unless the command that wrote it did.
    fn keep_before(&self) -> Result<(), StoreError> {
        let serial = self.document_serial;
        let kept = self.wrote || self.is_new || self.history.has(&self.state.lineage, serial);
        if kept || serial == Serial(0) {
            return Ok(());
        }
        let path = &self.paths.document;
        let bytes = files::read(path)?.unwrap_or_default();
        let before = read_document(&bytes).map_err(|error| StoreError::document(path, error))?;
        self.history.keep(path, &Version::of(&before, None))
    }

    fn fold(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        if self.journal_counts {
            self.write()?;
            self.journal_counts = false;
            self.journal.begin(&self.state)?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let path = &self.paths.document;
        let bytes =
            write_document(&self.state).map_err(|error| StoreError::io(path, error.into()))?;
        if !self.is_new {
            // A store without its history still works.
            self.keep_before().unwrap_or_default();
            files::keep(path, &self.paths.document_backup);
        }
        files::replace(path, &bytes, Durable::Yes)?;
        self.fold_at = fold_at(bytes.len() as u64);
        self.document_serial = self.state.serial;
        self.wrote = true;
        Ok(())
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.contradicted || self.journal.is_broken() {
            return Err(StoreError::Poisoned(self.paths.directory.clone()));
        }
        Ok(())
    }
}

fn fold_at(document_length: u64) -> u64 {
    JOURNAL_MAX + 2 * document_length
}

fn make_key(paths: &Paths, world: &World) -> Result<FingerprintKey, StoreError> {
    let bytes = Zeroizing::new(world.random.bytes::<32>());
    files::replace(&paths.key, bytes.as_slice(), Durable::Yes)?;
    Ok(FingerprintKey::new(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::history;
    use crate::store::LocalStore;

    #[test]
    fn a_write_that_cannot_be_taken_back_poisons_the_store_and_loses_nothing() {
        let room = tempfile::tempdir().unwrap();
        let store = LocalStore::open(&room.path().join(".sindri"), &World::real());
        let request = LockRequest {
            operation: "apply",
            timeout: std::time::Duration::ZERO,
        };
        let mut locked = store.lock(request, &mut |_| {}).unwrap();
        locked.initialise("dev").unwrap();
        let mut groups = history(&[2, 5, 6, 9, 12, 15, 18]).into_iter();
        locked.commit(groups.next().unwrap()).unwrap();
        let before = locked.state().clone();
        // A file that is always full, and that can't be cut.
        let full = files::private().write(true).open("/dev/full").unwrap();
        locked.journal.divert(full);
        let next = groups.next().unwrap();
        let error = locked.commit(next.clone()).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(matches!(
            locked.commit(next.clone()),
            Err(StoreError::Poisoned(_))
        ));
        assert!(matches!(locked.compact(), Err(StoreError::Poisoned(_))));
        assert_eq!(*locked.state(), before);
        drop(locked);
        let mut locked = store.lock(request, &mut |_| {}).unwrap();
        assert_eq!(*locked.state(), before);
        locked.commit(next).unwrap();
        assert_eq!(store.read().unwrap().unwrap(), *locked.state());
    }
}
