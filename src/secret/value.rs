//! A secret's value in memory.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::digest::{Fingerprint, FingerprintKey};

/// A secret's value: cloned cheaply, wiped when the last clone goes, never printed or serialised.
#[derive(Clone)]
pub struct Value(Arc<Zeroizing<Vec<u8>>>);

impl Value {
    /// Takes a value.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// The value itself; whoever asks answers for where it goes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The keyed fingerprint under a secret's name.
    pub fn fingerprint(&self, key: &FingerprintKey, name: &str) -> Fingerprint {
        key.fingerprint(name, &self.0)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}
