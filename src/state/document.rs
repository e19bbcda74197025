//! The document: one JSON file with a version, a checksum over the rest, and the state.
//!
//! Its layout is fixed to the byte: the version and the checksum on the first line, the state on
//! the second. So it is read in one pass, and there is no byte in it that may change unnoticed.

use std::collections::BTreeMap;
use std::fmt;
use std::thread;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Intent, Lineage, Record, Serial, State, Transit};
use crate::address::Address;
use crate::digest::Digest;

/// The newest document format known here.
///
/// Format 2 says of an object at which address it was made, where it was renamed since. A state
/// without such an object is written in format 1, which earlier versions read too. Format 3 says of a
/// state that it was moved to another store, or is on its way there: no earlier version may take it
/// for one that counts.
const FORMAT: u32 = 3;

const HEADS: [&[u8]; 3] = [
    b"{\"version\":1,\"check\":\"",
    b"{\"version\":2,\"check\":\"",
    b"{\"version\":3,\"check\":\"",
];
const MIDDLE: &[u8] = b"\",\n\"state\":";
const END: &[u8] = b"}\n";

/// From which length of a text on a second thread for its checksum is worth the start.
const LONG: usize = 128 << 10;

/// The length of a digest's text: `sha256:` and 64 digits.
const CHECK: usize = 71;

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct Body {
    /// The version once more, where the checksum covers it; absent in format 1.
    #[serde(default = "first")]
    format: u32,
    project: String,
    lineage: Lineage,
    serial: Serial,
    #[serde(deserialize_with = "in_order")]
    resources: BTreeMap<Address, Record>,
    #[serde(default)]
    pending: Vec<Intent>,
    #[serde(default)]
    transit: Option<Transit>,
}

#[derive(Serialize)]
struct BodyRef<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<u32>,
    project: &'a str,
    lineage: &'a Lineage,
    serial: Serial,
    resources: &'a BTreeMap<Address, Record>,
    #[serde(skip_serializing_if = "<[Intent]>::is_empty")]
    pending: &'a [Intent],
    #[serde(skip_serializing_if = "Option::is_none")]
    transit: Option<&'a Transit>,
}

fn first() -> u32 {
    1
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
    let Some((format, check, text)) = cut(bytes) else {
        return Err(why_not(bytes));
    };
    let (sound, body) = sum_and_parse(text, check);
    if !sound {
        return Err(DocumentError::Checksum);
    }
    let body = body.map_err(DocumentError::Malformed)?;
    if body.format != format {
        return Err(DocumentError::Checksum);
    }
    let state = State {
        project: body.project,
        lineage: body.lineage,
        serial: body.serial,
        resources: body.resources,
        pending: body.pending,
        transit: body.transit,
    };
    match super::violations(&state).into_iter().next() {
        Some(violation) => Err(DocumentError::Integrity(violation)),
        None => Ok(state),
    }
}

/// Says whether a text has this checksum, and what it says.
fn sum_and_parse(text: &[u8], check: &[u8]) -> (bool, Result<Body, serde_json::Error>) {
    let sum = || Digest::of_bytes(text).as_str().as_bytes() == check;
    // Checking the whole text at once is cheaper than each of its strings.
    let parse = || match std::str::from_utf8(text) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(text),
    };
    if text.len() < LONG {
        return (sum(), parse());
    }
    thread::scope(|scope| {
        let summing = scope.spawn(sum);
        let body = parse();
        match summing.join() {
            Ok(sound) => (sound, body),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Reads a map that was written in its order, without a search for each of its entries.
fn in_order<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Address, Record>, D::Error> {
    struct Entries;

    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(Address, Record)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("records by address")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(64));
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }
    }

    Ok(deserializer.deserialize_map(Entries)?.into_iter().collect())
}

