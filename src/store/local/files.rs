//! The files of a store: private, whole, and durable where that counts.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::store::StoreError;
use crate::sys::files;

/// Only the owner may read and write.
const PRIVATE: u32 = 0o600;

/// Whether a write must have reached the disk before it counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    /// It survives a power cut.
    Yes,
    /// It only has to be whole for whoever reads it.
    No,
}

/// Puts a whole file in place of another: a reader sees the old or the new one, never a mixture.
pub(super) fn replace(path: &Path, bytes: &[u8], durable: Durable) -> Result<(), StoreError> {
    files::write_atomic(path, bytes, PRIVATE, durable == Durable::Yes)
        .map_err(|error| StoreError::io(path, error))
}

/// Keeps the content of a file under another name, where that is possible.
///
/// A store without its backup still works, so a failure is no error.
pub(super) fn keep(path: &Path, backup: &Path) {
    let kept = files::remove_file(backup)
        .and_then(|()| fs::hard_link(path, backup).or_else(|_| fs::copy(path, backup).map(|_| ())));
    if kept.is_err() {
        // Half a copy is worse than none.
        files::remove_file(backup).unwrap_or_default();
    }
}

/// Reads a whole file; none where it isn't there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(path, error)),
    }
}

/// Makes a directory that only its owner may enter, durably; one that is there is left as it is, and
/// then it says so with no.
pub(super) fn create_private_directory(path: &Path) -> Result<bool, StoreError> {
    match files::create_dir(path, 0o700) {
        Ok(()) => {
            let parent = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                Some(_) | None => Path::new("."),
            };
            files::sync_dir(parent).map_err(|error| StoreError::io(parent, error))?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if path.is_dir() {
                Ok(false)
            } else {
                refuse_dangling(path)?;
                Err(StoreError::NotADirectory(path.to_owned()))
            }
        }
        Err(error) => Err(StoreError::io(path, error)),
    }
}

/// Refuses a link that leads nowhere: as to a disk that isn't there, with the state on it.
pub(super) fn refuse_dangling(path: &Path) -> Result<(), StoreError> {
    if path.is_symlink() && !path.exists() {
        return Err(StoreError::LeadsNowhere(path.to_owned()));
    }
    Ok(())
}

/// Removes what killed writers left beside the files they were about to replace.
///
/// The caller holds the lock, so no other writer is at work; what can't be removed does no harm.
pub(super) fn sweep(directory: &Path) {
    for name in files::list(directory).unwrap_or_default() {
        let text = name.to_string_lossy();
        if text.starts_with('.') && text.ends_with(".tmp") {
            files::remove_file(&directory.join(&name)).unwrap_or_default();
        }
    }
}

/// Whether an open file is the one at a path.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Options for a file that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(PRIVATE);
    options
}
