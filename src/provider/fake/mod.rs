//! A scripted provider: objects in memory, misbehaviour on command.
//!
//! It speaks the same contract as the real ones for any [`ProviderKind`], so that the engine and
//! the golden tests can meet failures that no real provider produces on demand: it fails, stalls,
//! lies, drifts, can't be reached. Its world is a value that reads from and writes to JSON and is
//! shared by all the commands of one test. Nothing on the command line reaches it.
//!
//! [`ProviderKind`]: crate::resource::ProviderKind

mod act;
mod call;
mod content;
mod handle;
mod provider;
mod script;
#[cfg(test)]
mod tests;
mod world;

pub use call::{Call, Verb};
pub use content::Content;
pub use handle::FakeWorldHandle;
pub use provider::Fake;
pub use script::{Effect, Failure, Fault, Scripted};
pub use world::{FakeFile, FakeObject, FakeWorld};
