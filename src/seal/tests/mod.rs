//! What a seal promises.

mod envelopes;
mod keys;
mod lines;
mod signatures;

use super::{Cost, Kind, UnlockKey, Vault};
use crate::state::{Lineage, Serial};
use crate::sys::Random;

/// Little work, for tests.
const CHEAP: Cost = Cost {
    memory: 8,
    passes: 1,
    lanes: 1,
};

fn lineage(byte: u8) -> Lineage {
    Lineage::from_random([byte; 16])
}

fn file_key(byte: u8) -> UnlockKey {
    UnlockKey::key_file(&[byte; 32]).unwrap()
}

fn vault(key: &UnlockKey) -> Vault {
    Vault::new(key, CHEAP, &Random::system()).unwrap()
}

fn sealed(vault: &Vault, text: &[u8]) -> Vec<u8> {
    vault
        .seal(
            Kind::Document,
            &lineage(1),
            Serial(7),
            text,
            &Random::system(),
        )
        .unwrap()
}
