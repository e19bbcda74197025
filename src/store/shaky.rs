//! A store that fails on command: a medium around another one, for tests.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use super::local::Local;
use super::medium::{Abilities, Document, Group, Holding, Kept, Medium, Names, Ready, Room, Start};
use super::{LockInfo, LockRequest, Store, StoreError};
use crate::state::{Lineage, Serial, Version};
use crate::sys::World;

/// How a write to the journal goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It takes its time.
    Late,
    /// There is no room: nothing is written, and later writes may succeed.
    Full,
    /// The connection is cut before anything is written, for good.
    Cut,
    /// Somebody else has taken the lock: nothing is written, for good.
    Taken,
    /// A part of the line is written, and can't be taken back.
    Short,
    /// All of it is written, but the answer is an error: a failed sync, or a connection cut after
    /// the commit.
    Unheard,
}

/// Which write fails, how, and who is told at that moment.
#[derive(Clone)]
pub(crate) struct Faults {
    /// How many writes succeed before.
    pub(crate) after: usize,
    pub(crate) fault: Fault,
    pub(crate) told: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} after {}", self.fault, self.after)
    }
}

impl Store {
    /// A local store that fails on command and spills into a directory.
    pub(crate) fn shaky(directory: &Path, spills: &Path, world: &World, faults: Faults) -> Self {
        let medium = Shaky {
            inner: Local::new(directory),
            faults,
            written: Arc::default(),
        };
        Self::on(Arc::new(medium), world).beside(spills)
    }
}

#[derive(Debug)]
struct Shaky {
    inner: Local,
    faults: Faults,
    written: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Held {
    inner: Box<dyn Holding>,
    path: PathBuf,
    faults: Faults,
    written: Arc<AtomicUsize>,
    gone: bool,
}

impl Shaky {
    fn around(&self, inner: Box<dyn Holding>) -> Box<dyn Holding> {
        Box::new(Held {
            inner,
            path: self.inner.names().journal.clone(),
            faults: self.faults.clone(),
            written: Arc::clone(&self.written),
            gone: false,
        })
    }
}

impl Medium for Shaky {
    fn names(&self) -> &Names {
        self.inner.names()
    }

    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    fn room(&self, document: u64) -> Room {
        self.inner.room(document)
    }

    fn load(&self) -> Result<Option<Kept>, StoreError> {
        self.inner.load()
    }

    fn earlier(&self) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        self.inner.earlier()
    }

    fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.inner.key()
    }

    fn versions(&self, lineage: &Lineage) -> Result<Vec<Version>, StoreError> {
        self.inner.versions(lineage)
    }

    fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        self.inner.version(lineage, serial)
    }

    fn hold(
        &self,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Box<dyn Holding>, StoreError> {
        Ok(self.around(self.inner.hold(world, request, waiting)?))
    }

    fn without_lock(&self, world: &World) -> Result<Box<dyn Holding>, StoreError> {
        Ok(self.around(self.inner.without_lock(world)?))
    }

    fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        self.inner.force_unlock(id)
    }
}

impl Held {
    fn lost(&mut self, error: std::io::ErrorKind) -> StoreError {
        self.gone = true;
        StoreError::io(&self.path, error.into())
    }
}

impl Holding for Held {
    fn resume(&mut self, start: Start) -> Result<Ready, StoreError> {
        self.inner.resume(start)
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.gone {
            return Err(StoreError::Poisoned(self.path.clone()));
        }
        self.inner.usable()
    }

    fn append(&mut self, group: Group<'_>) -> Result<(), StoreError> {
        if self.written.fetch_add(1, Ordering::Relaxed) != self.faults.after {
            return self.inner.append(group);
        }
        (self.faults.told)();
        match self.faults.fault {
            Fault::Late => {
                std::thread::sleep(std::time::Duration::from_millis(2));
                self.inner.append(group)
            }
            Fault::Full => Err(StoreError::io(
                &self.path,
                std::io::ErrorKind::StorageFull.into(),
            )),
            Fault::Cut => Err(self.lost(std::io::ErrorKind::ConnectionReset)),
            Fault::Taken => {
                self.gone = true;
                Err(StoreError::Lost(self.path.clone()))
            }
            Fault::Short => {
                let line = &group.line[..group.line.len() / 2];
                self.inner.append(Group { line, ..group })?;
                Err(self.lost(std::io::ErrorKind::WriteZero))
            }
            Fault::Unheard => {
                self.inner.append(group)?;
                Err(self.lost(std::io::ErrorKind::ConnectionAborted))
            }
        }
    }

    fn create(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.inner.create(document)
    }

    fn replace(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.inner.replace(document)
    }

    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.inner.put_key(bytes)
    }

    fn has_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<bool, StoreError> {
        self.inner.has_version(lineage, serial)
    }

    fn keep_version(
        &mut self,
        version: &Version,
        document: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        self.inner.keep_version(version, document)
    }

    fn drop_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<(), StoreError> {
        self.inner.drop_version(lineage, serial)
    }
}
