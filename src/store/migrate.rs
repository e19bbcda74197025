//! Moving a state from one store to another.
//!
//! Under both locks: a copy that says where it comes from, which doesn't count; read back and
//! compared; then one write that makes the old place a tombstone, and with which the copy counts;
//! then the copy loses its mark. Whatever ends it in between, the same command goes on.

use super::locked::resume;
use super::medium::{Document, Holding, Keeping};
use super::reading::{load, read_key};
use super::transit::{TransitError, arriving, tombstone};
use super::{LockInfo, LockRequest, Locked, Opening, Store, StoreError};
use crate::address::Address;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::digest::hex;
use crate::seal::Kind;
use crate::state::{Lineage, Location, Serial, State, Transit};

/// The command, as locks and versions name it.
const OPERATION: &str = "state migrate";

/// A store while it waits, locked, for a state to be moved there.
#[derive(Debug)]
pub struct Receiving {
    store: Store,
    holding: Box<dyn Holding>,
    /// What lies there, marks included.
    found: Option<State>,
}

/// What was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The number of the write by which it was moved.
    pub serial: Serial,
    /// How many addresses it records.
    pub resources: usize,
    /// How many versions can be gone back to there.
    pub versions: usize,
    /// How many of them are of earlier writes.
    pub earlier: usize,
    /// Whether it is encrypted, there as it was here.
    pub sealed: bool,
}

/// Why a state isn't moved to a store.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// One of the two stores fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What became of an operation isn't known yet.
    #[error("an operation on `{0}` is still open")]
    Open(Address),
    /// Another state lives there.
    #[error("another state lives in {store}: its lineage is {theirs}, the one here is {ours}")]
    OtherLineage {
        /// The target.
        store: String,
        /// The lineage there.
        theirs: Lineage,
        /// The lineage here.
        ours: Lineage,
    },
    /// An earlier state of the same lineage lives there, and isn't marked as moved.
    #[error("{store} holds this state as of write {theirs}, and here it is at write {ours}")]
    TargetOlder {
        /// The target.
        store: String,
        /// The serial there.
        theirs: Serial,
        /// The serial here.
        ours: Serial,
    },
    /// A later state of the same lineage lives there, or did.
    #[error("{store} has seen write {theirs} of this state, and here it is at write {ours}")]
    TargetNewer {
        /// The target.
        store: String,
        /// The serial there.
        theirs: Serial,
        /// The serial here.
        ours: Serial,
    },
    /// The same number, and something else.
    #[error("{store} holds write {serial} of this state too, but not the same")]
    TargetDiffers {
        /// The target.
        store: String,
        /// The serial of both.
        serial: Serial,
    },
    /// The old place says that the state is there, and nothing is.
    #[error("the state was moved to {0}, but nothing is there")]
    Nothing(String),
    /// What was read back isn't what was written.
    #[error("{what} read back from {store} isn't what was written there")]
    NotEqual {
        /// The target.
        store: String,
        /// Which piece.
        what: &'static str,
    },
}

