//! What goes wrong with one call to a cloud.

use std::fmt;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The program is killed before the call reaches the server.
    KilledBefore,
    /// It is killed when the server has done it, and no answer is there yet.
    KilledAfter,
    /// It is killed when it has the answer.
    KilledAnswered,
    /// The answer breaks off in its middle.
    AnswerCut,
    /// Something else is answered, though it was done.
    AnswerLost(u16),
    /// The server wants to be asked a second later.
    Throttled,
    /// The server has trouble, and does nothing.
    Trouble,
    /// From the next call on no connection comes about, until the program ends.
    Unreachable,
    /// The token isn't valid any more, until the program ends.
    TokenRefused,
    /// The state can't be reached any more, until the program ends.
    StoreLost,
}

impl Fault {
    pub(super) const ALL: [Self; 11] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::KilledAnswered,
        Self::AnswerCut,
        Self::AnswerLost(408),
        Self::AnswerLost(500),
        Self::Throttled,
        Self::Trouble,
        Self::Unreachable,
        Self::TokenRefused,
        Self::StoreLost,
    ];

    /// Whether the program is killed by it.
    pub(super) fn kills(self) -> bool {
        matches!(
            self,
            Self::KilledBefore | Self::KilledAfter | Self::KilledAnswered
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::KilledBefore => "killed before the call",
            Self::KilledAfter => "killed after it was done",
            Self::KilledAnswered => "killed at the answer",
            Self::AnswerCut => "answer cut",
            Self::AnswerLost(status) => return write!(f, "{status} though done"),
            Self::Throttled => "429",
            Self::Trouble => "503",
            Self::Unreachable => "refused connections",
            Self::TokenRefused => "refused token",
            Self::StoreLost => "lost state",
        };
        f.write_str(text)
    }
}
