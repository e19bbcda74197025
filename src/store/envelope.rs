//! What may lie between a state and the bytes that a store keeps: encryption.

use std::fmt;

use super::StoreError;
use crate::state::{Lineage, Serial};

/// Which piece of a state some bytes are, so that no piece can be put in the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The document.
    Document,
    /// One group of the journal.
    Group {
        /// The state it belongs to.
        lineage: &'a Lineage,
        /// The number of its first event.
        first: Serial,
    },
    /// The key under which secrets are fingerprinted.
    Key,
}

/// Turns every byte of a state that leaves this process, and turns it back.
///
/// The one place for it: documents, groups of the journal and the key pass through here on their
/// way to every store and back, whatever the store is. Lineage, numbers and lengths of groups stay
/// readable, since stores order and fence by them.
pub trait Envelope: fmt::Debug + Send + Sync {
    /// Seals one piece.
    fn seal(&self, piece: Piece<'_>, plain: Vec<u8>) -> Result<Vec<u8>, StoreError>;

    /// Opens one piece.
    ///
    /// Also called with what was never sealed, as it is found in the store: whether that is let
    /// through or refused is decided here.
    fn open(&self, piece: Piece<'_>, kept: Vec<u8>) -> Result<Vec<u8>, StoreError>;
}
