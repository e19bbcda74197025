//! Config and catalog become the graph of resources wanted.

mod graph;
mod order;

pub use graph::{Desired, GraphError, Lifecycle, Wanted};
