//! Config and catalog become the graph of resources wanted.

mod build;
mod e2b;
mod fly;
mod graph;
mod order;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use crate::config::{Import, Moved, Removed, Transitions};
pub use build::{Inputs, Installable, Resolve, build};
pub use graph::{Desired, GraphError, Lifecycle, Wanted};