/// Cuts a document into its version, its checksum and the text the checksum covers.
fn cut(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (format, rest) = (1..)
        .zip(HEADS)
        .find_map(|(format, head)| Some((format, bytes.strip_prefix(head)?)))?;
    let (check, rest) = rest.split_at_checked(CHECK)?;
    let text = rest.strip_prefix(MIDDLE)?.strip_suffix(END)?;
    Some((format, check, text))
}

/// Says why a text isn't a document of this format.
fn why_not(bytes: &[u8]) -> DocumentError {
    match serde_json::from_slice(bytes) {
        Err(error) => DocumentError::Malformed(error),
        Ok(VersionOnly { version }) if version > FORMAT => DocumentError::Newer {
            found: version,
            known: FORMAT,
        },
        // It is JSON, but not as we lay it out: edited or reformatted.
        Ok(VersionOnly { .. }) => DocumentError::Checksum,
    }
}

/// Writes a document, newline at the end.
pub fn write_document(state: &State) -> Result<Vec<u8>, serde_json::Error> {
    let renamed = state
        .resources
        .values()
        .flat_map(|record| record.current.iter().chain(&record.deposed))
        .any(|object| object.made_at.is_some());
    // Which format it takes, counted from the first.
    let later = match (&state.transit, renamed) {
        (Some(_), _) => 2,
        (None, true) => 1,
        (None, false) => 0,
    };
    let head = HEADS[later];
    let mut bytes = head.to_vec();
    bytes.extend_from_slice(&[b'0'; CHECK]);
    bytes.extend_from_slice(MIDDLE);
    let start = bytes.len();
    serde_json::to_writer(
        &mut bytes,
        &BodyRef {
            format: [None, Some(2), Some(3)][later],
            project: &state.project,
            lineage: &state.lineage,
            serial: state.serial,
            resources: &state.resources,
            pending: &state.pending,
            transit: state.transit.as_ref(),
        },
    )?;
    let check = Digest::of_bytes(&bytes[start..]);
    bytes[head.len()..head.len() + CHECK].copy_from_slice(check.as_str().as_bytes());
    bytes.extend_from_slice(END);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> State {
        State::new("dev", Lineage::from_random([7; 16]))
    }

    #[test]
    fn the_head_names_the_format() {
        for (head, format) in HEADS.iter().zip(1..=FORMAT) {
            assert!(head.starts_with(format!("{{\"version\":{format},").as_bytes()));
        }
        assert_eq!(Digest::of_bytes(b"").as_str().len(), CHECK);
    }

    #[test]
    fn a_document_round_trips() {
        let bytes = write_document(&empty()).unwrap();
        assert_eq!(read_document(&bytes).unwrap(), empty());
    }

    #[test]
    fn each_damage_has_its_own_error() {
        let bytes = write_document(&empty()).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let error = |text: &str| read_document(text.as_bytes()).unwrap_err();
        assert!(matches!(error(""), DocumentError::Malformed(_)));
        assert!(matches!(
            error(&text[..text.len() / 2]),
            DocumentError::Malformed(_)
        ));
        assert!(matches!(
            error(&text.replace("dev", "dav")),
            DocumentError::Checksum
        ));
        assert!(matches!(
            error(&text.replace('\n', "")),
            DocumentError::Checksum
        ));
        assert!(matches!(
            error(&text.replace("\"version\":1", "\"version\":9")),
            DocumentError::Newer { found: 9, known: 3 }
        ));
        assert!(matches!(
            error(r#"{"version":4,"shape":"unknown here"}"#),
            DocumentError::Newer { found: 4, known: 3 }
        ));
    }

    #[test]
    fn no_byte_changes_unnoticed() {
        let bytes = write_document(&empty()).unwrap();
        for at in 0..bytes.len() {
            // 0x03 makes one known version of the other.
            for flip in [0x01, 0x03, 0x20, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                assert!(read_document(&changed).is_err(), "byte {at} ^ {flip:#x}");
            }
            assert!(read_document(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
