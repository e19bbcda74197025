//! The local store: a directory beside the configuration.

mod files;
mod journal;
mod lock;
mod locked;
mod paths;
mod read;
mod rekey;
#[cfg(test)]
mod tests;

pub use locked::Locked;
pub use read::LocalStore;
pub use rekey::{Rekeyed, Renew};
