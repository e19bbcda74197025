//! Edits of a configuration: staged as a text, planned from it, published once a person approved.

mod gone;
mod pinned;
mod request;
mod staged;
#[cfg(test)]
mod tests;
mod wish;

pub use request::{EditRequest, Pinned};
pub use staged::{Staged, stage};
