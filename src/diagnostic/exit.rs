//! The one table of exit codes.

use super::{Code, Diagnostic, Diagnostics};

/// How a command ended, as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Any error, usage included.
    Error,
    /// `plan --detailed-exitcode` and `drift` found something; `apply --detailed-exitcode` left
    /// something undone that nothing else needs.
    Something,
    /// Interrupted by a person.
    Interrupted,
    /// The exit code of the command that `connect -c` ran, passed on.
    Passed(u8),
}

impl Exit {
    /// How a command ends that couldn't go on.
    pub fn of(diagnostics: &Diagnostics) -> Self {
        let interrupted = |found: &Diagnostic| found.code == Code::INTERRUPTED;
        if diagnostics.iter().any(interrupted) {
            Self::Interrupted
        } else {
            Self::Error
        }
    }

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Something => 2,
            Self::Interrupted => 130,
            Self::Passed(code) => code,
        }
    }
}
