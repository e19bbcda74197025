//! Reading: the document and its journal folded, beside whoever writes them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use zeroize::Zeroizing;

use super::Locked;
use super::files;
use super::history::History;
use super::paths::Paths;
use crate::digest::FingerprintKey;
use crate::state::{Lineage, Serial, State, Version, fold, read_document, read_journal};
use crate::store::{Damage, LockInfo, LockRequest, StoreError};
use crate::sys::World;

/// How often a reading that met a writer's half-done work is tried again before it is believed.
const TRIES: u32 = 4;

/// The store in a directory beside the configuration.
#[derive(Clone, Debug)]
pub struct LocalStore {
    paths: Paths,
    world: World,
}

impl LocalStore {
    /// The store in a directory; touches nothing.
    pub fn open(directory: &Path, world: &World) -> Self {
        Self {
            paths: Paths::of(directory),
            world: world.clone(),
        }
    }

    /// The state as last committed; none where none was begun.
    ///
    /// Takes no lock and writes nothing. Right also while another process commits and compacts.
    pub fn read(&self) -> Result<Option<State>, StoreError> {
        Ok(load(&self.paths)?.map(|loaded| loaded.state))
    }

    /// The key under which secrets are fingerprinted; none where none was made.
    pub fn fingerprint_key(&self) -> Result<Option<FingerprintKey>, StoreError> {
        read_key(&self.paths)
    }

    /// The versions kept of a state's history, the newest first.
    pub fn versions(&self, lineage: &Lineage) -> Vec<Version> {
        History::at(self.paths.history.clone()).versions(lineage)
    }

    /// A version that was kept; none under this serial.
    pub fn version(&self, lineage: &Lineage, serial: Serial) -> Result<Option<State>, StoreError> {
        History::at(self.paths.history.clone()).version(lineage, serial)
    }

    /// Takes the lock for writing, making the directory and the key if they are missing.
    ///
    /// Waits up to the request's timeout, and calls `waiting` once for each holder it waits for.
    /// It blocks its thread meanwhile.
    pub fn lock(
        &self,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Locked, StoreError> {
        Locked::take(&self.paths, &self.world, request, waiting)
    }
}

/// A state and the journal it was read from.
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) document_length: u64,
    /// The document's own serial.
    pub(super) document_serial: Serial,
    /// How many bytes of the journal are sound; zero where it has no header yet.
    pub(super) journal_length: u64,
    /// Whether the journal holds anything that the document doesn't.
    pub(super) journal_counts: bool,
}

impl Loaded {
    /// What is loaded where no state was begun.
    pub(super) fn nothing(lineage: Lineage) -> Self {
        Self {
            state: State::new("", lineage),
            document_length: 0,
            document_serial: Serial(0),
            journal_length: 0,
            journal_counts: false,
        }
    }
}

/// Reads document and journal.
///
/// Both change while they are read: a writer appends to the journal, takes a failed write back,
/// puts a new document and a new journal in place. What looks wrong is therefore read again, and
/// only believed when it stays wrong.
pub(super) fn load(paths: &Paths) -> Result<Option<Loaded>, StoreError> {
    let mut tries = 0;
    loop {
        match load_once(paths) {
            Ok(Reading::Whole(loaded)) => return Ok(loaded),
            Ok(Reading::Overtaken) => {}
            Err(error) => {
                tries += 1;
                if tries == TRIES {
                    return Err(error);
                }
                sleep(Duration::from_millis(1 << tries));
            }
        }
    }
}

enum Reading {
    Whole(Option<Loaded>),
    /// The document was replaced in the meantime.
    Overtaken,
}

fn load_once(paths: &Paths) -> Result<Reading, StoreError> {
    let io = |error| StoreError::io(&paths.document, error);
    let mut file = match File::open(&paths.document) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if exists(&paths.journal)? || exists(&paths.document_backup)? {
                Err(StoreError::Gone {
                    file: paths.document.clone(),
                })
            } else {
                Ok(Reading::Whole(None))
            };
        }
        Err(error) => return Err(io(error)),
    };
    let mut document = Vec::new();
    file.read_to_end(&mut document).map_err(io)?;
    let journal = files::read(&paths.journal)?.unwrap_or_default();
    // Entries leave the journal only after the document that holds them is in place. While the
    // document at the path is still the one we have open (open, so that its number can't be given
    // to another), the journal lacks nothing of what follows it.
    if !is_at(&file, &paths.document).map_err(io)? {
        return Ok(Reading::Overtaken);
    }
    combine(paths, &document, &journal).map(|loaded| Reading::Whole(Some(loaded)))
}

fn combine(paths: &Paths, document: &[u8], journal: &[u8]) -> Result<Loaded, StoreError> {
    let mut state =
        read_document(document).map_err(|error| StoreError::document(&paths.document, error))?;
    let (header, entries, sound) =
        read_journal(journal).map_err(|error| StoreError::journal(&paths.journal, error))?;
    if let Some(header) = header {
        if header.lineage != state.lineage {
            return Err(StoreError::OtherLineage {
                file: paths.journal.clone(),
                document: state.lineage,
                journal: header.lineage,
            });
        }
        if header.after > state.serial {
            catch_up(paths, &mut state)?;
        }
        if header.after > state.serial {
            return Err(StoreError::Gap {
                file: paths.document.clone(),
                document: state.serial,
                journal: header.after.next(),
            });
        }
    }
    let before = state.serial;
    let last = entries.last().map(|entry| entry.sequence);
    fold(&mut state, entries)
        .map_err(|error| StoreError::fold(&paths.document, &paths.journal, error))?;
    Ok(Loaded {
        journal_counts: state.serial != before,
        state,
        document_length: document.len() as u64,
        document_serial: before,
        // A journal that ends before the document was left behind when the document was replaced
        // as a whole: nothing can follow in it.
        journal_length: if last.is_some_and(|last| last < before) {
            0
        } else {
            sound as u64
        },
    })
}

/// Brings a document that a person restored from its backup up to where the journal begins.
fn catch_up(paths: &Paths, state: &mut State) -> Result<(), StoreError> {
    let path = &paths.journal_backup;
    let Some(bytes) = files::read(path)? else {
        return Ok(());
    };
    let (header, entries, _) =
        read_journal(&bytes).map_err(|error| StoreError::journal(path, error))?;
    if header.is_some_and(|header| header.lineage == state.lineage) {
        fold(state, entries).map_err(|error| StoreError::fold(&paths.document, path, error))?;
    }
    Ok(())
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists()
        .map_err(|error| StoreError::io(path, error))
}

/// Reads the fingerprint key; none where there is none.
pub(super) fn read_key(paths: &Paths) -> Result<Option<FingerprintKey>, StoreError> {
    let Some(bytes) = files::read(&paths.key)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let key: &[u8; 32] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| StoreError::Damaged {
            file: paths.key.clone(),
            source: Box::new(Damage::Key(bytes.len())),
        })?;
    Ok(Some(FingerprintKey::new(key)))
}
