//! Stores: where a state lives, who may write it, and how it survives.

#[cfg(test)]
mod corpus;
mod error;
#[cfg(test)]
mod formats;
mod local;
mod lock_info;
mod sealing;

pub use error::{Damage, StoreError};
pub use local::{LocalStore, Locked, Rekeyed, Renew};
pub use lock_info::{LockInfo, LockRequest};
pub use sealing::{Form, Opened, Sealing};
