//! Stores: where a state lives, who may write it, and how it survives.

mod error;
#[cfg(test)]
mod formats;
mod local;
mod lock_info;

pub use error::{Damage, StoreError};
pub use local::{LocalStore, Locked};
pub use lock_info::{LockInfo, LockRequest};
