//! The spill: outcomes that a store couldn't take any more, kept on this host for the next command.
//!
//! An apply that loses its store starts nothing new, but what runs is finished. How it ended lies
//! then in a file beside the configuration, in the format of a journal, named by the lineage and
//! the serial it continues. The next command that takes the lock from here takes it in before it
//! settles what is open; from anywhere else the objects are found by their operations.

use std::path::{Path, PathBuf};

use super::{Form, StoreError};
use crate::address::Address;
use crate::state::{
    Effect, Event, Intent, JournalHeader, Lineage, OperationId, Serial, State, Status, read_group,
    write_group,
};
use crate::sys::files;

/// The most bytes read of a spill.
const MOST: u64 = 1 << 30;

/// What became of a spill that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spilled {
    /// The file it lay in.
    pub file: PathBuf,
    /// The resources whose outcomes were recorded from it.
    pub recorded: Vec<Address>,
    /// Why it is kept under another name, and which; none where nothing in it was left over.
    pub aside: Option<(PathBuf, Contradiction)>,
}

/// Why a spill isn't believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// It can't be read.
    #[error("it is damaged")]
    Damaged,
    /// The state is older than what the spill continues.
    #[error("it continues write {after}, and the state is at {state}")]
    Older {
        /// The serial it continues.
        after: Serial,
        /// The state's.
        state: Serial,
    },
    /// Somebody else has settled an operation in another way.
    #[error("`{0}` was settled in another way since")]
    Settled(Address),
}

/// The outcomes of a spill, sorted by what the state says of their operations.
struct Sorted {
    open: Vec<Event>,
    contradiction: Option<Contradiction>,
}

/// Where a state's outcomes spill to.
pub(super) fn path(directory: &Path, lineage: &Lineage, after: Serial) -> PathBuf {
    directory.join(format!("spill-{lineage}-{after}.jsonl"))
}

/// Puts outcomes in place of those spilled before at the same serial, durably.
pub(super) fn write(
    directory: &Path,
    form: &Form,
    state: &State,
    outcomes: &[Event],
) -> Result<PathBuf, StoreError> {
    let path = path(directory, &state.lineage, state.serial);
    let io = |error| StoreError::io(&path, error);
    files::create_private_dir_all(directory).map_err(io)?;
    let ignore = directory.join(".gitignore");
    if files::entry(&ignore).is_err() {
        files::write_atomic(&ignore, b"*\n", 0o600, false).map_err(io)?;
    }
    let mut text = JournalHeader::new(state.lineage.clone(), state.serial)
        .to_line()
        .into_bytes();
    let place = (&state.lineage, state.serial.next());
    text.extend(line(&path, form, place, outcomes)?);
    files::write_atomic(&path, &text, 0o600, true).map_err(io)?;
    Ok(path)
}

/// A group as the next line of a journal at a path, sealed where it is to be.
pub(super) fn line(
    path: &Path,
    form: &Form,
    (lineage, first): (&Lineage, Serial),
    events: &[Event],
) -> Result<Vec<u8>, StoreError> {
    let mut line = Vec::new();
    write_group(first, events, &mut line).map_err(|error| StoreError::io(path, error.into()))?;
    Ok(form.encode_line(lineage, first, line))
}

/// The spills of a state, those of the earliest serial first.
pub(super) fn list(directory: &Path, lineage: &Lineage) -> Result<Vec<PathBuf>, StoreError> {
    let names = match files::list(directory) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io(directory, error)),
    };
    let prefix = format!("spill-{lineage}-");
    let mut found: Vec<u64> = names
        .iter()
        .filter_map(|name| {
            let serial = name
                .to_str()?
                .strip_prefix(&prefix)?
                .strip_suffix(".jsonl")?;
            serial.parse().ok()
        })
        .collect();
    found.sort_unstable();
    let path = |serial| path(directory, lineage, Serial(serial));
    Ok(found.into_iter().map(path).collect())
}

/// Takes one spill in: `commit` records what still waits for its outcome.
///
/// What is known already is dropped; what contradicts the state is kept under another name. The
/// file is removed last, so that a crash before only makes everything in it known already.
pub(super) fn take_in(
    file: &Path,
    form: &Form,
    state: &State,
    commit: &mut dyn FnMut(Vec<Event>) -> Result<(), StoreError>,
) -> Result<Spilled, StoreError> {
    let io = |error| StoreError::io(file, error);
    let bytes = files::read_limited(file, MOST).map_err(io)?;
    let sorted = match read(file, &bytes, form, &state.lineage)? {
        None => Sorted {
            open: Vec::new(),
            contradiction: Some(Contradiction::Damaged),
        },
        Some((after, _)) if after > state.serial => Sorted {
            open: Vec::new(),
            contradiction: Some(Contradiction::Older {
                after,
                state: state.serial,
            }),
        },
        Some((_, outcomes)) => sort(state, outcomes),
    };
    let recorded = sorted
        .open
        .iter()
        .filter_map(outcome)
        .map(|(_, address, _)| address.clone())
        .collect();
    if !sorted.open.is_empty() {
        commit(sorted.open)?;
    }
    let aside = match sorted.contradiction {
        None => {
            files::remove_file(file).map_err(io)?;
            None
        }
        Some(contradiction) => {
            let aside = file.with_extension("jsonl.aside");
            files::write_atomic(&aside, &bytes, 0o600, true).map_err(io)?;
            files::remove_file(file).map_err(io)?;
            Some((aside, contradiction))
        }
    };
    Ok(Spilled {
        file: file.to_owned(),
        recorded,
        aside,
    })
}

