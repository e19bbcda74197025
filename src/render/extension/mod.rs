//! The catalog's extensions, and what became of them in machines, as text.

mod describe;
mod document;
mod entry;
mod installed;
mod list;
mod log;
mod validation;
mod words;

pub use describe::extension_human;
pub use document::extension_json;
pub use entry::ExtensionEntry;
pub use installed::{Installation, extension_status_human, extension_status_json};
pub use list::{extension_list_human, extension_list_json, extension_search_human};
pub use log::{
    LogEvent, Logged, LoggedStep, extension_log_human, extension_log_json, log_event_human,
    log_event_json,
};
pub use validation::{Checked, Validated, validation_human, validation_json};

pub(super) use describe::Sheet;
pub(super) use words::{because, support, verdict_json};
