//! Appending to the journal: one write and one sync a group, all of it or nothing.
//!
//! Room is made ahead, in zeros: a write into blocks that the file has already is durable without a
//! commit of the file system's own journal, in which every directory that an apply just made would
//! have to wait for its turn. The sync of an apply then costs the same, however much else it writes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::files::{self, Durable};
use super::paths::Paths;
use crate::state::{JournalHeader, Lineage, Serial};
use crate::store::StoreError;
use crate::store::medium::Group;
use crate::sys::files::sync_dir;

/// How much room is made ahead: as much as there is already, within these bounds.
const ROOM: std::ops::RangeInclusive<u64> = 16 << 10..=1 << 20;

/// The journal file, opened at the first write.
#[derive(Debug)]
pub(super) struct Journal {
    paths: Paths,
    file: Option<File>,
    /// How many bytes are sound and durable.
    length: u64,
    /// How many bytes the file has, with the room after the sound ones.
    size: u64,
    /// Whether a failed write couldn't be taken back.
    broken: bool,
}

impl Journal {
    /// The journal with so many sound bytes; what follows them is cut off at the first write.
    pub(super) fn at(paths: &Paths, length: u64) -> Self {
        Self {
            paths: paths.clone(),
            file: None,
            length,
            size: length,
            broken: false,
        }
    }

    /// Whether a failed write couldn't be taken back, so that nothing may follow it.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Puts a new journal that continues a document in place, keeping the old one as its backup.
    pub(super) fn begin(&mut self, lineage: &Lineage, after: Serial) -> Result<(), StoreError> {
        let path = &self.paths.journal;
        self.file = None;
        if self.length > 0 {
            files::keep(path, &self.paths.journal_backup);
        }
        let header = JournalHeader::new(lineage.clone(), after).to_line();
        // The first append makes it durable; until then losing it loses nothing.
        files::replace(path, header.as_bytes(), Durable::No)?;
        self.length = header.len() as u64;
        self.size = self.length;
        Ok(())
    }

    /// Appends one group's line durably, beginning the journal if there is none.
    ///
    /// On an error the journal is as it was before, or broken.
    pub(super) fn append(&mut self, group: Group<'_>) -> Result<(), StoreError> {
        if self.length == 0 {
            self.begin(group.lineage, Serial(group.first.0.saturating_sub(1)))?;
        }
        let line = group.line;
        let (length, size) = (self.length, self.size);
        let end = length + line.len() as u64;
        let file = self.open()?;
        let written = make_room(file, size, end).and_then(|size| {
            file.write_all_at(line, length)?;
            file.sync_data()?;
            Ok(size)
        });
        match written {
            Ok(size) => {
                (self.length, self.size) = (end, size);
                Ok(())
            }
            Err(error) => {
                let undone = file.set_len(length).and_then(|()| file.sync_data());
                self.broken = undone.is_err();
                self.size = length;
                Err(StoreError::io(&self.paths.journal, error))
            }
        }
    }

    fn open(&mut self) -> Result<&File, StoreError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open_at_its_end()?,
        };
        Ok(self.file.insert(file))
    }

    /// Makes every later write go to another file.
    #[cfg(test)]
    pub(super) fn divert(&mut self, file: File) {
        self.file = Some(file);
    }

    /// Opens the file, makes its name durable and cuts off what follows the last sound line: room,
    /// and what a crash tore.
    fn open_at_its_end(&self) -> Result<File, StoreError> {
        let io = |error| StoreError::io(&self.paths.journal, error);
        let file = files::private()
            .write(true)
            .open(&self.paths.journal)
            .map_err(io)?;
        sync_dir(&self.paths.directory).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length < self.length {
            return Err(io(std::io::Error::other("it was cut by somebody else")));
        }
        if length > self.length {
            file.set_len(self.length).map_err(io)?;
            // A sound last line may lack its newline, if the crash left only room there.
            if let Some(last) = self.length.checked_sub(1) {
                file.write_all_at(b"\n", last).map_err(io)?;
            }
            file.sync_data().map_err(io)?;
        }
        Ok(file)
    }
}

/// Makes sure that a line up to `end`, and a little more, has its place in a file of so many bytes;
/// gives the file's size then.
///
/// Zeros are written, not just promised: a promise is kept at the first write, by a commit of the
/// file system's journal. A disk without room for more than the line is no error.
fn make_room(file: &File, size: u64, end: u64) -> io::Result<u64> {
    // At least two zeros follow every line: a single one is a newline that was changed.
    let least = end + 2;
    if least <= size {
        return Ok(size);
    }
    let zeros = [0; 4096];
    let wanted = end + end.clamp(*ROOM.start(), *ROOM.end());
    let mut size = size;
    while size < wanted {
        let count =
            usize::try_from(wanted - size).map_or(zeros.len(), |left| left.min(zeros.len()));
        match file.write_at(&zeros[..count], size) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => size += written as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if size >= least => break,
            Err(error) => return Err(error),
        }
    }
    Ok(size)
}
