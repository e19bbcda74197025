//! What is sent to an Engine, built from specifications alone: pure, sent elsewhere.

pub(super) mod build;
pub(super) mod container;
pub(super) mod exec;
pub(super) mod image;
mod nesting;
pub(super) mod network;
#[cfg(test)]
mod tests;
pub(super) mod volume;

pub use build::{Baked, ImageBuild, ImageTarget};
pub(super) use nesting::{Nesting, nesting};
