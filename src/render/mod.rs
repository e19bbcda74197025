//! Plans, drift, diagnostics, events and states as text for people and machines: no I/O.
//!
//! Everything that comes from outside (names, values, output of commands) is made harmless before
//! it is shown: no control character reaches a terminal, no text breaks out of a Markdown table.

mod compare;
mod diagnostic;
mod drift;
mod edit;
mod extension;
#[cfg(test)]
mod fixture;
mod graph;
mod line;
mod markdown;
mod page;
mod plan;
mod profile;
mod progress;
mod sensitive;
mod state;
mod table;
mod text;
mod value;
mod versions;

pub use diagnostic::{diagnostic_line, diagnostics_human, diagnostics_json, tally};
pub use drift::{DriftTotals, drift_human, drift_json};
pub use edit::{EditMeta, edit_human};
pub use extension::{
    Checked, ExtensionEntry, Installation, LogEvent, Logged, LoggedStep, Validated,
    extension_human, extension_json, extension_list_human, extension_list_json,
    extension_log_human, extension_log_json, extension_search_human, extension_status_human,
    extension_status_json, log_event_human, log_event_json, validation_human, validation_json,
};
pub use graph::{Graph, graph_dot, graph_mermaid};
pub use markdown::{MARKDOWN_MAX, drift_markdown, plan_markdown};
pub use page::Style;
pub use plan::{
    PlanMeta, plan_checks_human, plan_human, plan_json, trailer, write_plan_human, write_plan_json,
};
pub use profile::{
    ProfileEntry, profile_human, profile_json, profile_list_human, profile_list_json,
};
pub use progress::{
    Progress, diagnostic_event_json, edit_planned_event_json, edited_event_json, event_json,
    image_complete_event_json, image_moved_event_json, image_output_event_json,
    image_step_event_json, plan_events_json, summary_human, summary_next, version_event_json,
};
pub use state::{
    StatusRow, events_human, state_json, state_list, state_show, state_show_json, status_human,
    status_json,
};
pub use versions::{doors_list, drift_list, removal_by_hand, restoration, versions_human};
