//! Why there is no artifact of a machine.

use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::ProviderKind;

/// Why there is no artifact of a machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// A `fly.toml` of a machine that isn't on Fly.io.
    #[error("machine `{machine}` is on `{provider}`, and a fly.toml tells of a machine on `fly`")]
    NotOnFly {
        /// The machine.
        machine: Name,
        /// Where it is.
        provider: ProviderKind,
    },
    /// A `fly.toml` of a machine that stands by for another, in that one's app.
    #[error("machine `{machine}` lives in the app of `{other}`, and a fly.toml tells of an app")]
    StandsBy {
        /// The machine.
        machine: Name,
        /// The one it stands by for.
        other: Name,
    },
    /// A machine that isn't among those wanted.
    #[error("machine `{0}` isn't among the machines wanted")]
    NotWanted(Name),
    /// A dev container without an image.
    #[error("machine `{machine}` names no image, and there is no default one for `{distro}`")]
    NoImage {
        /// The machine.
        machine: Name,
        /// Its distribution.
        distro: &'static str,
    },
}

impl ArtifactError {
    /// The error with its code and what to do.
    pub fn diagnose(&self) -> Diagnostic {
        let (code, help) = match self {
            Self::NotOnFly { .. } => (
                "artifact::not-on-fly",
                "name a machine that is on `fly`, or set `deployment.provider: fly`",
            ),
            Self::StandsBy { .. } => (
                "artifact::stands-by",
                "render the one it stands by for: `fly deploy` makes a second machine by itself",
            ),
            Self::NotWanted(_) => (
                "artifact::not-wanted",
                "look at `machines` in the configuration",
            ),
            Self::NoImage { .. } => ("artifact::no-image", "set `deployment.image`"),
        };
        Diagnostic::error(Code::new(code), self.to_string()).help(help)
    }
}
