//! Files that are kept for a while: how large they are, and when they were used last.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

/// A file of a directory.
#[derive(Clone, Debug)]
pub struct Aged {
    /// Its name.
    pub name: OsString,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was written or [touched](touch) last.
    pub used: SystemTime,
}

/// The files of a directory, in no order; none if it isn't there. Folders and links are left out.
pub fn list_aged(directory: &Path) -> io::Result<Vec<Aged>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        // One that went meanwhile is no file any more.
        if let Ok(seen) = entry.metadata()
            && seen.is_file()
        {
            files.push(Aged {
                name: entry.file_name(),
                size: seen.len(),
                used: seen.modified()?,
            });
        }
    }
    Ok(files)
}

/// Marks a file as used now.
pub fn touch(path: &Path) -> io::Result<()> {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    Ok(utimensat(CWD, path, &times, AtFlags::empty())?)
}
