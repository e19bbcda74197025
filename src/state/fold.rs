//! Folding: a state is its last document with every later journal entry applied.

use std::sync::Arc;

use super::{Effect, Entry, Event, OperationId, Record, Serial, State};
use crate::address::Address;

/// Why a journal doesn't continue a document.
#[derive(Debug, thiserror::Error)]
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
    /// Applies one event without counting it; [`fold`] and the engine keep the serial.
    pub fn apply(&mut self, event: Event) -> Result<(), FoldError> {
        match event {
            Event::Begin(intent) => self.pending.push(intent),
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
                let open = self
                    .pending
                    .iter()
                    .position(|intent| intent.operation == operation)
                    .ok_or(FoldError::NeverBegan(operation))?;
                self.pending.swap_remove(open);
                self.effect(address, effect);
            }
        }
        Ok(())
    }

    fn effect(&mut self, address: Address, effect: Effect) {
        match effect {
            Effect::Keep => {}
            Effect::Put(object) => {
                self.resources.entry(address).or_default().current = Some(Arc::from(object));
            }
            Effect::Remove => self.take(&address, |record| record.current = None),
            Effect::Depose => self.take(&address, |record| {
                record.deposed.extend(record.current.take());
            }),
            Effect::RemoveDeposed => self.take(&address, |record| record.deposed.clear()),
        }
    }

    /// Changes a record and drops it when nothing is left of it.
    fn take(&mut self, address: &Address, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.resources.get_mut(address) {
            change(record);
            if record.current.is_none() && record.deposed.is_empty() {
                self.resources.remove(address);
            }
        }
    }
}
