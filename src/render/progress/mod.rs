//! An apply on its way: lines for a log, a block for a terminal, events for machines.

mod event_json;
mod screen;
mod summary;
mod words;

pub use event_json::{
    diagnostic_event_json, edit_planned_event_json, edited_event_json, event_json,
    plan_events_json, version_event_json,
};
pub use screen::Progress;
pub use summary::{summary_human, summary_next};
