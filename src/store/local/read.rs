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
use super::paths::Paths;
use crate::digest::FingerprintKey;
use crate::seal::{Kind, SealError};
use crate::state::{Lineage, State, fold};
use crate::store::{Damage, Form, LockInfo, LockRequest, Opened, Sealing, StoreError};
use crate::sys::World;

/// How often a reading that met a writer's half-done work is tried again before it is believed.
const TRIES: u32 = 4;

/// The store in a directory beside the configuration.
#[derive(Clone, Debug)]
pub struct LocalStore {
    paths: Paths,
    world: World,
    sealing: Sealing,
}

impl LocalStore {
    /// The store in a directory, encrypted with the keys of the environment; touches nothing.
    pub fn open(directory: &Path, world: &World) -> Self {
        Self::sealed(directory, world, &Sealing::new(world, Path::new(""), None))
    }

    /// The store in a directory, encrypted with these keys; touches nothing.
    pub fn sealed(directory: &Path, world: &World, sealing: &Sealing) -> Self {
        Self {
            paths: Paths::of(directory),
            world: world.clone(),
            sealing: sealing.clone(),
        }
    }

    /// The state as last committed; none where none was begun.
    ///
    /// Takes no lock and writes nothing. Right also while another process commits and compacts.
    pub fn read(&self) -> Result<Option<State>, StoreError> {
        Ok(load(&self.paths, &self.sealing, false)?.map(|loaded| loaded.state))
    }

    /// The key under which secrets are fingerprinted; none where none was made.
    pub fn fingerprint_key(&self) -> Result<Option<FingerprintKey>, StoreError> {
        let Some((key, opened)) = orphan_key(&self.paths, &self.sealing)? else {
            return Ok(None);
        };
        if !opened.form.is_sealed() && self.sealing.keys()?.seals() {
            return Err(StoreError::sealed(&self.paths.key, SealError::Plaintext));
        }
        Ok(Some(key))
    }

    /// The form of the state's files, or of those it would be begun with.
    pub fn form(&self) -> Result<Form, StoreError> {
        let path = &self.paths.document;
        match files::read(path)? {
            Some(bytes) => self.sealing.form_of(path, &bytes),
            None => self.sealing.begin(path),
        }
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
        Locked::take(
            &self.paths,
            &self.world,
            &self.sealing,
            false,
            request,
            waiting,
        )
    }

    /// As [`LocalStore::lock`], for a change of form: what is found may be in any form, also in
    /// several, as an interrupted change leaves it.
    pub fn lock_to_rekey(
        &self,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Locked, StoreError> {
        Locked::take(
            &self.paths,
            &self.world,
            &self.sealing,
            true,
            request,
            waiting,
        )
    }
}

/// A state and the journal it was read from.
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) form: Form,
    pub(super) document_length: u64,
    /// How many bytes of the journal are sound; zero where it has no header yet.
    pub(super) journal_length: u64,
    /// Whether the journal holds anything that the document doesn't.
    pub(super) journal_counts: bool,
}

impl Loaded {
    /// What is loaded where no state was begun.
    pub(super) fn nothing(lineage: Lineage, form: Form) -> Self {
        Self {
            state: State::new("", lineage),
            form,
            document_length: 0,
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
///
/// While `rekeying`, a plain document is also taken where a key is given.
pub(super) fn load(
    paths: &Paths,
    sealing: &Sealing,
    rekeying: bool,
) -> Result<Option<Loaded>, StoreError> {
    let mut tries = 0;
    loop {
        match load_once(paths, sealing, rekeying) {
            Ok(Reading::Whole(loaded)) => return Ok(loaded),
            Ok(Reading::Overtaken) => {}
            Err(error) => {
                tries += 1;
                if tries == TRIES || !error.may_pass() {
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

fn load_once(paths: &Paths, sealing: &Sealing, rekeying: bool) -> Result<Reading, StoreError> {
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
    let (state, form) = sealing.document(&paths.document, &document, rekeying)?;
    combine(paths, state, form, document.len(), &journal).map(|loaded| Reading::Whole(Some(loaded)))
}

fn combine(
    paths: &Paths,
    mut state: State,
    form: Form,
    document_length: usize,
    journal: &[u8],
) -> Result<Loaded, StoreError> {
    let (header, entries, sound) = form.journal(&paths.journal, &state.lineage, journal)?;
    if let Some(header) = header {
        if header.lineage != state.lineage {
            return Err(StoreError::OtherLineage {
                file: paths.journal.clone(),
                document: state.lineage,
                journal: header.lineage,
            });
        }
        if header.after > state.serial {
            catch_up(paths, &mut state, &form)?;
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
    fold(&mut state, entries)
        .map_err(|error| StoreError::fold(&paths.document, &paths.journal, error))?;
    Ok(Loaded {
        journal_counts: state.serial != before,
        state,
        form,
        document_length: document_length as u64,
        journal_length: sound as u64,
    })
}

/// Brings a document that a person restored from its backup up to where the journal begins.
fn catch_up(paths: &Paths, state: &mut State, form: &Form) -> Result<(), StoreError> {
    let path = &paths.journal_backup;
    let Some(bytes) = files::read(path)? else {
        return Ok(());
    };
    let (header, entries, _) = form.journal(path, &state.lineage, &bytes)?;
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

/// Reads the fingerprint key of a state; none where there is none.
pub(super) fn read_key(
    paths: &Paths,
    form: &Form,
    lineage: &Lineage,
) -> Result<Option<FingerprintKey>, StoreError> {
    let Some(bytes) = files::read(&paths.key)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    parse_key(paths, &form.fingerprint_key(&paths.key, lineage, &bytes)?).map(Some)
}

/// Reads the fingerprint key in whatever form it is, without its state: for readers, and for the key
/// that was made for a state which wasn't begun in the end.
pub(super) fn orphan_key(
    paths: &Paths,
    sealing: &Sealing,
) -> Result<Option<(FingerprintKey, Opened)>, StoreError> {
    let Some(bytes) = files::read(&paths.key)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let opened = sealing.open(&paths.key, Kind::FingerprintKey, &bytes)?;
    Ok(Some((parse_key(paths, &opened.bytes)?, opened)))
}

pub(super) fn parse_key(paths: &Paths, bytes: &[u8]) -> Result<FingerprintKey, StoreError> {
    let key: &[u8; 32] = bytes.try_into().map_err(|_| StoreError::Damaged {
        file: paths.key.clone(),
        source: Box::new(Damage::Key(bytes.len())),
    })?;
    Ok(FingerprintKey::new(key))
}
