//! A store, wherever it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::local::Local;
use super::medium::{Abilities, Holding, Medium};
use super::reading::{load, read_key};
use super::{Envelope, LockInfo, LockRequest, Locked, StoreError};
use crate::digest::FingerprintKey;
use crate::state::State;
use crate::sys::World;

/// Where a state lives, and everything that may be done with it; the same for every kind of store.
#[derive(Clone, Debug)]
pub struct Store {
    medium: Arc<dyn Medium>,
    envelope: Option<Arc<dyn Envelope>>,
    /// Where outcomes go that it can't take any more.
    spills: Option<PathBuf>,
    world: World,
}

impl Store {
    /// The store in a directory beside the configuration; touches nothing.
    pub fn local(directory: &Path, world: &World) -> Self {
        Self::on(Arc::new(Local::new(directory)), world).spilling_to(directory)
    }

    pub(super) fn on(medium: Arc<dyn Medium>, world: &World) -> Self {
        Self {
            medium,
            envelope: None,
            spills: None,
            world: world.clone(),
        }
    }

    /// The same store, with everything that goes into it sealed.
    #[must_use]
    pub fn sealed(self, envelope: Arc<dyn Envelope>) -> Self {
        Self {
            envelope: Some(envelope),
            ..self
        }
    }

    /// The same store; outcomes that it can't take any more are kept in a directory of this host.
    #[must_use]
    pub fn spilling_to(self, directory: &Path) -> Self {
        Self {
            spills: Some(directory.to_owned()),
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
        let loaded = load(&*self.medium, self.envelope.as_deref())?;
        Ok(loaded.map(|loaded| loaded.state))
    }

    /// The key under which secrets are fingerprinted; none where none was made.
    pub fn fingerprint_key(&self) -> Result<Option<FingerprintKey>, StoreError> {
        read_key(&*self.medium, self.envelope.as_deref())
    }

    /// Takes the lock for writing, making the store and the key if they are missing.
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
        self.load(holding)
    }

    /// Opens it for writing without the lock, for a person who says that nobody else writes.
    pub fn without_lock(&self) -> Result<Locked, StoreError> {
        let holding = self.medium.without_lock(&self.world)?;
        self.load(holding)
    }

    fn load(&self, holding: Box<dyn Holding>) -> Result<Locked, StoreError> {
        let (medium, envelope) = (Arc::clone(&self.medium), self.envelope.clone());
        let mut locked = Locked::load(medium, envelope, &self.world, holding)?;
        if let Some(directory) = &self.spills {
            locked.take_in_spills(directory)?;
        }
        Ok(locked)
    }

    /// Takes the lock away from the holder with this id; gives who it was.
    ///
    /// The holder may still be at work: where the store is fenced, its next write fails.
    pub fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        self.medium.force_unlock(id)
    }
}
