//! Why a store can't be read or written.

use std::io;
use std::path::{Path, PathBuf};

use super::LockInfo;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::state::{DocumentError, FoldError, JournalError, Lineage, Serial};

/// What is wrong with a file of the store.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// The document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A line of the journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An entry that can't follow the ones before it.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The fingerprint key.
    #[error("the key has {0} bytes instead of 32")]
    Key(usize),
}

/// Why a store can't be read or written; no variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process is writing.
    #[error("the state is locked by `{}` of {} on {}", .0.operation, .0.who, .0.host)]
    Held(Box<LockInfo>),
    /// A file isn't what was written.
    #[error("`{}` is damaged", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<Damage>,
    },
    /// Written by a newer version.
    #[error("`{}` was written by a newer version of sindri", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The disk or the quota is full.
    #[error("no space left to write `{}`", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system refuses access.
    #[error("access to `{}` is denied", path.display())]
    Permission {
        /// What was to be accessed.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("can't access `{}`", path.display())]
    Io {
        /// What was to be accessed.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Writes are missing between the document and the journal.
    #[error("`{}` ends at write {document}, but its journal goes on at write {journal}", file.display())]
    Gap {
        /// The document.
        file: PathBuf,
        /// Its serial.
        document: Serial,
        /// The first entry of the journal.
        journal: Serial,
    },
    /// The journal belongs to another state.
    #[error("`{}` belongs to another state", file.display())]
    OtherLineage {
        /// The journal.
        file: PathBuf,
        /// The document's lineage.
        document: Lineage,
        /// The journal's.
        journal: Lineage,
    },
    /// A journal or a backup without its document.
    #[error("`{}` is gone, but what belongs to it is there", file.display())]
    Gone {
        /// The document.
        file: PathBuf,
    },
    /// Events that can't follow the state; nothing was written.
    #[error("the events contradict the state")]
    Contradiction(#[source] FoldError),
    /// A write before the state was begun.
    #[error("the state in `{}` was not begun yet", .0.display())]
    NotBegun(PathBuf),
    /// An earlier write failed and couldn't be taken back: the lock must be taken anew.
    #[error("nothing more is written to `{}` after a write that could not be taken back", .0.display())]
    Poisoned(PathBuf),
    /// Something else stands in the place of the store.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
}

impl StoreError {
    /// Classifies a failure of the file system.
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { path, source },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { path, source }
            }
            io::ErrorKind::NotADirectory => {
                Self::NotADirectory(path.parent().unwrap_or(&path).to_owned())
            }
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn document(file: &Path, source: DocumentError) -> Self {
        let file = file.to_owned();
        match source {
            DocumentError::Newer { found, .. } => Self::Newer {
                file,
                format: found,
            },
            source @ (DocumentError::Malformed(_)
            | DocumentError::Checksum
            | DocumentError::Integrity(_)) => Self::Damaged {
                file,
                source: Box::new(source.into()),
            },
        }
    }

    pub(super) fn journal(file: &Path, source: JournalError) -> Self {
        let file = file.to_owned();
        match source {
            JournalError::Newer(format) => Self::Newer { file, format },
            source @ (JournalError::Damaged { .. } | JournalError::OutOfOrder { .. }) => {
                Self::Damaged {
                    file,
                    source: Box::new(source.into()),
                }
            }
        }
    }

    pub(super) fn fold(document: &Path, journal: &Path, source: FoldError) -> Self {
        match source {
            FoldError::Gap { expected, found } => Self::Gap {
                file: document.to_owned(),
                document: expected,
                journal: found,
            },
            source @ (FoldError::NeverBegan(_)
            | FoldError::BeganTwice(_)
            | FoldError::OtherAddress { .. }
            | FoldError::NotRecorded(_)
            | FoldError::Taken(_)
            | FoldError::Busy(_)
            | FoldError::Mark(_)
            | FoldError::Integrity(_)) => Self::Damaged {
                file: journal.to_owned(),
                source: Box::new(source.into()),
            },
        }
    }

    fn code(&self) -> Code {
        Code::new(match self {
            Self::Held(_) => "store::held",
            Self::Damaged { .. } => "store::damaged",
            Self::Newer { .. } => "store::newer",
            Self::Full { .. } => "store::full",
            Self::Permission { .. } => "store::permission",
            Self::Io { .. } => "store::io",
            Self::Gap { .. } => "store::gap",
            Self::OtherLineage { .. } => "store::other-lineage",
            Self::Gone { .. } => "store::gone",
            Self::Contradiction(_) => "store::contradiction",
            Self::NotBegun(_) => "store::not-begun",
            Self::Poisoned(_) => "store::poisoned",
            Self::NotADirectory(_) => "store::not-a-directory",
        })
    }

    fn advice(&self) -> String {
        match self {
            Self::Held(info) => format!(
                "process {} has held it since {}; wait for it, or give it time with `--lock-timeout`",
                info.pid, info.since
            ),
            Self::Damaged { source, .. } => match source.as_ref() {
                Damage::Document(_) => RESTORE.to_owned(),
                Damage::Journal(_) | Damage::Fold(_) => CUT.to_owned(),
                Damage::Key(_) => "restore the file, or remove it: a new one is made, and every \
                    secret is delivered once more"
                    .to_owned(),
            },
            Self::Newer { format, .. } => {
                format!(
                    "it has format {format}; use the version of sindri that wrote it, or a later one"
                )
            }
            Self::Full { .. } => {
                "nothing that was recorded is lost; free some space and run the command again"
                    .to_owned()
            }
            Self::Permission { .. } => {
                "the store belongs to the user who made it; run as that user".to_owned()
            }
            Self::Io { .. } => {
                "see that the directory of the store can be read and written".to_owned()
            }
            Self::Gap { .. } => "the document is older than its journals, as after restoring it \
                alone from a backup: restore the files of one moment together"
                .to_owned(),
            Self::OtherLineage {
                document, journal, ..
            } => format!(
                "the document has lineage {document}, the journal {journal}: restore the one that belongs here"
            ),
            Self::Gone { .. } => RESTORE.to_owned(),
            Self::Contradiction(_) => {
                "this is a defect of sindri; nothing was written, and the state is as it was"
                    .to_owned()
            }
            Self::NotBegun(_) => "this is a defect of sindri; nothing was written".to_owned(),
            Self::Poisoned(_) => {
                "nothing that was recorded before is lost; run the command again".to_owned()
            }
            Self::NotADirectory(_) => "move it away; sindri keeps its state there".to_owned(),
        }
    }
}

const RESTORE: &str = "copy `state.json.backup` over `state.json`: together with \
    `journal.jsonl.backup` and `journal.jsonl`, which are read with it, nothing is lost";

const CUT: &str = "restore the file from a backup of yours; or keep a copy of it and cut it off before \
    the damage: then sindri no longer knows what was done from there on, and what was made is \
    left behind";

impl Diagnose for StoreError {
    fn diagnose(&self) -> Diagnostics {
        let finding = Diagnostic::error(self.code(), self.to_string())
            .caused_by(self)
            .help(self.advice());
        vec![finding]
    }
}
