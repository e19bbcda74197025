//! The store while it is locked: the one that may write.

use zeroize::Zeroizing;

use super::files::{self, Durable};
use super::journal::Journal;
use super::lock::Lock;
use super::paths::Paths;
use super::read::{Loaded, load, orphan_key, read_key};
use crate::digest::FingerprintKey;
use crate::seal::Kind;
use crate::state::{Event, Lineage, State, write_document, write_group};
use crate::store::{Form, LockInfo, LockRequest, Sealing, StoreError};
use crate::sys::World;

/// How long a journal may grow during a run before it is folded into its document: so much, and
/// twice the document. So the cost of folding stays in proportion to what was written.
const JOURNAL_MAX: u64 = 4 << 20;

/// The store while this process holds its lock; dropping it gives the lock back.
#[derive(Debug)]
pub struct Locked {
    pub(super) paths: Paths,
    pub(super) state: State,
    /// Whether the state's files are encrypted, and under which key.
    pub(super) form: Form,
    pub(super) is_new: bool,
    pub(super) journal: Journal,
    /// Whether the journal holds anything that the document doesn't.
    pub(super) journal_counts: bool,
    /// The journal's length beyond which it is folded.
    fold_at: u64,
    /// Whether an event that was written couldn't be applied.
    contradicted: bool,
    pub(super) key: FingerprintKey,
    /// Given back last.
    _lock: Lock,
}

impl Locked {
    pub(super) fn take(
        paths: &Paths,
        world: &World,
        sealing: &Sealing,
        rekeying: bool,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Self, StoreError> {
        files::create_private_directory(&paths.directory)?;
        let lock = Lock::take(paths, world, request, waiting)?;
        if files::read(&paths.ignore)?.is_none() {
            files::replace(&paths.ignore, b"*\n", Durable::No)?;
        }
        files::sweep(&paths.directory);
        let loaded = load(paths, sealing, rekeying)?;
        let is_new = loaded.is_none();
        let (loaded, key) = match loaded {
            Some(loaded) => {
                let found = if rekeying {
                    orphan_key(paths, sealing)?.map(|(key, _)| key)
                } else {
                    read_key(paths, &loaded.form, &loaded.state.lineage)?
                };
                let key = match found {
                    Some(key) => key,
                    None => make_key(paths, &loaded, &new_key(world))?,
                };
                (loaded, key)
            }
            None => nothing(paths, sealing, world)?,
        };
        Ok(Self {
            paths: paths.clone(),
            state: loaded.state,
            form: loaded.form,
            is_new,
            journal: Journal::at(paths, loaded.journal_length),
            journal_counts: loaded.journal_counts,
            fold_at: fold_at(loaded.document_length),
            contradicted: false,
            key,
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

    /// The form of the state's files: plain, or sealed.
    pub fn form(&self) -> &Form {
        &self.form
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
        let line = self
            .form
            .encode_line(&self.state.lineage, self.state.serial.next(), line);
        self.journal.append(&line, &self.state)?;
        self.journal_counts = true;
        for event in events {
            self.state.serial = self.state.serial.next();
            if let Err(error) = self.state.apply(event) {
                self.contradicted = true;
                return Err(StoreError::Contradiction(error));
            }
        }
        if self.journal.length() > self.fold_at && self.compact().is_err() {
            // The journal holds everything: folding can wait until there is room for it.
            self.fold_at = 2 * self.journal.length();
        }
        Ok(())
    }

    /// Writes the document anew and begins a new journal, keeping the ones before as backups.
    ///
    /// Does nothing where the journal holds nothing that the document doesn't.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        if self.journal_counts {
            self.write()?;
            self.journal_counts = false;
            self.journal.begin(&self.state)?;
        }
        Ok(())
    }

    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        let path = &self.paths.document;
        let State {
            lineage, serial, ..
        } = &self.state;
        let bytes = write_document(&self.state)
            .and_then(|bytes| self.form.encode(Kind::Document, lineage, *serial, bytes))
            .map_err(|error| StoreError::io(path, error.into()))?;
        if !self.is_new {
            files::keep(path, &self.paths.document_backup);
        }
        files::replace(path, &bytes, Durable::Yes)?;
        self.fold_at = fold_at(bytes.len() as u64);
        Ok(())
    }

    pub(super) fn usable(&self) -> Result<(), StoreError> {
        if self.contradicted || self.journal.is_broken() {
            return Err(StoreError::Poisoned(self.paths.directory.clone()));
        }
        Ok(())
    }
}

fn fold_at(document_length: u64) -> u64 {
    JOURNAL_MAX + 2 * document_length
}

/// What is loaded where no state was begun; a key that an earlier run made for it is used.
fn nothing(
    paths: &Paths,
    sealing: &Sealing,
    world: &World,
) -> Result<(Loaded, FingerprintKey), StoreError> {
    let fresh = || Lineage::from_random(world.random.bytes());
    if let Some((key, opened)) = orphan_key(paths, sealing)?
        && opened.form.is_sealed() == sealing.keys()?.seals()
    {
        // A plain key was made for no lineage; a sealed one brings the lineage it was made for.
        let lineage = opened.origin.map_or_else(fresh, |(lineage, _)| lineage);
        return Ok((Loaded::nothing(lineage, opened.form), key));
    }
    let bytes = new_key(world);
    let loaded = Loaded::nothing(fresh(), sealing.begin(&paths.key)?);
    let key = make_key(paths, &loaded, &bytes)?;
    Ok((loaded, key))
}

fn new_key(world: &World) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(world.random.bytes())
}

fn make_key(
    paths: &Paths,
    loaded: &Loaded,
    bytes: &[u8; 32],
) -> Result<FingerprintKey, StoreError> {
    write_key(paths, &loaded.form, &loaded.state, bytes)?;
    Ok(FingerprintKey::new(bytes))
}

/// Writes a fingerprint key in the form of its state.
pub(super) fn write_key(
    paths: &Paths,
    form: &Form,
    state: &State,
    key: &[u8; 32],
) -> Result<(), StoreError> {
    let bytes = form
        .encode(
            Kind::FingerprintKey,
            &state.lineage,
            state.serial,
            key.to_vec(),
        )
        .map_err(|error| StoreError::io(&paths.key, error.into()))?;
    files::replace(&paths.key, &bytes, Durable::Yes)
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
