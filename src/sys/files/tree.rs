//! Directories, links and whole trees.

use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, CWD, RenameFlags};

/// What stands at a path; links are not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Absent,
    /// A directory.
    Directory,
    /// A symbolic link to this.
    Link(PathBuf),
    /// A file or something special.
    File,
}

/// What stands at a path.
pub fn entry(path: &Path) -> io::Result<Entry> {
    match std::fs::symlink_metadata(path) {
        Ok(seen) if seen.is_dir() => Ok(Entry::Directory),
        Ok(seen) if seen.is_symlink() => std::fs::read_link(path).map(Entry::Link),
        Ok(_) => Ok(Entry::File),
        Err(error) if is_gone(&error) => Ok(Entry::Absent),
        Err(error) => Err(error),
    }
}

/// The names in a directory, in no order; none if it isn't there.
pub fn list(directory: &Path) -> io::Result<Vec<OsString>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect()
}

/// The names in a directory and whether each is a directory itself; none if it isn't there.
///
/// Costs no look at each of them where the file system keeps kinds beside names, as most do.
pub fn list_kinds(directory: &Path) -> io::Result<Vec<(OsString, bool)>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?.is_dir()))
        })
        .collect()
}

/// Makes one directory; its parent must be there and the directory must not.
pub fn create_dir(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(path)
}

/// Makes a directory and what is missing above it, for this user alone (0700).
pub fn create_private_dir_all(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a symbolic link.
pub fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

/// Renames without replacing anything: what stands at `to` is [`io::ErrorKind::AlreadyExists`].
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that doesn't know the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match entry(to)? {
            Entry::Absent => std::fs::rename(from, to),
            Entry::Directory | Entry::Link(_) | Entry::File => {
                Err(io::ErrorKind::AlreadyExists.into())
            }
        },
        outcome => Ok(outcome?),
    }
}

/// Removes a directory that nothing is in.
pub fn remove_empty_dir(path: &Path) -> io::Result<()> {
    std::fs::remove_dir(path)
}

/// Removes a file or a link; one that is gone already is a success.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if !is_gone(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a directory with all it holds, or a file; links are removed, never followed.
///
/// Directories without write permission (caches of package tools have them) are opened up first.
/// What is gone already is a success.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match try_remove(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            try_remove(path)
        }
        outcome => outcome,
    }
}

fn try_remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => remove_file(path),
        Err(error) if !is_gone(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Lets this user write into every directory of a tree.
fn open_up(path: &Path) -> io::Result<()> {
    let mut todo = vec![path.to_path_buf()];
    while let Some(directory) = todo.pop() {
        if entry(&directory)? != Entry::Directory {
            continue;
        }
        std::fs::set_permissions(&directory, Permissions::from_mode(0o700))?;
        todo.extend(
            list(&directory)?
                .into_iter()
                .map(|name| directory.join(name)),
        );
    }
    Ok(())
}

/// The real path of the deepest part of `path` that exists, and what remains below it.
///
/// A dangling link counts as existing, and is an error: nobody knows where it would lead.
pub fn resolve(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let mut existing = path;
    while entry(here(existing))? == Entry::Absent {
        existing = existing.parent().ok_or(io::ErrorKind::NotFound)?;
    }
    let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
    let existing = here(existing);
    Ok((std::fs::canonicalize(existing)?, rest.to_path_buf()))
}

/// What is left of a relative path once its last part is taken off is where the process works.
fn here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

/// Whether this user may make entries in a directory, or in the closest one above it that exists.
pub fn writable(directory: &Path) -> bool {
    resolve(directory).is_ok_and(|(existing, _)| {
        existing.is_dir()
            && rustix::fs::access(&existing, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    })
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_resolved_from_where_the_process_works() {
        let here = std::env::current_dir().unwrap();
        let resolved = resolve(Path::new("never/there")).unwrap();
        assert_eq!(
            resolved,
            (here.canonicalize().unwrap(), "never/there".into())
        );
    }

    #[test]
    fn renaming_never_replaces_even_an_empty_directory() {
        let room = tempfile::tempdir().unwrap();
        let (from, to) = (room.path().join("from"), room.path().join("to"));
        create_dir(&from, 0o700).unwrap();
        create_dir(&to, 0o700).unwrap();
        let error = rename_new(&from, &to).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        std::fs::remove_dir(&to).unwrap();
        rename_new(&from, &to).unwrap();
        assert_eq!(entry(&from).unwrap(), Entry::Absent);
    }

    #[test]
    fn removing_a_tree_follows_no_link_and_opens_what_is_closed() {
        let room = tempfile::tempdir().unwrap();
        let (tree, kept) = (room.path().join("tree"), room.path().join("kept"));
        create_private_dir_all(&tree.join("closed/inner")).unwrap();
        create_dir(&kept, 0o700).unwrap();
        std::fs::write(kept.join("file"), "x").unwrap();
        link(&kept, &tree.join("closed/link")).unwrap();
        std::fs::set_permissions(tree.join("closed"), Permissions::from_mode(0o500)).unwrap();
        remove_tree(&tree).unwrap();
        remove_tree(&tree).unwrap();
        assert_eq!(entry(&tree).unwrap(), Entry::Absent);
        assert!(kept.join("file").exists());
    }

    #[test]
    fn a_path_resolves_through_its_links() {
        let room = tempfile::tempdir().unwrap();
        let real = room.path().canonicalize().unwrap();
        create_dir(&real.join("away"), 0o700).unwrap();
        link(&real.join("away"), &real.join("link")).unwrap();
        let (existing, rest) = resolve(&real.join("link/new/file")).unwrap();
        assert_eq!((existing, rest), (real.join("away"), "new/file".into()));
        link(Path::new("nowhere"), &real.join("dangling")).unwrap();
        assert!(resolve(&real.join("dangling/file")).is_err());
    }
}
