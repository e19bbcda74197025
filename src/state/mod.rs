//! The state: what we made last time, as a document plus a journal of intents and outcomes; pure.

mod by_hand;
mod document;
mod event;
mod fold;
mod identity;
mod integrity;
mod journal;
mod model;
mod moving;
#[cfg(test)]
pub(crate) mod sample;
mod schema;
#[cfg(test)]
mod tests;
mod transit;
mod version;

pub use document::{DocumentError, read_document, write_document};
pub use event::{Effect, Event, Intent, StepKind};
pub use fold::{FoldError, fold};
pub use identity::{Lineage, ObjectId, OperationId, Serial};
pub use integrity::{Violation, invariants, violations};
pub use journal::{
    Entry, JournalError, JournalHeader, Lines, OpenLine, read_group, read_journal, read_line,
    read_lines, write_group,
};
pub use model::{Object, PartFailure, Record, State, Status};
pub use moving::{Move, MoveError, moves};
pub use schema::{document_schema, journal_schema};
pub use transit::{Location, Transit};
pub use version::{VERSIONS_MOST, VERSIONS_MOST_BYTES, Version, Written, versions_to_keep};
