//! The files of a local store as a medium.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::{self, Durable};
use super::history::History;
use super::holding::Held;
use super::lock::{self, Lock};
use super::paths::Paths;
use crate::state::{Lineage, Serial, Version};
use crate::store::medium::{Abilities, Holding, Journal, Kept, Medium, Names, Room};
use crate::store::{LockInfo, LockRequest, StoreError};
use crate::sys::World;

/// How long a journal may grow during a run before it is folded into its document: so much, and
/// twice the document. So the cost of folding stays in proportion to what was written.
const JOURNAL_MAX: u64 = 4 << 20;

/// A directory beside the configuration.
#[derive(Debug)]
pub(in crate::store) struct Local {
    paths: Paths,
    names: Names,
}

impl Local {
    /// The store in a directory; touches nothing.
    pub(in crate::store) fn new(directory: &Path) -> Self {
        let paths = Paths::of(directory);
        Self {
            names: Names {
                store: paths.directory.clone(),
                document: paths.document.clone(),
                journal: paths.journal.clone(),
                key: paths.key.clone(),
            },
            paths,
        }
    }

    fn history(&self) -> History {
        History::at(self.paths.history.clone())
    }

    fn prepare(&self) -> Result<(), StoreError> {
        if files::read(&self.paths.ignore)?.is_none() {
            files::replace(&self.paths.ignore, b"*\n", Durable::No)?;
        }
        Ok(())
    }

    fn load_once(&self) -> Result<Reading, StoreError> {
        let paths = &self.paths;
        let io = |error| StoreError::io(&paths.document, error);
        let mut file = match File::open(&paths.document) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return if exists(&paths.journal)? || exists(&paths.document_backup)? {
                    Err(StoreError::Gone {
                        file: paths.document.clone(),
                    })
                } else {
                    files::refuse_dangling(&paths.directory)?;
                    Ok(Reading::Whole(None))
                };
            }
            Err(error) => return Err(io(error)),
        };
        let mut document = Vec::new();
        file.read_to_end(&mut document).map_err(io)?;
        let journal = files::read(&paths.journal)?.unwrap_or_default();
        // Entries leave the journal only after the document that holds them is in place. While the
        // document at the path is still the one we have open (open, so that its number can't be
        // given to another), the journal lacks nothing of what follows it.
        if !files::is_at(&file, &paths.document).map_err(io)? {
            return Ok(Reading::Overtaken);
        }
        Ok(Reading::Whole(Some(Kept {
            document,
            journal: Journal::Text(journal),
            version: None,
        })))
    }
}

impl Medium for Local {
    fn names(&self) -> &Names {
        &self.names
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            // The system takes the lock back only when the process is gone, so none can come back.
            fenced: true,
            leased: true,
            appendable: true,
        }
    }

    fn room(&self, document: u64) -> Room {
        Room {
            bytes: JOURNAL_MAX + 2 * document,
            groups: usize::MAX,
        }
    }

    fn versions(&self, lineage: &Lineage) -> Result<Vec<Version>, StoreError> {
        self.history().versions(lineage)
    }

    fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        self.history().version(lineage, serial)
    }

    fn load(&self) -> Result<Option<Kept>, StoreError> {
        loop {
            match self.load_once()? {
                Reading::Whole(kept) => return Ok(kept),
                Reading::Overtaken => {}
            }
        }
    }

    fn document(&self) -> Result<Option<Vec<u8>>, StoreError> {
        files::read(&self.paths.document)
    }

    fn earlier(&self) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        let path = &self.paths.journal_backup;
        Ok(files::read(path)?.map(|bytes| (path.clone(), bytes)))
    }

    fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        Ok(files::read(&self.paths.key)?.map(Zeroizing::new))
    }

    fn hold(
        &self,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Box<dyn Holding>, StoreError> {
        let lock = Lock::take(&self.paths, world, request, waiting)?;
        self.prepare()?;
        // The lock is held, so no other writer is at work.
        files::sweep(&self.paths.directory);
        Ok(Box::new(Held::new(&self.paths, Some(lock))))
    }

    fn without_lock(&self, _world: &World) -> Result<Box<dyn Holding>, StoreError> {
        files::create_private_directory(&self.paths.directory)?;
        self.prepare()?;
        Ok(Box::new(Held::new(&self.paths, None)))
    }

    fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        lock::refuse_to_force(&self.paths, id)
    }
}

enum Reading {
    Whole(Option<Kept>),
    /// The document was replaced in the meantime.
    Overtaken,
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists()
        .map_err(|error| StoreError::io(path, error))
}
