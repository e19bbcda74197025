//! `sindri.lock`: exactly which extensions the machines of a configuration get, and their content.

mod body;
mod change;
mod model;
mod range;
mod read;
mod shelf;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use change::{LockChange, Locked, Relock};
pub use model::{Lock, Origin, Pin, Set, origin};
pub use shelf::{Moving, Pinned};
