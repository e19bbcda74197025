//! What a place must do to keep a state: bytes in, bytes out, one writer.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{LockInfo, LockRequest, StoreError};
use crate::state::{Lineage, Serial, Version as Dated};
use crate::sys::World;

/// What a store can do, and what it can't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// A holder that lost its lock without noticing can't overwrite what others wrote.
    pub fenced: bool,
    /// A lock whose holder is gone comes free by itself.
    pub leased: bool,
    /// Recording an event costs what the event is, not what the state is.
    pub appendable: bool,
}

/// Where earlier documents are kept, for people to go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// In the store, for everybody who uses it.
    InStore,
    /// In a directory of this host, since the store has no room for them: others don't see them.
    OnThisHost(PathBuf),
    /// Nowhere: the store has no room for them, and nobody said where else.
    Nowhere,
}

/// How people and errors name the pieces of a store: paths, or addresses without credentials.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The store as a whole.
    pub(super) store: PathBuf,
    /// The document.
    pub(super) document: PathBuf,
    /// What happened since.
    pub(super) journal: PathBuf,
    /// The fingerprint key.
    pub(super) key: PathBuf,
}

/// What a store keeps, as of one moment.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) document: Vec<u8>,
    pub(super) journal: Journal,
    /// Which version of the document it is, where the place tells them apart.
    pub(super) version: Option<Version>,
}

/// What a place calls one version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) tag: Option<String>,
    pub(super) generation: Option<String>,
}

/// Where writing goes on.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// The number of the next event.
    pub(super) next: Serial,
    /// How many bytes of a journal that is one text are sound.
    pub(super) sound: u64,
    /// The version of the document that was loaded; none where there is none.
    pub(super) version: Option<Version>,
}

impl Start {
    /// Where no state was begun.
    pub(super) fn at_nothing() -> Self {
        Self {
            next: Serial(1),
            sound: 0,
            version: None,
        }
    }
}

/// The journal of a store.
#[derive(Debug)]
pub(super) enum Journal {
    /// One text with a header, that a crash may have torn at its end.
    Text(Vec<u8>),
    /// Whole lines in their order, each written by itself, all or nothing.
    Lines(Vec<Vec<u8>>),
}

/// A group of events on its way to the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'a> {
    /// The state it belongs to.
    pub(super) lineage: &'a Lineage,
    /// The number of its first event.
    pub(super) first: Serial,
    /// The number of its last event.
    pub(super) last: Serial,
    /// The whole line, newline at the end.
    pub(super) line: &'a [u8],
}

/// A document on its way to the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    /// The state's lineage.
    pub(super) lineage: &'a Lineage,
    /// Its serial: every group up to it is in the document.
    pub(super) serial: Serial,
    /// The whole document.
    pub(super) bytes: &'a [u8],
    /// As what to keep it for people too: in the same write where the place can do that, else after
    /// it. One that couldn't be kept is no error of the write, and [`Holding::has_version`] says so.
    pub(super) version: Option<&'a Dated>,
}

/// How long a journal may grow during a run before it is folded into its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) bytes: u64,
    pub(super) groups: usize,
}

/// Where the bytes of a state lie; nothing here knows what they mean.
pub(super) trait Medium: fmt::Debug + Send + Sync {
    fn names(&self) -> &Names;

    fn abilities(&self) -> Abilities;

    /// How long a journal may grow beside a document of so many bytes.
    fn room(&self, document: u64) -> Room;

    /// What is kept; none where no state was begun. Takes no lock and writes nothing.
    fn load(&self) -> Result<Option<Kept>, StoreError>;

    /// The journal that ended where the present one begins, where a store keeps it.
    fn earlier(&self) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        Ok(None)
    }

    /// The fingerprint key; none where none was made.
    fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;

    /// The document alone; none where there is none.
    fn document(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.load()?.map(|kept| kept.document))
    }

    /// Where it keeps earlier documents for people to go back to.
    fn keeping(&self) -> Keeping {
        Keeping::InStore
    }

    /// Names the directory of this host that takes what the place itself has no room for.
    fn keep_beside(&self, _directory: &Path) {}

    /// The versions kept of a lineage, the newest first; a damaged one is left out.
    fn versions(&self, lineage: &Lineage) -> Result<Vec<Dated>, StoreError>;

    /// A version's document and its name; none under this serial.
    fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError>;

    /// Takes the lock.
    ///
    /// Waits up to the request's timeout, and calls `waiting` once for each holder it waits for.
    fn hold(
        &self,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Box<dyn Holding>, StoreError>;

    /// Writes without the lock, for a person who says that nobody else does.
    fn without_lock(&self, world: &World) -> Result<Box<dyn Holding>, StoreError>;

    /// A lock that a holder from here couldn't give back; it stays until somebody takes it away.
    fn lock_left(&self) -> Option<LockInfo> {
        None
    }

    /// Takes the lock away from the holder with this id, who may still be at work.
    fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError>;
}

/// Whether writing may begin after what was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Yes,
    /// An earlier holder has written since: load again.
    LoadAgain,
}

/// A medium while its lock is held; dropping it gives the lock back.
pub(super) trait Holding: fmt::Debug + Send {
    /// Prepares to write after what was loaded.
    fn resume(&mut self, start: Start) -> Result<Ready, StoreError>;

    /// Whether it may still write.
    fn usable(&self) -> Result<(), StoreError>;

    /// Appends one group durably: wholly, or not at all on an error, unless it is unusable then.
    fn append(&mut self, group: Group<'_>) -> Result<(), StoreError>;

    /// Puts the first document in place, durably.
    fn create(&mut self, document: Document<'_>) -> Result<(), StoreError>;

    /// Puts a document in place of the last one and drops the journal that it holds.
    fn replace(&mut self, document: Document<'_>) -> Result<(), StoreError>;

    /// Keeps the fingerprint key, in place of the one there was; a document follows at once, and both
    /// may be written together.
    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// Leaves no backup but the document that stands now, since what was before doesn't lead to it.
    fn drop_backups(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether a write of a lineage is kept as a version; yes too where none ever is.
    fn has_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<bool, StoreError>;

    /// Keeps a version, in place of one of its serial, and drops the oldest that are too many: these
    /// bytes, or the document that stands now.
    fn keep_version(&mut self, version: &Dated, document: Option<&[u8]>) -> Result<(), StoreError>;

    /// Drops a version; one that isn't there is no error.
    fn drop_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<(), StoreError>;
}
