//! Whether a state that is on its way between two stores counts where it was found.

use std::path::PathBuf;

use super::medium::Medium;
use super::reading::load;
use super::seen::Seen;
use super::{Place, Sealing, StoreError};
use crate::diagnostic::Code;
use crate::state::{Lineage, Location, State, Transit};
use crate::sys::World;

/// Why a state doesn't count in the place where it was found.
#[derive(Debug, thiserror::Error)]
pub enum TransitError {
    /// It lives elsewhere now.
    #[error("the state in `{}` was moved", store.display())]
    Moved {
        /// The place.
        store: PathBuf,
        /// Which state it was.
        lineage: Lineage,
        /// Where it lives.
        to: Location,
        /// Which migration moved it.
        migration: String,
    },
    /// A copy that a migration didn't finish.
    #[error("the state in `{}` is still on its way there", store.display())]
    Arriving {
        /// The place.
        store: PathBuf,
        /// Where it comes from.
        from: Location,
        /// Why that place couldn't be asked, if it couldn't.
        #[source]
        source: Option<Box<StoreError>>,
    },
}

impl TransitError {
    pub(super) fn code(&self) -> Code {
        Code::new(match self {
            Self::Moved { .. } => "store::moved",
            Self::Arriving { .. } => "store::arriving",
        })
    }

    pub(super) fn advice(&self) -> String {
        match self {
            Self::Moved { to, .. } => {
                format!("put `{to}` into sindri.yaml, or set `SINDRI_STATE` to that place")
            }
            Self::Arriving { from, source, .. } => {
                let counts = if source.is_some() {
                    "whether it counts here, only the place it comes from can tell"
                } else {
                    "until then it counts in the place it comes from"
                };
                format!("{counts}, `{from}`: run `sindri state migrate` from there again")
            }
        }
    }
}

/// What is known of places and migrations besides what a state says.
#[derive(Clone, Debug)]
pub(super) struct Asking<'a> {
    pub(super) medium: &'a dyn Medium,
    pub(super) sealing: &'a Sealing,
    pub(super) world: &'a World,
    /// What this host has seen, here and elsewhere.
    pub(super) seen: Option<&'a Seen>,
    /// The migration that the place it comes from is known to have finished.
    pub(super) finished: Option<&'a str>,
}

impl Asking<'_> {
    /// Takes the mark off a state that counts here; whether it had one.
    ///
    /// Asks the place that a state comes from, which alone decides.
    pub(super) fn admit(&self, state: &mut State) -> Result<bool, StoreError> {
        let store = self.medium.names().store.clone();
        let (from, migration) = match state.transit.take() {
            None => return Ok(false),
            Some(Transit::Moved { to, migration }) => {
                return Err(StoreError::Transit(TransitError::Moved {
                    store,
                    lineage: state.lineage.clone(),
                    to,
                    migration,
                }));
            }
            Some(Transit::Arriving { from, migration }) => (from, migration),
        };
        if self.finished == Some(migration.as_str()) {
            return Ok(true);
        }
        let gave_it_away = |origin: &State| {
            origin.lineage == state.lineage
                && matches!(&origin.transit,
                    Some(Transit::Moved { migration: by, .. }) if *by == migration)
        };
        let source = match self.origin(&from, &state.lineage) {
            Ok(Some(origin)) if gave_it_away(&origin) => return Ok(true),
            Ok(_) => None,
            Err(error) => Some(Box::new(error)),
        };
        Err(StoreError::Transit(TransitError::Arriving {
            store,
            from,
            source,
        }))
    }

    /// What lies now where a state comes from, marks included.
    ///
    /// Whoever can write here could name any server there: credentials go to none but those that
    /// this host has worked with.
    fn origin(&self, from: &Location, lineage: &Lineage) -> Result<Option<State>, StoreError> {
        let refused = |why: &str| Err(StoreError::BadPlace(why.to_owned()));
        let Some(place) = Place::at(from) else {
            return refused("this version of sindri has no such store");
        };
        let known = || self.seen.is_some_and(|seen| seen.knows(from, lineage));
        if !matches!(place, Place::Local(_)) && !known() {
            return refused("this host hasn't worked with that place before");
        }
        let store = place.open(self.world)?;
        let loaded = load(&*store.medium, self.sealing, true)?;
        Ok(loaded.map(|loaded| loaded.state))
    }
}

/// The state as the tombstone that stays where it was.
pub(super) fn tombstone(state: &State, to: &Location, migration: &str) -> State {
    let transit = Transit::Moved {
        to: to.clone(),
        migration: migration.to_owned(),
    };
    State {
        serial: state.serial,
        transit: Some(transit),
        ..State::new(&state.project, state.lineage.clone())
    }
}

/// The state as the copy that doesn't count yet.
pub(super) fn arriving(state: &State, from: &Location, migration: &str) -> State {
    State {
        serial: state.serial.next(),
        transit: Some(Transit::Arriving {
            from: from.clone(),
            migration: migration.to_owned(),
        }),
        ..state.clone()
    }
}
