//! A directory in which very many small files are looked at.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::num::ParseIntError;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

use super::atomic::read_limited;

/// A directory from which paths into it are walked, so that those above it are walked once.
#[derive(Debug, Default)]
pub struct Nearby {
    root: PathBuf,
    opened: Option<OwnedFd>,
}

impl Nearby {
    /// Opens a directory; of one that can't be opened, paths are walked from the top.
    pub fn open(directory: &Path) -> Self {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(directory, flags, Mode::empty()).ok();
        Self {
            root: directory.to_owned(),
            opened,
        }
    }

    /// Where to walk from, and what to walk.
    fn route<'a>(&'a self, path: &'a Path) -> (BorrowedFd<'a>, &'a Path) {
        if let Some(opened) = &self.opened
            && let whole = path.as_os_str().as_bytes()
            && let Some(rest) = whole.strip_prefix(self.root.as_os_str().as_bytes())
            && let Some(rest) = rest.strip_prefix(b"/")
        {
            return (opened.as_fd(), Path::new(std::ffi::OsStr::from_bytes(rest)));
        }
        (CWD, path)
    }

    /// Reads a regular file of at most `max` bytes; the fastest way where most of them are small.
    ///
    /// A larger one is [`io::ErrorKind::FileTooLarge`].
    pub fn read_small(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        let (from, rest) = self.route(path);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::openat(from, rest, flags, Mode::empty())?);
        let mut bytes = [0; 4096];
        let count = file.read(&mut bytes)?;
        // Of a regular file, fewer bytes than asked for are all that is left.
        if count == bytes.len() {
            return read_limited(path, max);
        }
        Ok(bytes[..count].to_vec())
    }

    /// What the file system shows of a file, a directory or a link that isn't followed.
    pub fn trace(&self, path: &Path) -> io::Result<Trace> {
        let (from, rest) = self.route(path);
        let stat = rustix::fs::statat(from, rest, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Trace {
            inode: stat.st_ino,
            size: stat.st_size,
            changed: (stat.st_ctime, stat.st_ctime_nsec.cast_signed()),
        })
    }

    /// Whether a symbolic link is there and holds exactly this.
    pub fn links_to(&self, path: &Path, target: &str) -> bool {
        let (from, rest) = self.route(path);
        // A longer target fills the room, and so isn't equal either.
        let mut room = vec![0; target.len() + 1];
        let read = rustix::fs::readlinkat_raw(from, rest, &mut room[..]);
        read.is_ok_and(|length| room[..length] == *target.as_bytes())
    }
}

/// What a file system shows of a file without opening it; it differs after the file was written,
/// replaced, or changed in any other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    inode: u64,
    size: i64,
    /// When it was last changed: seconds and nanoseconds. Nobody can set this time.
    changed: (i64, i64),
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanoseconds) = self.changed;
        write!(f, "{} {} {seconds} {nanoseconds}", self.inode, self.size)
    }
}

impl FromStr for Trace {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split(' ');
        // A number that is missing is one that can't be read.
        let mut next = || numbers.next().unwrap_or_default();
        Ok(Self {
            inode: next().parse()?,
            size: next().parse()?,
            changed: (next().parse()?, next().parse()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(room: &Path) -> [Nearby; 2] {
        [Nearby::open(room), Nearby::default()]
    }

    #[test]
    fn small_and_large_files_are_read_whole_or_refused() {
        let room = tempfile::tempdir().unwrap();
        for nearby in both(room.path()) {
            let path = room.path().join("file");
            for size in [0, 1, 4095, 4096, 4097, 9000] {
                std::fs::write(&path, vec![b'x'; size]).unwrap();
                assert_eq!(nearby.read_small(&path, 9000).unwrap().len(), size);
            }
            std::fs::write(&path, vec![b'x'; 9001]).unwrap();
            let refused = nearby.read_small(&path, 9000).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
            let absent = nearby.read_small(&room.path().join("none"), 1).unwrap_err();
            assert_eq!(absent.kind(), io::ErrorKind::NotFound);
            let inside = nearby.read_small(&path.join("deeper"), 1).unwrap_err();
            assert_eq!(inside.kind(), io::ErrorKind::NotADirectory);
        }
    }

    #[test]
    fn a_link_is_told_by_all_of_its_target() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("deep").join("link");
        std::fs::create_dir(room.path().join("deep")).unwrap();
        std::os::unix::fs::symlink("/data/volume", &path).unwrap();
        for nearby in both(room.path()) {
            assert!(nearby.links_to(&path, "/data/volume"));
            for other in ["/data/volum", "/data/volumes", "", "/data/other."] {
                assert!(!nearby.links_to(&path, other), "{other:?}");
            }
            assert!(!nearby.links_to(&room.path().join("deep"), "/data/volume"));
            assert!(!nearby.links_to(&room.path().join("none"), "/data/volume"));
        }
    }

    #[test]
    fn what_merely_begins_like_the_directory_is_elsewhere() {
        let room = tempfile::tempdir().unwrap();
        std::fs::create_dir(room.path().join("a")).unwrap();
        std::fs::create_dir(room.path().join("ab")).unwrap();
        std::fs::write(room.path().join("ab/file"), "there").unwrap();
        let nearby = Nearby::open(&room.path().join("a"));
        let found = nearby.read_small(&room.path().join("ab/file"), 10).unwrap();
        assert_eq!(found, b"there");
    }
}
