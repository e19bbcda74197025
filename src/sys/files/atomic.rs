//! Whole files, written and read at once.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes the names of this process's temporary files differ.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes a file whole or not at all, with exactly these permissions.
///
/// The bytes go to a new file in the same directory, which then takes the name; a symbolic link at
/// `path` is replaced, not followed. With `durable`, file and directory have reached the disk when
/// this returns.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> io::Result<()> {
    let (directory, temporary, mut file) = create_beside(path, mode)?;
    publish(&mut file, &temporary, path, bytes, mode, durable)?;
    if durable {
        sync_dir(&directory)?;
    }
    Ok(())
}

/// Writes a file whole or not at all by way of a temporary file of the caller's choice.
///
/// For one writer at a time that shall leave no second copy behind: what a kill left under the
/// temporary name is swept by the next write. Nothing is forced to the disk.
pub fn write_by_way_of(temporary: &Path, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let create = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(temporary)
    };
    let mut file = match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(temporary)?;
            create()?
        }
        outcome => outcome?,
    };
    publish(&mut file, temporary, path, bytes, mode, false)
}

/// Fills a new file and gives it its name; one that can't be finished is removed.
fn publish(
    file: &mut File,
    temporary: &Path,
    path: &Path,
    bytes: &[u8],
    mode: u32,
    durable: bool,
) -> io::Result<()> {
    let published = (|| {
        // The mask of the process may have taken permissions away.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        if durable {
            file.sync_all()?;
        }
        std::fs::rename(temporary, path)
    })();
    if published.is_err() {
        // The first error is the one that counts; a leftover harms nobody.
        drop(std::fs::remove_file(temporary));
    }
    published
}

/// Writes a file that must not be there yet; a kill may leave it half written.
///
/// For files in a directory that only takes its name when it is complete.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?
        .write_all(bytes)
}

/// Adds bytes to the end of a private file, in one write; one that is longer than `max` is begun anew.
///
/// For what may be lost: nothing is forced to the disk.
pub fn append(path: &Path, bytes: &[u8], max: u64) -> io::Result<()> {
    let open = || {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
    };
    let mut file = open()?;
    if file.metadata()?.len() > max {
        std::fs::remove_file(path)?;
        file = open()?;
    }
    file.write_all(bytes)
}

/// Makes sure that what was created, renamed or removed in a directory has reached the disk.
pub fn sync_dir(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Reads a file of at most `max` bytes; a larger one is [`io::ErrorKind::FileTooLarge`].
pub fn read_limited(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // The length is only a hint, which spares a read its guesses; the limit is what counts.
    let length = file.metadata()?.len().min(max);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {max} bytes"),
        ));
    }
    Ok(bytes)
}

/// Reads as [`read_limited`], of files only: a pipe might never end, nor say the same twice.
pub fn read_file(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let kind = std::fs::metadata(path)?.file_type();
    if !(kind.is_file() || kind.is_dir()) {
        return Err(io::Error::other("it is no file, but a pipe or a device"));
    }
    read_limited(path, max)
}

fn create_beside(path: &Path, mode: u32) -> io::Result<(PathBuf, PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        Some(_) | None => PathBuf::from("."),
    };
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut temporary = OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.{count}.tmp", std::process::id()));
        let temporary = directory.join(temporary);
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary);
        match opened {
            Ok(file) => return Ok((directory, temporary, file)),
            // Left behind by a killed process that had our number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_has_content_mode_and_no_leftover() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("state.json");
        write_atomic(&path, b"one", 0o600, true).unwrap();
        write_atomic(&path, b"two", 0o640, false).unwrap();
        assert_eq!(read_limited(&path, 3).unwrap(), b"two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("sindri.yaml");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        assert!(read_file(&path, 8).is_err());
        std::fs::remove_file(&path).unwrap();
        let missing = read_file(&path, 8).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        std::fs::write(&path, "name").unwrap();
        assert_eq!(read_file(&path, 8).unwrap(), b"name");
    }

    #[test]
    fn a_file_that_cannot_take_its_name_leaves_nothing() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("taken");
        std::fs::create_dir_all(path.join("inside")).unwrap();
        assert!(write_atomic(&path, b"x", 0o600, false).is_err());
        assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_replaced_and_its_target_left_alone() {
        let room = tempfile::tempdir().unwrap();
        let (target, path) = (room.path().join("target"), room.path().join("link"));
        std::fs::write(&target, "kept").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        write_atomic(&path, b"new", 0o600, false).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"kept");
        assert!(!path.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn what_a_kill_left_under_the_temporary_name_is_swept() {
        let room = tempfile::tempdir().unwrap();
        let (temporary, path) = (room.path().join(".x.new"), room.path().join("x"));
        std::fs::write(&temporary, "half of a longer content").unwrap();
        std::fs::set_permissions(&temporary, Permissions::from_mode(0o400)).unwrap();
        write_by_way_of(&temporary, &path, b"whole", 0o400).unwrap();
        assert_eq!(read_limited(&path, 9).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("large");
        std::fs::write(&path, "1234").unwrap();
        let error = read_limited(&path, 3).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
