//! Why a file isn't edited.

/// A spelling that is read, but that an edit would have to guess about; each with its offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Odd {
    /// A value that stands elsewhere.
    #[error("this is an alias: what it stands for is written elsewhere in the file")]
    Alias(usize),
    /// A value that others refer to.
    #[error("other places of the file refer to this by its anchor")]
    Shared(usize),
    /// A map that takes others in.
    #[error("this takes in what is written elsewhere, with `<<`")]
    Merge(usize),
    /// Anything else.
    #[error("this is spelled in a way that is read, but not edited")]
    Spelling(usize),
    /// The text that came out doesn't mean what was asked for.
    #[error("the edited file would mean something else than was asked for")]
    Meaning,
}

impl Odd {
    /// What to write instead, so that it can be edited.
    pub(super) fn plainly(&self) -> &'static str {
        match self {
            Self::Alias(_) => "write out there what it stands for, and run the command again",
            Self::Shared(_) => "write out what the others mean by it, and run the command again",
            Self::Merge(_) => "write `extensions` out there, and run the command again",
            Self::Spelling(_) => {
                "write it plainly, as `[a, b]` or with `- a` on a line of its own, and run the \
                 command again"
            }
            Self::Meaning => "write it by hand, and run `sindri apply`",
        }
    }

    /// Where it stands.
    pub(super) fn offset(&self) -> Option<usize> {
        match self {
            Self::Alias(at) | Self::Shared(at) | Self::Merge(at) | Self::Spelling(at) => Some(*at),
            Self::Meaning => None,
        }
    }
}
