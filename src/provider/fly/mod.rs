//! Fly.io: machines through the Machines API, each in an app of its own.
//!
//! `request` builds what is sent, `client` sends it within Fly's limits, `wire` is what comes back,
//! and `seen` says it in the words of the specifications.

mod app;
mod awake;
mod check;
mod classify;
mod client;
mod door;
#[cfg(test)]
mod emulator;
mod exec;
mod files;
mod happened;
mod id;
mod label;
mod lease;
mod limit;
mod listing;
mod machine;
mod observe;
mod power;
mod provider;
mod request;
mod secrets;
mod seen;
mod session;
mod takeover;
#[cfg(test)]
mod tests;
mod volume;
mod wire;

pub use client::{Fly, TokenSaid};
pub use provider::CAPABILITIES;
