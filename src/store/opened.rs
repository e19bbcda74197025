//! A store, wherever it is.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::local::Local;
use super::medium::{Abilities, Holding, Keeping, Medium};
use super::reading::{load, orphan_key};
use super::seen::{self, Seen};
use super::transit::Asking;
use super::{Form, LockInfo, LockRequest, Locked, Sealing, StoreError};
use crate::digest::FingerprintKey;
use crate::seal::SealError;
use crate::state::{Lineage, Location, Serial, State, Version};
use crate::sys::World;

/// Where a state lives, and everything that may be done with it; the same for every kind of store.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) medium: Arc<dyn Medium>,
    pub(super) sealing: Sealing,
    /// Where outcomes go that it can't take any more.
    pub(super) spills: Option<PathBuf>,
    /// How far the state had come when this host last saw it.
    pub(super) seen: Option<Seen>,
    /// The migration here that the place it comes from is known to have finished.
    pub(super) finished: Option<String>,
    /// Why the last state that was written here couldn't be kept as a version, if it couldn't.
    pub(super) unkept: Arc<Mutex<Option<StoreError>>>,
    pub(super) world: World,
}

/// What a store is opened for writing for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Writing as usual.
    Usual,
    /// A change of form: what is found may be in any form, also in several, as an interrupted
    /// change leaves it.
    Rekeying,
    /// Taking a state as it is, though it went back since this host last saw it.
    Accepting,
}

impl Store {
    /// The store in a directory beside the configuration; touches nothing.
    pub fn local(directory: &Path, world: &World) -> Self {
        Self::on(Arc::new(Local::new(directory)), world).beside(directory)
    }

    pub(super) fn on(medium: Arc<dyn Medium>, world: &World) -> Self {
        Self {
            medium,
            sealing: Sealing::new(world, Path::new(""), None),
            spills: None,
            seen: None,
            finished: None,
            unkept: Arc::default(),
            world: world.clone(),
        }
    }

    /// The same store, encrypted with these keys; otherwise with those of the environment.
    #[must_use]
    pub fn sealed(self, sealing: &Sealing) -> Self {
        Self {
            sealing: sealing.clone(),
            ..self
        }
    }

    /// The same store with a directory of this host beside it, for what it can't take: outcomes
    /// after it was lost, and versions where it has no room for them.
    #[must_use]
    pub fn beside(self, directory: &Path) -> Self {
        self.medium.keep_beside(directory);
        Self {
            spills: Some(directory.to_owned()),
            ..self
        }
    }

    /// The same store; how far its state has come is kept among the user's files, and one that
    /// went back is refused. Nothing is kept where the environment names no place for it.
    #[must_use]
    pub fn remembering(self, place: &Location) -> Self {
        let directory = seen::directory(&self.world.environment);
        Self {
            seen: directory.map(|directory| Seen::new(directory, place, self.world.clock)),
            ..self
        }
    }

    /// The same store, to which the place where its state was is known to have moved it.
    #[must_use]
    pub fn after(self, migration: &str) -> Self {
        Self {
            finished: Some(migration.to_owned()),
            ..self
        }
    }

    /// What this store can do, and what it can't.
    pub fn abilities(&self) -> Abilities {
        self.medium.abilities()
    }

    /// How people know it: a path, or an address without credentials.
    pub fn name(&self) -> String {
        self.medium.names().store.display().to_string()
    }

    /// The state as last committed; none where none was begun.
    ///
    /// Takes no lock and writes nothing. Right also while another process commits and compacts.
    pub fn read(&self) -> Result<Option<State>, StoreError> {
        let Some(mut loaded) = load(&*self.medium, &self.sealing, false)? else {
            return Ok(None);
        };
        // A copy that is about to be written anew is nothing to remember.
        let arrived = self.asking().admit(&mut loaded.state)?;
        if let Some(seen) = self.seen.as_ref().filter(|_| !arrived) {
            seen.check(&self.medium.names().store, &loaded)?;
        }
        Ok(Some(loaded.state))
    }

