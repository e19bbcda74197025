//! The files of a local store.

use std::path::{Path, PathBuf};

/// Where each file of a store lies.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) directory: PathBuf,
    /// The document.
    pub(super) document: PathBuf,
    /// The document before the last compaction.
    pub(super) document_backup: PathBuf,
    /// What happened since the document was written.
    pub(super) journal: PathBuf,
    /// What happened between the document's backup and the document.
    pub(super) journal_backup: PathBuf,
    /// The fingerprint key.
    pub(super) key: PathBuf,
    /// The file that is locked; empty, and removed only with a directory in which nothing was begun.
    pub(super) lock: PathBuf,
    /// Who holds the lock.
    pub(super) lock_info: PathBuf,
    /// Earlier documents.
    pub(super) history: PathBuf,
    /// Keeps the directory out of version control.
    pub(super) ignore: PathBuf,
}

impl Paths {
    pub(super) fn of(directory: &Path) -> Self {
        let file = |name: &str| directory.join(name);
        Self {
            directory: directory.to_owned(),
            document: file("state.json"),
            document_backup: file("state.json.backup"),
            journal: file("journal.jsonl"),
            journal_backup: file("journal.jsonl.backup"),
            key: file("key"),
            lock: file("lock"),
            lock_info: file("lock.json"),
            history: file("history"),
            ignore: file(".gitignore"),
        }
    }
}
