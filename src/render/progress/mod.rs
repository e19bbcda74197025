//! An apply on its way: lines for a log, a block for a terminal, events for machines.

mod event_json;
mod image_json;
mod screen;
mod summary;
mod words;

pub use event_json::{
    diagnostic_event_json, edit_planned_event_json, edited_event_json, event_json,
    plan_events_json, version_event_json,
};
pub use image_json::{
    image_complete_event_json, image_moved_event_json, image_output_event_json,
    image_step_event_json,
};
pub use screen::Progress;
pub use summary::{summary_human, summary_next};
