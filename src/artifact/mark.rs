//! How an artifact is known again: by a digest of itself, which an edit breaks.

use crate::diagnostic::Diagnostics;

/// A file for another tool.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Its text.
    pub text: String,
    /// What it can't say.
    pub findings: Diagnostics,
    /// The commands that make use of it, one each; no value of a secret is in them.
    pub next: Vec<String>,
}

/// Whose a file is that stands already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was rendered, and is as it was rendered.
    Rendered,
    /// It was rendered, and somebody edited it since.
    Edited,
    /// It is somebody else's.
    Foreign,
}