    /// The key under which secrets are fingerprinted; none where none was made.
    pub fn fingerprint_key(&self) -> Result<Option<FingerprintKey>, StoreError> {
        let Some((key, opened)) = orphan_key(&*self.medium, &self.sealing)? else {
            return Ok(None);
        };
        if !opened.form.is_sealed() && self.sealing.keys()?.seals() {
            let path = &self.medium.names().key;
            return Err(StoreError::sealed(path, SealError::Plaintext));
        }
        Ok(Some(key))
    }

    /// The form of the state's pieces, or of those it would be begun with.
    pub fn form(&self) -> Result<Form, StoreError> {
        let path = &self.medium.names().document;
        match self.medium.load()? {
            Some(kept) => self.sealing.form_of(path, &kept.document),
            None => self.sealing.begin(path),
        }
    }

    /// Where it keeps versions that a person can go back to.
    pub fn keeping(&self) -> Keeping {
        self.medium.keeping()
    }

    /// The versions kept of a state's history, the newest first.
    pub fn versions(&self, lineage: &Lineage) -> Result<Vec<Version>, StoreError> {
        self.medium.versions(lineage)
    }

    /// A version that was kept; none under this serial.
    pub fn version(&self, lineage: &Lineage, serial: Serial) -> Result<Option<State>, StoreError> {
        let Some((path, bytes)) = self.medium.version(lineage, serial)? else {
            return Ok(None);
        };
        let (state, _) = self.sealing.document(&path, &bytes, false)?;
        Ok(Some(state))
    }

    /// Takes the lock for writing, making the store if it is missing.
    ///
    /// What an earlier command from here couldn't record any more is recorded first, as far as it
    /// still fits: [`Locked::spilled`]. Waits up to the request's timeout, and calls `waiting` once
    /// for each holder it waits for. It blocks its thread meanwhile.
    pub fn lock(
        &self,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Locked, StoreError> {
        let holding = self.medium.hold(&self.world, request, waiting)?;
        self.load(holding, Opening::Usual, request.operation)
    }

    /// As [`Store::lock`], for something that isn't usual.
    pub fn lock_for(
        &self,
        opening: Opening,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Locked, StoreError> {
        let holding = self.medium.hold(&self.world, request, waiting)?;
        self.load(holding, opening, request.operation)
    }

    /// Opens it for writing without the lock, for a person who says that nobody else writes.
    pub fn without_lock(&self, operation: &str) -> Result<Locked, StoreError> {
        let holding = self.medium.without_lock(&self.world)?;
        self.load(holding, Opening::Usual, operation)
    }

    fn load(
        &self,
        holding: Box<dyn Holding>,
        opening: Opening,
        operation: &str,
    ) -> Result<Locked, StoreError> {
        let mut locked = Locked::load(self, opening, operation, holding)?;
        // What is being brought into another form takes nothing in on the way.
        if let Some(directory) = self
            .spills
            .as_ref()
            .filter(|_| opening != Opening::Rekeying)
        {
            locked.take_in_spills(directory)?;
        }
        Ok(locked)
    }

    /// Why the last state that was written here couldn't be kept as a version, if it couldn't; once.
    pub fn unkept(&self) -> Option<StoreError> {
        let mut unkept = self.unkept.lock().unwrap_or_else(PoisonError::into_inner);
        unkept.take()
    }

    /// A lock of this process that couldn't be given back, and that doesn't end by itself.
    pub fn lock_left(&self) -> Option<LockInfo> {
        self.medium.lock_left()
    }

    /// What a mark of a migration is judged by.
    pub(super) fn asking(&self) -> Asking<'_> {
        Asking {
            medium: &*self.medium,
            sealing: &self.sealing,
            world: &self.world,
            seen: self.seen.as_ref(),
            finished: self.finished.as_deref(),
        }
    }

    /// Takes the lock away from the holder with this id; gives who it was.
    ///
    /// The holder may still be at work: where the store is fenced, its next write fails.
    pub fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        self.medium.force_unlock(id)
    }
}
