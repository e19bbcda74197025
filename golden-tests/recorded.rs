//! States as people read and write them: the document's content, indented.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sindri::address::Address;
use sindri::state::{Intent, Lineage, Record, Serial, State};

#[derive(Serialize, Deserialize)]
struct Readable {
    project: String,
    lineage: Lineage,
    serial: Serial,
    resources: BTreeMap<Address, Record>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<Intent>,
}

/// Reads a case's `state.json`.
pub(crate) fn read(path: &Path) -> Result<State, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let read: Readable = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    Ok(State {
        project: read.project,
        lineage: read.lineage,
        serial: read.serial,
        resources: read.resources,
        pending: read.pending,
        transit: None,
    })
}

/// Writes a state for people to read.
pub(crate) fn write(state: State) -> Result<String, String> {
    let readable = Readable {
        project: state.project,
        lineage: state.lineage,
        serial: state.serial,
        resources: state.resources,
        pending: state.pending,
    };
    serde_json::to_string_pretty(&readable).map_err(|error| error.to_string())
}