/// The serial a spill continues and its outcomes; none where it is damaged.
fn read(
    file: &Path,
    bytes: &[u8],
    form: &Form,
    lineage: &Lineage,
) -> Result<Option<(Serial, Vec<Event>)>, StoreError> {
    let lines = match form.lines(file, lineage, bytes) {
        Ok(lines) => lines,
        Err(StoreError::Sealed { source, .. }) if !source.is_damage() => {
            return Err(StoreError::sealed(file, *source));
        }
        Err(_) => return Ok(None),
    };
    let Some(header) = lines.header.filter(|header| header.lineage == *lineage) else {
        return Ok(None);
    };
    let mut entries = Vec::new();
    for (number, text) in (2..).zip(&lines.groups) {
        if read_group(text, number, &mut entries).is_err() {
            return Ok(None);
        }
    }
    let whole = lines.sound == bytes.len();
    let outcomes = entries.into_iter().map(|entry| entry.event).collect();
    Ok(whole.then_some((header.after, outcomes)))
}

fn sort(state: &State, outcomes: Vec<Event>) -> Sorted {
    let mut sorted = Sorted {
        open: Vec::new(),
        contradiction: None,
    };
    for event in outcomes {
        let Some((operation, address, effect)) = outcome(&event) else {
            // Nothing was started without a durable intent.
            continue;
        };
        let is_open =
            |intent: &Intent| intent.operation == *operation && intent.address == *address;
        if state.pending.iter().any(is_open) {
            sorted.open.push(event);
        } else if !agrees(state, address, effect) {
            let contradiction = Contradiction::Settled(address.clone());
            sorted.contradiction.get_or_insert(contradiction);
        }
    }
    sorted
}

/// Whether a state holds what an effect would have made of it.
fn agrees(state: &State, address: &Address, effect: &Effect) -> bool {
    let current = state.current(address);
    let deposed = state
        .resources
        .get(address)
        .map_or(0, |record| record.deposed.len());
    match effect {
        Effect::Keep => true,
        Effect::Put(object) => current.is_some_and(|current| {
            (&current.id, &current.operation) == (&object.id, &object.operation)
        }),
        // One that is about to be deleted again will be found gone.
        Effect::Remove => current.is_none_or(|current| current.status == Status::Deleting),
        Effect::Depose => current.is_none() || deposed > 0,
        Effect::RemoveDeposed => deposed == 0,
        Effect::RemoveAll => deposed == 0 && current.is_none(),
    }
}

/// What an event says of an operation that ended; none where it says something else.
fn outcome(event: &Event) -> Option<(&OperationId, &Address, &Effect)> {
    match event {
        Event::Succeeded {
            operation,
            address,
            effect,
        }
        | Event::Failed {
            operation,
            address,
            effect,
            ..
        } => Some((operation, address, effect)),
        Event::Begin(_)
        | Event::Moved { .. }
        | Event::Forgotten { .. }
        | Event::Tainted { .. }
        | Event::Untainted { .. }
        | Event::Refreshed { .. }
        | Event::Renamed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::state::sample::history;
    use crate::store::{LockRequest, Locked, Sealing, Store};
    use crate::sys::{Environment, World};

    /// Keys of a passphrase.
    fn keys() -> Sealing {
        let variable = ("SINDRI_STATE_PASSPHRASE".to_owned(), "one".to_owned());
        let world = World {
            environment: Arc::new(Environment::of([variable])),
            ..World::real()
        };
        Sealing::new(&world, Path::new(""), None)
    }

    fn locked(store: &Store) -> Locked {
        let request = LockRequest {
            operation: "apply",
            timeout: Duration::ZERO,
            given_up: None,
        };
        let mut locked = store.lock(request, &mut |_| {}).unwrap();
        locked.initialise("dev").unwrap();
        locked
    }

    #[test]
    fn a_sealed_store_spills_sealed_and_takes_in_what_it_spilled() {
        let groups = history(&(0..=255).collect::<Vec<u8>>());
        let events: Vec<Event> = groups.into_iter().flatten().collect();
        let first = events
            .iter()
            .position(|event| !matches!(event, Event::Begin(_)))
            .unwrap();
        let outcome = &events[first..=first];
        let room = tempfile::tempdir().unwrap();
        let store = Store::local(room.path(), &World::real()).sealed(&keys());
        let mut held = locked(&store);
        held.commit(events[..first].to_vec()).unwrap();
        let open = held.state().pending.len();
        let file = held.keep(outcome).unwrap().unwrap();
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"operation"));
        drop(held);

        let mut held = locked(&store);
        let spilled = held.spilled();
        assert_eq!(
            spilled[0].recorded,
            [super::outcome(&outcome[0]).unwrap().1.clone()]
        );
        assert_eq!((spilled.len(), &spilled[0].aside), (1, &None));
        assert_eq!(held.state().pending.len(), open - 1);
        assert!(!file.exists());
        assert_eq!(locked_again(held, &store), []);
    }

    fn locked_again(held: Locked, store: &Store) -> Vec<Spilled> {
        drop(held);
        locked(store).spilled()
    }
}
