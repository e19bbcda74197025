//! The local store: a directory beside the configuration.

mod files;
mod history;
mod journal;
mod lock;
mod locked;
mod paths;
mod read;
#[cfg(test)]
mod tests;

pub use locked::Locked;
pub use read::LocalStore;
