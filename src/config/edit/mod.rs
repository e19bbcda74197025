//! `sindri.yaml` edited: what its machines ask for changes, and not one other byte.

mod editing;
mod flow;
mod layer;
mod lines;
mod list;
mod manner;
mod mapping;
mod odd;
mod proof;
mod syntax;
#[cfg(test)]
mod tests;
mod written;

pub use editing::{Edited, EditedEntry, Scope, Wish, edit};
pub use written::Asking;
