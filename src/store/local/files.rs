//! Files that survive a crash: written beside, made durable, then put in place.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Whether a write must have reached the disk before it counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    /// It survives a power cut.
    Yes,
    /// It only has to be whole for whoever reads it.
    No,
}

/// Puts a whole file in place of another: a reader sees the old or the new one, never a mixture.
///
/// The caller holds the store's lock, so one name is enough for the file while it is written, and
/// a crash leaves at most that one behind.
pub(super) fn replace(path: &Path, bytes: &[u8], durable: Durable) -> Result<(), StoreError> {
    write_beside(path, bytes, durable)
        .and_then(|beside| fs::rename(beside, path))
        .and_then(|()| match durable {
            Durable::Yes => sync_directory_of(path),
            Durable::No => Ok(()),
        })
        .map_err(|error| StoreError::io(path, error))
}

fn write_beside(path: &Path, bytes: &[u8], durable: Durable) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = PathBuf::from(name);
    let written = (|| {
        // A crash may have left one behind with other permissions than ours.
        remove(&beside)?;
        let mut file = private().write(true).create_new(true).open(&beside)?;
        file.write_all(bytes)?;
        match durable {
            Durable::Yes => file.sync_all(),
            Durable::No => Ok(()),
        }
    })();
    if written.is_err() {
        // Gives the space back; the error to tell is the first one.
        remove(&beside).unwrap_or_default();
    }
    written.map(|()| beside)
}

/// Keeps the content of a file under another name, where that is possible.
///
/// A store without its backup still works, so a failure is no error.
pub(super) fn keep(path: &Path, backup: &Path) {
    let kept = remove(backup).and_then(|()| {
        fs::hard_link(path, backup).or_else(|_| fs::copy(path, backup).map(|_| ()))
    });
    kept.unwrap_or_default();
}

/// Removes a file; one that isn't there is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
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

/// Makes a directory that only its owner may enter, durably; one that is there is left as it is.
pub(super) fn create_private_directory(path: &Path) -> Result<(), StoreError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_directory_of(path).map_err(|error| StoreError::io(path, error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if path.is_dir() {
                Ok(())
            } else {
                Err(StoreError::NotADirectory(path.to_owned()))
            }
        }
        Err(error) => Err(StoreError::io(path, error)),
    }
}

/// Options for a file that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Makes the entry of a path in its directory durable.
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(directory)?.sync_all()
}
