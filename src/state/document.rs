//! The document: one JSON file with a version, a checksum over the rest, and the state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Intent, Lineage, Record, Serial, State};
use crate::address::Address;
use crate::digest::Digest;

/// The document format this version writes.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    version: u32,
    check: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    state: &'a serde_json::value::RawValue,
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[derive(Deserialize)]
struct Body {
    project: String,
    lineage: Lineage,
    serial: Serial,
    resources: BTreeMap<Address, Record>,
    #[serde(default)]
    pending: Vec<Intent>,
}

#[derive(Serialize)]
struct BodyRef<'a> {
    project: &'a str,
    lineage: &'a Lineage,
    serial: Serial,
    resources: &'a BTreeMap<Address, Record>,
    #[serde(skip_serializing_if = "<[Intent]>::is_empty")]
    pending: &'a [Intent],
}

/// Why a document can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or cut off.
    #[error("the state is damaged or cut off")]
    Malformed(#[source] serde_json::Error),
    /// The checksum doesn't match.
    #[error("the state doesn't match its own checksum")]
    Checksum,
    /// Written by a newer version.
    #[error("the state has format {found}, and this version of sindri knows up to {known}")]
    Newer {
        /// The document's format.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// It contradicts itself.
    #[error("the state contradicts itself: {0}")]
    Integrity(super::Violation),
}

/// Reads a document, upgrading older formats and refusing newer ones.
pub fn read_document(bytes: &[u8]) -> Result<State, DocumentError> {
    let VersionOnly { version } =
        serde_json::from_slice(bytes).map_err(DocumentError::Malformed)?;
    if version > FORMAT {
        return Err(DocumentError::Newer {
            found: version,
            known: FORMAT,
        });
    }
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(DocumentError::Malformed)?;
    let text = envelope.state.get();
    if Digest::of_bytes(text.as_bytes()).as_str() != envelope.check {
        return Err(DocumentError::Checksum);
    }
    let body: Body = serde_json::from_str(text).map_err(DocumentError::Malformed)?;
    let state = State {
        project: body.project,
        lineage: body.lineage,
        serial: body.serial,
        resources: body.resources,
        pending: body.pending,
    };
    match super::violations(&state).into_iter().next() {
        Some(violation) => Err(DocumentError::Integrity(violation)),
        None => Ok(state),
    }
}

/// Writes a document, newline at the end.
pub fn write_document(state: &State) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_string(&BodyRef {
        project: &state.project,
        lineage: &state.lineage,
        serial: state.serial,
        resources: &state.resources,
        pending: &state.pending,
    })?;
    let check = Digest::of_bytes(body.as_bytes());
    let mut bytes = Vec::with_capacity(body.len() + 128);
    bytes.extend_from_slice(format!("{{\"version\":{FORMAT},\"check\":\"{check}\",\n").as_bytes());
    bytes.extend_from_slice(b"\"state\":");
    bytes.extend_from_slice(body.as_bytes());
    bytes.extend_from_slice(b"}\n");
    Ok(bytes)
}
