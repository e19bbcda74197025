//! The command line: clap, one file a command, as thin as it can be.
