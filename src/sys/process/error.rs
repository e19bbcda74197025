//! Why a process couldn't be run.

use std::io;

/// Why a process couldn't be run; a program that fails is no error.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There was nothing to start.
    #[error("the command is empty")]
    Empty,
    /// The program isn't there, or may not be run, or its directory is gone.
    #[error("failed to start `{program}`")]
    Start {
        /// The program as asked for.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system lost track of it.
    #[error("failed to follow `{program}`")]
    Follow {
        /// The program as asked for.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}
