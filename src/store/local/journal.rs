//! Appending to the journal: one write and one sync a group, all of it or nothing.

use std::fs::File;
use std::io::Write;

use super::files::{self, Durable};
use super::paths::Paths;
use crate::state::{JournalHeader, State};
use crate::store::StoreError;
use crate::sys::files::sync_dir;

/// The journal file, opened at the first write.
#[derive(Debug)]
pub(super) struct Journal {
    paths: Paths,
    file: Option<File>,
    /// How many bytes are sound and durable.
    length: u64,
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
            broken: false,
        }
    }

    /// Whether a failed write couldn't be taken back, so that nothing may follow it.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Puts a new journal that continues a state in place, keeping the old one as its backup.
    pub(super) fn begin(&mut self, state: &State) -> Result<(), StoreError> {
        let path = &self.paths.journal;
        self.file = None;
        if self.length > 0 {
            files::keep(path, &self.paths.journal_backup);
        }
        let header = JournalHeader::new(state.lineage.clone(), state.serial).to_line();
        // The first append makes it durable; until then losing it loses nothing.
        files::replace(path, header.as_bytes(), Durable::No)?;
        self.length = header.len() as u64;
        Ok(())
    }

    /// Appends one group's line durably, beginning the journal if there is none.
    ///
    /// On an error the journal is as it was before, or broken.
    pub(super) fn append(&mut self, line: &[u8], state: &State) -> Result<(), StoreError> {
        if self.length == 0 {
            self.begin(state)?;
        }
        let length = self.length;
        let file = self.open()?;
        match file.write_all(line).and_then(|()| file.sync_data()) {
            Ok(()) => {
                self.length += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                let undone = file.set_len(length).and_then(|()| file.sync_data());
                self.broken = undone.is_err();
                Err(StoreError::io(&self.paths.journal, error))
            }
        }
    }

    fn open(&mut self) -> Result<&mut File, StoreError> {
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

    /// Opens the file, makes its name durable and cuts off what a crash tore.
    fn open_at_its_end(&self) -> Result<File, StoreError> {
        let io = |error| StoreError::io(&self.paths.journal, error);
        let file = files::private()
            .append(true)
            .open(&self.paths.journal)
            .map_err(io)?;
        sync_dir(&self.paths.directory).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length < self.length {
            return Err(io(std::io::Error::other("it was cut by somebody else")));
        }
        if length > self.length {
            file.set_len(self.length).map_err(io)?;
            file.sync_data().map_err(io)?;
        }
        Ok(file)
    }
}
