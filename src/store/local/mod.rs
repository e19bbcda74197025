//! The local store: a directory beside the configuration.

mod files;
mod history;
mod holding;
mod journal;
mod lock;
mod medium;
mod paths;
#[cfg(test)]
mod tests;

pub(super) use history::History;
pub(super) use medium::Local;
