//! Stores: where a state lives, who may write it, and how it survives.
//!
//! One contract for all of them: a [`Store`] reads, a [`Locked`] writes. What a state means (fold,
//! numbers, checks, when to compact) is in `reading` and `locked`, once; below them lies a `medium`
//! for each kind of place, that only knows bytes. A [`Form`] between the two seals them.

mod background;
#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod corpus;
mod error;
#[cfg(test)]
mod formats;
mod http;
mod local;
mod location;
mod lock_info;
mod locked;
mod medium;
mod migrate;
#[cfg(test)]
mod migrate_tests;
mod object;
mod opened;
mod place;
mod postgres;
mod reading;
mod rekey;
mod sealing;
mod seen;
#[cfg(test)]
mod seen_tests;
#[cfg(test)]
pub(crate) mod shaky;
mod spill;
mod transit;

pub use error::{Damage, StoreError};
pub use http::HttpPlace;
pub use lock_info::{LockInfo, LockRequest};
pub use locked::Locked;
pub use medium::{Abilities, Keeping};
pub use migrate::{MigrateError, Migrated, Receiving};
pub use object::{ObjectPlace, ObjectProtocol};
pub use opened::{Opening, Store};
pub use place::Place;
pub use postgres::{PostgresError, PostgresPlace, SslMode};
pub use rekey::{Rekeyed, Renew};
pub use sealing::{Form, Opened, Sealing};
pub use seen::SeenError;
pub use spill::{Contradiction, Spilled};
pub use transit::TransitError;
