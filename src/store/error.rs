//! Why a store can't be read or written.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{LockInfo, PostgresError, SeenError, TransitError};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::seal::SealError;
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
    /// An earlier document, kept with a note.
    #[error("it isn't a version that sindri kept")]
    Version,
    /// The lock object.
    #[error("it isn't a lock of this version of sindri")]
    Lock,
    /// The one body of a state behind HTTP.
    #[error("it isn't a state of this version of sindri")]
    Body,
}

/// Why a store can't be read or written; no variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process is writing.
    #[error("the state is locked by `{}` of {} on {}", .0.operation, .0.who, .0.host)]
    Held(Box<LockInfo>),
    /// Another command is writing, or was, to a store whose locks never end by themselves.
    #[error("the state is locked by `{}` of {} on {}", .0.operation, .0.who, .0.host)]
    HeldWithoutEnd(Box<LockInfo>),
    /// Another command is writing, to a store whose locks end with their connections.
    #[error("the state is locked by `{}` of {} on {}", .0.operation, .0.who, .0.host)]
    HeldUntilGone(Box<LockInfo>),
    /// Nobody wants to wait for the lock any longer.
    #[error("interrupted while waiting for the state, before anything was begun")]
    GivenUp,
    /// The lock to be taken away is another's.
    #[error("the state is held by another lock: `{}` of {} on {}", .0.operation, .0.who, .0.host)]
    OtherHolder(Box<LockInfo>),
    /// The lock to be taken away ends only with its process.
    #[error("process {} on {} holds the state, and only its end gives it back", .0.pid, .0.host)]
    OfTheSystem(Box<LockInfo>),
    /// Nobody holds the lock to be taken away.
    #[error("nobody holds the state in `{}`", .0.display())]
    NotHeld(PathBuf),
    /// Somebody else has written since the lock was taken: this holder may not any more.
    #[error("the lock on `{}` was lost to another command", .0.display())]
    Lost(PathBuf),
    /// An address that no store has; the text never repeats the address.
    #[error("the address of the state can't be used: {0}")]
    BadPlace(String),
    /// A remote store doesn't answer.
    #[error("the store {store} can't be reached")]
    Unreachable {
        /// The store.
        store: String,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A remote store refuses the credentials, or there are none.
    #[error("the store {store} denies access")]
    Denied {
        /// The store.
        store: String,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bucket isn't there.
    #[error("the bucket of {0} doesn't exist")]
    NoBucket(String),
    /// The server ignores the conditions of writes.
    #[error("the store {0} ignores conditional writes: two commands could overwrite each other")]
    Unsafe(String),
    /// A remote store gives an answer that nothing can be made of.
    #[error("the request for {} failed", file.display())]
    Refused {
        /// What was asked for.
        file: PathBuf,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Others write faster than this process reads.
    #[error("the state in {0} changes faster than it can be read")]
    Busy(String),
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
    /// A file that can't be opened with the keys given, or not encrypted with them.
    #[error("can't open `{}`", file.display())]
    Sealed {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: Box<SealError>,
    },
    /// A state shall be encrypted, and no key is given for it.
    #[error("no key is given to encrypt the state with")]
    NoNewKey,
    /// Two keys where one is needed.
    #[error("both `{0}` and `{1}` are set")]
    TwoKeys(&'static str, &'static str),
    /// A key file that can't be read.
    #[error("can't read the key file `{}`", file.display())]
    NoKeyFile {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A key file that others may read.
    #[error("the key file `{}` can be read by others: its mode is {mode:04o}", file.display())]
    OpenKeyFile {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// What only a database says.
    #[error(transparent)]
    Postgres(Box<PostgresError>),
    /// Something else stands in the place of the store.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// In the place of the store stands a link to nothing.
    #[error("`{}` is a link, and what it leads to isn't there", .0.display())]
    LeadsNowhere(PathBuf),
    /// The state doesn't count here: it was moved, or hasn't arrived.
    #[error(transparent)]
    Transit(TransitError),
    /// The state went back since this host last saw it.
    #[error(transparent)]
    Seen(SeenError),
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

    pub(super) fn sealed(file: &Path, source: SealError) -> Self {
        Self::Sealed {
            file: file.to_owned(),
            source: Box::new(source),
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

    /// Whether reading again may help: a writer may have been in the middle of its work.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Sealed { source, .. } => source.is_damage(),
            other => matches!(
                other,
                Self::Damaged { .. }
                    | Self::Newer { .. }
                    | Self::Io { .. }
                    | Self::Gap { .. }
                    | Self::OtherLineage { .. }
                    | Self::Gone { .. }
            ),
        }
    }

    fn code(&self) -> Code {
        Code::new(match self {
            Self::Held(_) | Self::HeldWithoutEnd(_) | Self::HeldUntilGone(_) => "store::held",
            Self::GivenUp => return Code::INTERRUPTED,
            Self::OtherHolder(_) => "store::other-holder",
            Self::OfTheSystem(_) => "store::lock-of-the-system",
            Self::NotHeld(_) => "store::not-held",
            Self::Lost(_) => "store::lost",
            Self::BadPlace(_) => "store::address",
            Self::Unreachable { .. } => "store::unreachable",
            Self::Denied { .. } => "store::denied",
            Self::NoBucket(_) => "store::no-bucket",
            Self::Unsafe(_) => "store::unsafe",
            Self::Refused { .. } => "store::refused",
            Self::Busy(_) => "store::busy",
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
            Self::LeadsNowhere(_) => "store::link",
            Self::Postgres(error) => error.code(),
            Self::Sealed { source, .. } => return source.code(),
            Self::Transit(error) => return error.code(),
            Self::Seen(error) => return error.code(),
            Self::NoNewKey => "seal::no-new-key",
            Self::TwoKeys(..) => "seal::two-keys",
            Self::NoKeyFile { .. } => "seal::no-key-file",
            Self::OpenKeyFile { .. } => "seal::open-key-file",
        })
    }

    fn advice(&self) -> String {
        match self {
            Self::Held(info) => wait_for(info),
            Self::HeldWithoutEnd(info) => format!(
                "it was taken {} and doesn't end by itself: give it time with `--lock-timeout`, \
                 or, if that command is gone for certain, run `sindri force-unlock {}`",
                info.since, info.id
            ),
            Self::HeldUntilGone(info) => until_gone(info),
            Self::GivenUp => "run the command again when the state is free".to_owned(),
            Self::OtherHolder(info) => format!(
                "its id is {}, and it was taken {}; see that it is the one you mean",
                info.id, info.since
            ),
            Self::OfTheSystem(info) => format!(
                "wait for it, or end process {} there: a lock of the system ends with its process",
                info.pid
            ),
            Self::NotHeld(_) => "there is nothing to take away; run the command".to_owned(),
            Self::Lost(_) => {
                "nothing of the other command was overwritten; run this one again: it \
                picks up what was begun"
                    .to_owned()
            }
            Self::BadPlace(_) => ADDRESS.to_owned(),
            Self::Unreachable { .. } => OUT_OF_REACH.to_owned(),
            Self::Denied { .. } => CREDENTIALS.to_owned(),
            Self::NoBucket(_) => "make the bucket first; sindri doesn't make buckets".to_owned(),
            Self::Unsafe(_) => {
                "use a server that honours `If-None-Match` and `If-Match` on PUT, as \
                S3, GCS, Azure, R2 and recent MinIO do"
                    .to_owned()
            }
            Self::Refused { .. } => "what the server said is above; nothing that was recorded is \
                lost"
                .to_owned(),
            Self::Busy(_) => "run the command again".to_owned(),
            Self::Damaged { file, source } => mend(file, source),
            Self::Newer { format, .. } => {
                format!(
                    "it has format {format}; use the version of sindri that wrote it, or a later one"
                )
            }
            Self::Full { .. } => {
                "nothing that was recorded is lost; free some space and run the command again"
                    .to_owned()
            }
            Self::Permission { source, .. }
                if source.kind() == io::ErrorKind::ReadOnlyFilesystem =>
            {
                "its disk takes no writes: mount it for writing, or keep the state elsewhere"
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
            Self::Gone { file } if is_remote(file) => RESTORE_REMOTE.to_owned(),
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
            Self::LeadsNowhere(_) => {
                "see that the disk it leads to is there; or, where no state is \
                to be found any more, remove the link"
                    .to_owned()
            }
            Self::Postgres(error) => error.advice(),
            Self::Sealed { source, .. } => source.advice().to_owned(),
            Self::Transit(error) => error.advice(),
            Self::Seen(error) => error.advice(),
            Self::NoNewKey => NO_NEW_KEY.to_owned(),
            Self::TwoKeys(..) => "unset one of them".to_owned(),
            Self::NoKeyFile { .. } => {
                "`SINDRI_STATE_KEY_FILE` and `state.encryption.keyFile` name key \
                files; `openssl rand -hex 32` makes one"
                    .to_owned()
            }
            Self::OpenKeyFile { file, .. } => {
                format!("`chmod 600 {}` keeps it to its owner", file.display())
            }
        }
    }
}

/// What to do about a lock that another holds.
fn wait_for(info: &LockInfo) -> String {
    match info.expires {
        None => format!(
            "process {} has held it since {}; wait for it, or give it time with `--lock-timeout`",
            info.pid, info.since
        ),
        Some(expires) => format!(
            "process {} there has held it since {}; it comes free at {} unless it is renewed: give \
             it time with `--lock-timeout`, or, if that process is gone for certain, run `sindri \
             force-unlock {}`",
            info.pid,
            info.since,
            // People read whole seconds, and none of them too early.
            Timestamp::from_second(expires.as_second() + 1).unwrap_or(expires),
            info.id
        ),
    }
}

/// What to do about a lock that ends with its connection.
fn until_gone(info: &LockInfo) -> String {
    format!(
        "process {} there has held it since {}; it comes free when that one ends, or its \
         connection does: give it time with `--lock-timeout`, or, if it must not go on, run \
         `sindri force-unlock {}`",
        info.pid, info.since, info.id
    )
}

/// How a damaged piece is mended.
fn mend(file: &Path, damage: &Damage) -> String {
    match damage {
        Damage::Lock => "use the version of sindri that wrote it; or, where no command is \
            running, remove it"
            .to_owned(),
        Damage::Body => RESTORE_REMOTE.to_owned(),
        Damage::Version => {
            "the state itself is not touched by it: `sindri state history` shows what \
            else there is to go back to"
                .to_owned()
        }
        Damage::Document(_) | Damage::Journal(_) | Damage::Fold(_) if is_remote(file) => {
            RESTORE_REMOTE.to_owned()
        }
        Damage::Document(_) => RESTORE.to_owned(),
        Damage::Journal(_) | Damage::Fold(_) => CUT.to_owned(),
        Damage::Key(_) => "restore the file, or remove it: a new one is made, and every \
            secret is delivered once more"
            .to_owned(),
    }
}

/// Whether a piece of a store has an address instead of a path.
fn is_remote(file: &Path) -> bool {
    file.to_string_lossy().contains("://")
}

const ADDRESS: &str = "write it as a path, or as \
    `s3://BUCKET/PREFIX?endpoint=URL&region=NAME` (or `gs://`, `az://`), or as an \
    address of `https://`, or as `postgres://HOST/DATABASE/NAME`";

const OUT_OF_REACH: &str = "see that its address is right and the network is up; \
    nothing that was recorded is lost, and what was begun is picked up by the next run";

const CREDENTIALS: &str = "credentials come from the environment, such as \
    `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; they must permit reading, \
    writing, listing and deleting below the prefix";

const NO_NEW_KEY: &str = "set `SINDRI_STATE_PASSPHRASE` or `SINDRI_STATE_KEY_FILE`; the key that \
    opens the state now goes into `SINDRI_STATE_OLD_PASSPHRASE` or \
    `SINDRI_STATE_OLD_KEY_FILE`; `--decrypt` leaves the state in plaintext";

const RESTORE_REMOTE: &str = "restore it from a version that the server kept or from a backup of \
    yours; what was made since is then no longer known to sindri";

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
