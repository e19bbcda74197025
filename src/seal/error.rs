//! Why something sealed can't be opened.

use super::{KeyId, Kind};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::state::{Lineage, Serial};

/// Why something sealed can't be opened, or not sealed; no variant holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The end is missing.
    #[error("it is cut off")]
    Truncated,
    /// It isn't what was written: its checksum or its authentication doesn't match.
    #[error("it was changed since it was sealed")]
    Changed,
    /// Written by a newer version.
    #[error("it is sealed in format {0}, which is newer than this version of sindri knows")]
    Newer(u32),
    /// It asks for more memory or time than a passphrase is worth.
    #[error("it asks for more work to derive its key than sindri is willing to do")]
    TooCostly,
    /// It is sealed, and no key of that sort was given.
    #[error("it is encrypted with {wanted}, and {given} was given")]
    NoKey {
        /// What opens it.
        wanted: Opener,
        /// What was given instead.
        given: &'static str,
    },
    /// The passphrase is another one.
    #[error("it is encrypted with another passphrase")]
    WrongPassphrase,
    /// The key file is another one.
    #[error(
        "it is encrypted with key {wanted}, and the key file given is {}",
        list(given)
    )]
    WrongKey {
        /// The key that opens it.
        wanted: KeyId,
        /// The keys that were given.
        given: Vec<KeyId>,
    },
    /// Sealed under another data key than the rest of its state.
    #[error("it is sealed under data key {found}, and the state under {wanted}")]
    OtherDataKey {
        /// The state's data key.
        wanted: KeyId,
        /// Its own.
        found: KeyId,
    },
    /// Something of another kind stands in its place.
    #[error("it is {}, where {} belongs", found.article(), wanted.article())]
    OtherKind {
        /// What belongs there.
        wanted: Kind,
        /// What stands there.
        found: Kind,
    },
    /// It belongs to another state.
    #[error("it belongs to the state {found}, not to {wanted}")]
    OtherLineage {
        /// The state at hand.
        wanted: Lineage,
        /// Its own.
        found: Lineage,
    },
    /// What it holds is of another moment than it says.
    #[error("it says to be of write {wanted}, and holds write {found}")]
    OtherSerial {
        /// What its envelope says.
        wanted: Serial,
        /// What it holds.
        found: Serial,
    },
    /// Plaintext where only ciphertext may stand.
    #[error("it isn't encrypted, but the state is")]
    Plaintext,
    /// Ciphertext where only plaintext may stand.
    #[error("it is encrypted, but the state isn't")]
    SealedInPlain,
    /// A key was given for something that isn't sealed.
    #[error("a key is given, but the state isn't encrypted")]
    NotSealed,
    /// A key file that holds no key.
    #[error("it isn't a key: {0} bytes of key are expected, raw, in hexadecimal or in base64")]
    NotAKey(usize),
}

impl SealError {
    /// The stable code of the finding.
    pub fn code(&self) -> Code {
        Code::new(match self {
            Self::Truncated => "seal::truncated",
            Self::Changed => "seal::changed",
            Self::Newer(_) => "seal::newer",
            Self::TooCostly => "seal::too-costly",
            Self::NoKey { .. } => "seal::no-key",
            Self::WrongPassphrase | Self::WrongKey { .. } => "seal::wrong-key",
            Self::OtherDataKey { .. } => "seal::other-data-key",
            Self::OtherKind { .. } | Self::OtherLineage { .. } | Self::OtherSerial { .. } => {
                "seal::swapped"
            }
            Self::Plaintext => "seal::plaintext",
            Self::SealedInPlain => "seal::sealed-in-plain",
            Self::NotSealed => "seal::not-sealed",
            Self::NotAKey(_) => "seal::not-a-key",
        })
    }

    /// Whether the bytes are at fault, and reading them again may help; not the keys.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Truncated
            | Self::Changed
            | Self::OtherDataKey { .. }
            | Self::OtherKind { .. }
            | Self::OtherLineage { .. }
            | Self::OtherSerial { .. }
            | Self::Plaintext
            | Self::SealedInPlain => true,
            Self::Newer(_)
            | Self::TooCostly
            | Self::NoKey { .. }
            | Self::WrongPassphrase
            | Self::WrongKey { .. }
            | Self::NotSealed
            | Self::NotAKey(_) => false,
        }
    }

    /// What a person can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Truncated | Self::Changed => {
                "restore the file from a backup; a passphrase or key can't help here"
            }
            Self::Newer(_) => "use the version of sindri that wrote it, or a later one",
            Self::TooCostly => "sindri never writes such a file: restore it from a backup",
            Self::NoKey {
                wanted: Opener::Passphrase,
                ..
            } => "set `SINDRI_STATE_PASSPHRASE`",
            Self::NoKey {
                wanted: Opener::KeyFile(_),
                ..
            } => "name the key file in `SINDRI_STATE_KEY_FILE`",
            Self::WrongPassphrase | Self::WrongKey { .. } => {
                "give the one it was encrypted with; after a rotation, the one before can be given \
                 as `SINDRI_STATE_OLD_PASSPHRASE` or `SINDRI_STATE_OLD_KEY_FILE`"
            }
            Self::OtherDataKey { .. } => {
                "it is from before a rotation of the key, or a rotation was interrupted: \
                 `sindri state rekey` with both keys ends it"
            }
            Self::OtherKind { .. } | Self::OtherLineage { .. } | Self::OtherSerial { .. } => {
                "put back the file that belongs here"
            }
            Self::Plaintext | Self::SealedInPlain => {
                "if `sindri state rekey` was interrupted, running it again ends it; else somebody put \
                 the file there: restore the right one from a backup"
            }
            Self::NotSealed => {
                "`sindri state rekey` encrypts it; or unset `SINDRI_STATE_PASSPHRASE` and \
                 `SINDRI_STATE_KEY_FILE`"
            }
            Self::NotAKey(_) => "`openssl rand -hex 32` makes one",
        }
    }
}

impl Diagnose for SealError {
    fn diagnose(&self) -> Diagnostics {
        vec![Diagnostic::error(self.code(), self.to_string()).help(self.advice())]
    }
}

/// What opens something sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// A passphrase.
    Passphrase,
    /// The key file with this id.
    KeyFile(KeyId),
}

impl std::fmt::Display for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Passphrase => f.write_str("a passphrase"),
            Self::KeyFile(id) => write!(f, "the key file {id}"),
        }
    }
}

fn list(ids: &[KeyId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(" or ")
}
