//! Where states are kept: the local directory, its lock and its journal.
