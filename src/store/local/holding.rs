//! The files of a local store while its lock is held.

use super::files::{self, Durable};
use super::history::History;
use super::journal::Journal;
use super::lock::Lock;
use super::paths::Paths;
use crate::state::{Lineage, Serial, Version};
use crate::store::StoreError;
use crate::store::medium::{Document, Group, Holding, Ready, Start};

/// The files while they may be written.
#[derive(Debug)]
pub(super) struct Held {
    paths: Paths,
    journal: Journal,
    history: History,
    /// Given back last; none where a person said that nobody else writes.
    _lock: Option<Lock>,
}

impl Held {
    pub(super) fn new(paths: &Paths, lock: Option<Lock>) -> Self {
        Self {
            paths: paths.clone(),
            journal: Journal::at(paths, 0),
            history: History::at(paths.history.clone()),
            _lock: lock,
        }
    }
}

impl Holding for Held {
    fn resume(&mut self, start: Start) -> Result<Ready, StoreError> {
        self.journal = Journal::at(&self.paths, start.sound);
        Ok(Ready::Yes)
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.journal.is_broken() {
            return Err(StoreError::Poisoned(self.paths.directory.clone()));
        }
        Ok(())
    }

    fn append(&mut self, group: Group<'_>) -> Result<(), StoreError> {
        self.journal.append(group)
    }

    fn create(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        files::replace(&self.paths.document, document.bytes, Durable::Yes)
    }

    fn replace(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        files::keep(&self.paths.document, &self.paths.document_backup);
        files::replace(&self.paths.document, document.bytes, Durable::Yes)?;
        self.journal.begin(document.lineage, document.serial)
    }

    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        files::replace(&self.paths.key, bytes, Durable::Yes)
    }

    fn drop_backups(&mut self) -> Result<(), StoreError> {
        let Some(bytes) = files::read(&self.paths.document)? else {
            return Ok(());
        };
        files::replace(&self.paths.document_backup, &bytes, Durable::Yes)?;
        let journal = &self.paths.journal_backup;
        crate::sys::files::remove_file(journal).map_err(|error| StoreError::io(journal, error))
    }

    fn has_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<bool, StoreError> {
        Ok(self.history.has(lineage, serial))
    }

    fn keep_version(
        &mut self,
        version: &Version,
        document: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        match document {
            None => self.history.link(&self.paths.document, version),
            Some(bytes) => self.history.keep(bytes, version),
        }
    }

    fn drop_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<(), StoreError> {
        self.history.drop_version(lineage, serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::history;
    use crate::state::write_group;
    use crate::store::Store;
    use crate::sys::World;

    #[test]
    fn a_write_that_cannot_be_taken_back_poisons_the_store_and_loses_nothing() {
        let room = tempfile::tempdir().unwrap();
        let directory = room.path().join(".sindri");
        let store = Store::local(&directory, &World::real());
        let request = crate::store::LockRequest {
            operation: "apply",
            timeout: std::time::Duration::ZERO,
            given_up: None,
        };
        let mut locked = store.lock(request, &mut |_| {}).unwrap();
        locked.initialise("dev").unwrap();
        let mut groups = history(&[2, 5, 6, 9, 12, 15, 18]).into_iter();
        locked.commit(groups.next().unwrap()).unwrap();
        let before = locked.state().clone();
        let next = groups.next().unwrap();
        drop(locked);

        let paths = Paths::of(&directory);
        let mut held = Held::new(&paths, None);
        let sound = std::fs::metadata(&paths.journal).unwrap().len();
        let start = Start {
            next: before.serial.next(),
            sound,
            version: None,
        };
        held.resume(start).unwrap();
        // A file that is always full, and that can't be cut.
        let full = files::private().write(true).open("/dev/full").unwrap();
        held.journal.divert(full);
        let mut line = Vec::new();
        write_group(before.serial.next(), &next, &mut line).unwrap();
        let group = Group {
            lineage: &before.lineage,
            first: before.serial.next(),
            last: Serial(before.serial.0 + next.len() as u64),
            line: &line,
        };
        let error = held.append(group).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(matches!(held.usable(), Err(StoreError::Poisoned(_))));
        drop(held);

        let mut locked = store.lock(request, &mut |_| {}).unwrap();
        assert_eq!(*locked.state(), before);
        locked.commit(next).unwrap();
        assert_eq!(store.read().unwrap().unwrap(), *locked.state());
    }
}
