//! The keys a person brings: the present one, and an old one as fallback.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Cost, Envelope, SealError, UnlockKey, Vault};
use crate::sys::Random;

/// The keys a person brings; what they opened once is remembered, since deriving is slow.
#[derive(Debug, Default)]
pub struct Keys {
    current: Option<UnlockKey>,
    old: Option<UnlockKey>,
    opened: Mutex<Vec<Arc<Vault>>>,
}

impl Keys {
    /// The present key, and an old one as fallback.
    pub fn new(current: Option<UnlockKey>, old: Option<UnlockKey>) -> Self {
        Self {
            current,
            old,
            opened: Mutex::default(),
        }
    }

    /// Whether a present key was given: then nothing may be written in plaintext.
    pub fn seals(&self) -> bool {
        self.current.is_some()
    }

    /// Unwraps the data key of an envelope, with the present key or else the old one.
    pub fn unlock(&self, envelope: &Envelope<'_>) -> Result<Arc<Vault>, SealError> {
        let wrap = envelope.wrap();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vault) = opened.iter().find(|vault| vault.wrap() == wrap) {
            return Ok(Arc::clone(vault));
        }
        let keys: Vec<&UnlockKey> = self.current.iter().chain(&self.old).collect();
        let vault = Arc::new(Vault::of(wrap.open(&keys)?, wrap.clone()));
        opened.push(Arc::clone(&vault));
        Ok(vault)
    }

    /// Makes a new data key under the present key; none where there is no present key.
    pub fn fresh(&self, random: &Random) -> Result<Option<Arc<Vault>>, SealError> {
        let Some(key) = &self.current else {
            return Ok(None);
        };
        let vault = Arc::new(Vault::new(key, Cost::DEFAULT, random)?);
        self.opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&vault));
        Ok(Some(vault))
    }
}