impl Store {
    /// Takes the lock of a store to which a state shall be moved, and looks what lies there.
    pub fn receive(
        &self,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Receiving, StoreError> {
        let mut holding = self.medium.hold(&self.world, request, waiting)?;
        // What lies there may be in another form: it is compared, and then replaced.
        let found = resume(&*self.medium, &self.sealing, true, &mut *holding)?;
        Ok(Receiving {
            store: self.clone(),
            holding,
            found: found.map(|loaded| loaded.state),
        })
    }

    /// Ends a migration to this store, of which the old place knows already that it was done.
    pub fn finish(
        &self,
        migration: &str,
        lineage: &Lineage,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Migrated, MigrateError> {
        let mut there = self.clone().after(migration).lock(request, waiting)?;
        if there.is_new {
            return Err(MigrateError::Nothing(self.name()));
        }
        if there.state.lineage != *lineage {
            return Err(MigrateError::OtherLineage {
                store: self.name(),
                theirs: there.state.lineage.clone(),
                ours: lineage.clone(),
            });
        }
        // Where the command that moved it was ended just before that.
        there.keep_or_note();
        Ok(Migrated::of(&there))
    }
}

impl Migrated {
    fn of(there: &Locked) -> Self {
        let serial = there.state.serial;
        let versions = there.medium.versions(&there.state.lineage);
        let versions = versions.unwrap_or_default();
        let earlier = versions.iter().filter(|version| version.serial < serial);
        Self {
            serial,
            resources: there.state.resources.len(),
            earlier: earlier.count(),
            versions: versions.len(),
            sealed: there.form.is_sealed(),
        }
    }
}

impl Locked {
    /// Moves the state to another store, verified, and leaves a tombstone here: nothing more can be
    /// written through this lock.
    ///
    /// The journal is folded first. The document keeps its form, sealed or plain, and the
    /// fingerprint key and the versions are copied as they are.
    pub fn migrate(
        &mut self,
        target: Receiving,
        from: &Location,
        to: &Location,
    ) -> Result<Migrated, MigrateError> {
        self.usable()?;
        if self.is_new {
            return Err(StoreError::NotBegun(self.medium.names().store.clone()).into());
        }
        if let Some(intent) = self.state.pending.first() {
            return Err(MigrateError::Open(intent.address.clone()));
        }
        target.admits(&self.state, from)?;
        self.compact()?;
        let migration = hex(&self.world.random.bytes::<8>());
        let copy = arriving(&self.state, from, &migration);
        let Receiving {
            store,
            mut holding,
            found,
        } = target;
        self.copy_to(&store, &mut *holding, found.is_some(), &copy)?;
        // From this write on the copy counts, and this place doesn't.
        let grave = tombstone(&copy, to, &migration);
        self.contradicted = true;
        let bytes = self.encoded(&grave)?;
        self.holding.replace(Document {
            lineage: &grave.lineage,
            serial: grave.serial,
            bytes: &bytes,
            version: None,
        })?;
        let there = Self::load(&store.after(&migration), Opening::Usual, OPERATION, holding)?;
        // What stays of an older state is read by nothing any more.
        self.holding.drop_backups().unwrap_or_default();
        Ok(Migrated::of(&there))
    }

    /// Puts key and document of a copy in place, reads them back, and compares.
    fn copy_to(
        &self,
        store: &Store,
        holding: &mut dyn Holding,
        there: bool,
        copy: &State,
    ) -> Result<(), MigrateError> {
        let key = self.medium.key()?.unwrap_or_default();
        holding.put_key(&key)?;
        let bytes = self.encoded(copy)?;
        let document = Document {
            lineage: &copy.lineage,
            serial: copy.serial,
            bytes: &bytes,
            version: None,
        };
        if there {
            holding.replace(document)?;
        } else {
            holding.create(document)?;
        }
        holding.drop_backups()?;
        self.copy_versions(store, holding)?;
        let unequal = |what| {
            Err(MigrateError::NotEqual {
                store: store.name(),
                what,
            })
        };
        let Some(read) = load(&*store.medium, &self.sealing, true)? else {
            return unequal("the state");
        };
        if read.state != *copy || read.form.is_sealed() != self.form.is_sealed() {
            return unequal("the state");
        }
        let same = store.medium.key()?.is_some_and(|kept| kept == key);
        if !same || read_key(&*store.medium, &read.form, &copy.lineage)?.is_none() {
            return unequal("the fingerprint key");
        }
        Ok(())
    }

    /// Puts the versions that are kept here in place there too.
    fn copy_versions(&self, store: &Store, holding: &mut dyn Holding) -> Result<(), MigrateError> {
        if store.medium.keeping() == Keeping::Nowhere {
            return Ok(());
        }
        let lineage = &self.state.lineage;
        // The oldest first: what is too much there goes from that end.
        for version in self.medium.versions(lineage)?.iter().rev() {
            if let Some((_, bytes)) = self.medium.version(lineage, version.serial)? {
                holding.keep_version(version, Some(&bytes))?;
            }
        }
        Ok(())
    }

    /// A state as a document in the form of this one.
    fn encoded(&self, state: &State) -> Result<Vec<u8>, StoreError> {
        crate::state::write_document(state)
            .and_then(|bytes| {
                self.form
                    .encode(Kind::Document, &state.lineage, state.serial, bytes)
            })
            .map_err(|error| StoreError::io(&self.medium.names().document, error.into()))
    }
}

impl Receiving {
    /// Whether a state that lives in a place may be moved here.
    fn admits(&self, state: &State, from: &Location) -> Result<(), MigrateError> {
        let Some(found) = &self.found else {
            return Ok(());
        };
        let store = self.store.name();
        if found.lineage != state.lineage {
            return Err(MigrateError::OtherLineage {
                store,
                theirs: found.lineage.clone(),
                ours: state.lineage.clone(),
            });
        }
        let (theirs, ours) = (found.serial, state.serial);
        match &found.transit {
            // It was moved away from there, and comes back.
            Some(Transit::Moved { .. }) if theirs <= ours => return Ok(()),
            Some(Transit::Moved { .. }) | None => {}
            // An earlier try from here, which didn't come to its end.
            Some(Transit::Arriving { from: origin, .. }) if origin == from => return Ok(()),
            Some(Transit::Arriving { .. }) => {
                let mut found = found.clone();
                match self.store.asking().admit(&mut found) {
                    Ok(_) => {}
                    // The place it came from has other plans since.
                    Err(StoreError::Transit(TransitError::Arriving { source: None, .. })) => {
                        return Ok(());
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        match theirs.cmp(&ours) {
            std::cmp::Ordering::Less => Err(MigrateError::TargetOlder {
                store,
                theirs,
                ours,
            }),
            std::cmp::Ordering::Greater => Err(MigrateError::TargetNewer {
                store,
                theirs,
                ours,
            }),
            // A copy made by hand is as good as one of ours.
            std::cmp::Ordering::Equal if found == state => Ok(()),
            std::cmp::Ordering::Equal => Err(MigrateError::TargetDiffers {
                store,
                serial: ours,
            }),
        }
    }
}

impl Diagnose for MigrateError {
    fn diagnose(&self) -> Diagnostics {
        let (code, help) = match self {
            Self::Store(error) => return error.diagnose(),
            Self::Open(_) => (
                "state::open",
                "run `sindri apply` or `sindri refresh`, which find out what became of it",
            ),
            Self::OtherLineage { .. } => (
                "state::other-lineage",
                "each state has a place of its own: name an empty one",
            ),
            Self::TargetOlder { .. } => (
                "state::target-older",
                "it is a copy that was left behind; see that nobody works with it, and remove it \
                 or name an empty place",
            ),
            Self::TargetNewer { .. } => (
                "state::target-newer",
                "the one here is the older: look which of them is the right one before anything \
                 is moved; `sindri state pull` prints each",
            ),
            Self::TargetDiffers { .. } => (
                "state::target-differs",
                "two commands went on from the same state in two places: look which of them is \
                 the right one; `sindri state pull` prints each",
            ),
            Self::Nothing(_) => (
                "state::not-there",
                "put what was there back from a backup; `sindri state push` puts a document that \
                 was pulled there",
            ),
            Self::NotEqual { .. } => (
                "state::not-equal",
                "the state is where it was, and nothing there counts; see what is wrong with that \
                 store, and run the command again",
            ),
        };
        let found = Diagnostic::error(Code::new(code), self.to_string()).help(help);
        if let Self::Open(address) = self {
            return vec![found.on(address.clone())];
        }
        vec![found]
    }
}
