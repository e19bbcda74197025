//! What is sent to the Machines API, built from specifications alone: pure, sent elsewhere.

pub(super) mod app;
mod call;
pub(super) mod config;
pub(super) mod machine;
pub(super) mod organization;
pub(super) mod secret;
#[cfg(test)]
pub(super) mod tests;
pub(super) mod volume;

pub(super) use call::{Action, Call, Effect};
