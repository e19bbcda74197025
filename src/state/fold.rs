//! Folding: a state is its last document with every later journal entry applied.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::integrity::object_violation;
use super::{
    Effect, Entry, Event, Intent, OperationId, Record, Serial, State, Status, StepKind, Violation,
};
use crate::address::Address;

/// Why a journal doesn't continue a document.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// Entries are missing between the document and the journal.
    #[error("the journal starts at write {found}, but the state ends at write {expected}")]
    Gap {
        /// The document's serial.
        expected: Serial,
        /// The first entry's.
        found: Serial,
    },
    /// An outcome without its intent.
    #[error("the journal records the end of operation {0}, which never began")]
    NeverBegan(OperationId),
    /// An intent whose operation is open already.
    #[error("the journal records the beginning of operation {0} twice")]
    BeganTwice(OperationId),
    /// An outcome at another address than its intent.
    #[error(
        "the journal records the end of operation {operation} at `{found}`, which began at `{expected}`"
    )]
    OtherAddress {
        /// The operation.
        operation: OperationId,
        /// The intent's address.
        expected: Address,
        /// The outcome's.
        found: Address,
    },
    /// Something is done by hand to an address that isn't recorded.
    #[error("the journal changes `{0}`, which isn't recorded")]
    NotRecorded(Address),
    /// Something is renamed to an address that is recorded already.
    #[error("the journal renames something to `{0}`, which is recorded already")]
    Taken(Address),
    /// Something is done by hand to an address at which an operation is open.
    #[error("the journal changes `{0}` while an operation is open there")]
    Busy(Address),
    /// A mark that an object can't have as it stands.
    #[error("the journal marks `{0}` in a way it can't be marked as it stands")]
    Mark(Address),
    /// An outcome that would break the state.
    #[error(transparent)]
    Integrity(#[from] Violation),
}

/// Applies the entries that are later than the state; earlier ones are already in it.
pub fn fold(state: &mut State, entries: impl IntoIterator<Item = Entry>) -> Result<(), FoldError> {
    for entry in entries {
        if entry.sequence <= state.serial {
            continue;
        }
        if entry.sequence != state.serial.next() {
            return Err(FoldError::Gap {
                expected: state.serial,
                found: entry.sequence,
            });
        }
        state.apply(entry.event)?;
        state.serial = entry.sequence;
    }
    Ok(())
}

impl State {
    /// Applies one event without counting it; [`fold`] and the store keep the serial.
    ///
    /// On an error nothing has changed.
    pub fn apply(&mut self, event: Event) -> Result<(), FoldError> {
        match event {
            Event::Begin(intent) => {
                if self.open(&intent.operation).is_some() {
                    return Err(FoldError::BeganTwice(intent.operation));
                }
                self.pending.push(intent);
            }
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
            } => {
                let Some(open) = self.open(&operation) else {
                    return Err(FoldError::NeverBegan(operation));
                };
                same_address(&operation, &self.pending[open].address, &address)?;
                sound(&address, &effect)?;
                // In order, since recovery settles the oldest first.
                let intent = self.pending.remove(open);
                self.effect(address, effect, intent.step);
            }
            Event::Moved { .. }
            | Event::Forgotten { .. }
            | Event::Tainted { .. }
            | Event::Untainted { .. }
            | Event::Refreshed { .. }
            | Event::Renamed { .. } => self.by_hand(event)?,
        }
        Ok(())
    }

    /// Whether events can be applied one after the other; costs what they are, not what the
    /// state is, but where one of them is a person's.
    pub fn admits(&self, events: &[Event]) -> Result<(), FoldError> {
        if events.iter().any(Event::is_by_hand) {
            let mut copy = self.clone();
            return events
                .iter()
                .try_for_each(|event| copy.apply(event.clone()));
        }
        // What the events before have opened, and closed again.
        let mut seen: BTreeMap<&OperationId, Option<&Address>> = BTreeMap::new();
        for event in events {
            let before = |operation: &OperationId| match seen.get(operation) {
                Some(address) => *address,
                None => self.open(operation).map(|at| &self.pending[at].address),
            };
            match event {
                Event::Begin(Intent {
                    operation, address, ..
                }) => {
                    if before(operation).is_some() {
                        return Err(FoldError::BeganTwice(operation.clone()));
                    }
                    seen.insert(operation, Some(address));
                }
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
                } => {
                    let began = before(operation)
                        .ok_or_else(|| FoldError::NeverBegan(operation.clone()))?;
                    same_address(operation, began, address)?;
                    sound(address, effect)?;
                    seen.insert(operation, None);
                }
                // Looked at above, on a copy.
                Event::Moved { .. }
                | Event::Forgotten { .. }
                | Event::Tainted { .. }
                | Event::Untainted { .. }
                | Event::Refreshed { .. }
                | Event::Renamed { .. } => {}
            }
        }
        Ok(())
    }

    fn open(&self, operation: &OperationId) -> Option<usize> {
        self.pending
            .iter()
            .position(|intent| intent.operation == *operation)
    }

    fn effect(&mut self, address: Address, effect: Effect, step: StepKind) {
        match effect {
            Effect::Keep => {}
            Effect::Put(object) => {
                self.resources.entry(address).or_default().current = Some(Arc::from(object));
            }
            Effect::Remove => self.take(&address, |record| record.current = None),
            Effect::Depose => self.take(&address, |record| {
                let mut aside = record.current.take();
                if let Some(object) = &mut aside
                    && step == StepKind::Retain
                {
                    Arc::make_mut(object).status = Status::Retained;
                }
                record.deposed.extend(aside);
            }),
            Effect::RemoveDeposed => self.take(&address, |record| record.deposed.clear()),
            Effect::RemoveAll => {
                self.resources.remove(&address);
            }
        }
    }

    /// Changes a record and drops it when nothing is left of it.
    pub(super) fn take(&mut self, address: &Address, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.resources.get_mut(address) {
            change(record);
            if record.current.is_none() && record.deposed.is_empty() {
                self.resources.remove(address);
            }
        }
    }
}

fn same_address(
    operation: &OperationId,
    began: &Address,
    ended: &Address,
) -> Result<(), FoldError> {
    if began == ended {
        return Ok(());
    }
    Err(FoldError::OtherAddress {
        operation: operation.clone(),
        expected: began.clone(),
        found: ended.clone(),
    })
}

fn sound(address: &Address, effect: &Effect) -> Result<(), Violation> {
    match effect {
        Effect::Put(object) => object_violation(address, object).map_or(Ok(()), Err),
        Effect::Keep
        | Effect::Remove
        | Effect::Depose
        | Effect::RemoveDeposed
        | Effect::RemoveAll => Ok(()),
    }
}
