//! A lock that couldn't be given back: whoever holds the store is told, after its holder is gone.

use std::sync::{Arc, Mutex, PoisonError};

use crate::store::LockInfo;

/// Where it is noted that a lock was left.
#[derive(Clone, Debug, Default)]
pub(super) struct Left(Arc<Mutex<Option<LockInfo>>>);

impl Left {
    /// Notes a lock that was left.
    pub(super) fn note(&self, lock: LockInfo) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
    }

    /// The lock that was left; none where all were given back.
    pub(super) fn told(&self) -> Option<LockInfo> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.clone()
    }
}
