//! Stores: where a state lives, who may write it, and how it survives.
//!
//! One contract for all of them: a [`Store`] reads, a [`Locked`] writes. What a state means (fold,
//! numbers, checks, when to compact) is in `reading` and `locked`, once; below them lies a `medium`
//! for each kind of place, that only knows bytes. An [`Envelope`] between the two seals them.

mod envelope;
mod error;
#[cfg(test)]
mod formats;
mod local;
mod lock_info;
mod locked;
mod medium;
mod opened;
mod reading;
#[cfg(test)]
pub(crate) mod shaky;
mod spill;

pub use envelope::{Envelope, Piece};
pub use error::{Damage, StoreError};
pub use lock_info::{LockInfo, LockRequest};
pub use locked::Locked;
pub use medium::Abilities;
pub use opened::Store;
pub use spill::{Contradiction, Spilled};
