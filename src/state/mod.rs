//! The state: what we made last time, as a document plus a journal of intents and outcomes; pure.

mod document;
mod fold;
mod identity;
mod integrity;
mod journal;
mod model;

pub use document::{DocumentError, read_document, write_document};
pub use fold::{FoldError, fold};
pub use identity::{Lineage, ObjectId, OperationId, Serial};
pub use integrity::{Violation, violations};
pub use journal::{
    Effect, Entry, Event, Intent, JournalError, JournalHeader, StepKind, read_journal,
};
pub use model::{Object, PartFailure, Record, State, Status};
