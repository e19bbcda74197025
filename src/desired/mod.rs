//! Config and catalog become the graph of resources wanted.
