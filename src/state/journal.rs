//! The journal: intent before a call, outcome after it, each line with its own checksum.
//!
//! One JSON line an entry. `check` covers the rest of the line, so that a torn tail (a crash while
//! writing) is told from a damaged middle: the first is cut off, the second is refused.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Lineage, Object, OperationId, Serial};
use crate::address::Address;
use crate::digest::Digest;
use crate::resource::Spec;

/// The journal's first line: which document it continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHeader {
    /// The format's version.
    pub journal: u32,
    /// The lineage of the document.
    pub lineage: Lineage,
}

/// What a step does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Deletes it.
    Destroy,
    /// Takes an existing object under management.
    Adopt,
    /// Drops it from the state and leaves it be.
    Forget,
    /// Keeps it beyond its machine.
    Retain,
}

/// What is about to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The operation, carried by the object it makes.
    pub operation: OperationId,
    /// The resource.
    pub address: Address,
    /// What is done to it.
    pub step: StepKind,
    /// What it shall be; absent for deletes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Arc<Spec>>,
    /// The generation of the object made.
    pub generation: u64,
    /// What it will depend on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
}

/// What an outcome changes in the state, at the intent's address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing.
    Keep,
    /// The current object is this one now.
    Put(Box<Object>),
    /// The current object is gone.
    Remove,
    /// The current object waits to be deleted; none is current.
    Depose,
    /// The deposed objects are gone.
    RemoveDeposed,
}

/// One entry's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// An operation is about to call its provider.
    Begin(Intent),
    /// It ended well.
    Succeeded {
        /// Which operation.
        operation: OperationId,
        /// At which address.
        address: Address,
        /// With what effect.
        effect: Effect,
    },
    /// It failed; what it left behind is in the effect.
    Failed {
        /// Which operation.
        operation: OperationId,
        /// At which address.
        address: Address,
        /// Why, without secrets.
        error: String,
        /// With what effect.
        effect: Effect,
    },
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The state's serial after this entry.
    pub sequence: Serial,
    /// What happened.
    pub event: Event,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    check: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    entry: &'a serde_json::value::RawValue,
}

#[derive(Serialize, Deserialize)]
struct Body {
    sequence: Serial,
    event: Event,
}

/// Why a journal can't be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A line before the last doesn't match its checksum or isn't an entry.
    #[error("line {line} of the journal is damaged")]
    Damaged {
        /// The line, from 1.
        line: usize,
    },
    /// Sequence numbers don't follow each other.
    #[error("line {line} of the journal is out of order")]
    OutOfOrder {
        /// The line, from 1.
        line: usize,
    },
    /// Written by a newer version.
    #[error("the journal has format {0}, which is newer than this version of sindri knows")]
    Newer(u32),
}

impl JournalHeader {
    /// The journal format this version writes.
    pub const FORMAT: u32 = 1;

    /// The header as a line, with its newline.
    pub fn to_line(&self) -> String {
        // Two plain fields: serialising them can't fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

impl Entry {
    /// Appends the entry as a line, with its newline.
    pub fn write_to(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let body = serde_json::to_string(&BodyRef {
            sequence: self.sequence,
            event: &self.event,
        })?;
        out.extend_from_slice(b"{\"check\":\"");
        out.extend_from_slice(checksum(body.as_bytes()).as_bytes());
        out.extend_from_slice(b"\",\"entry\":");
        out.extend_from_slice(body.as_bytes());
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}

#[derive(Serialize)]
struct BodyRef<'a> {
    sequence: Serial,
    event: &'a Event,
}

fn checksum(bytes: &[u8]) -> String {
    Digest::of_bytes(bytes).as_str()[7..23].to_owned()
}

/// Reads a journal: its header, its entries, and how many bytes of it are sound.
///
/// An empty journal, or one torn in its very header, has no header. A last line that was torn by a
/// crash isn't counted among the sound bytes.
pub fn read_journal(
    bytes: &[u8],
) -> Result<(Option<JournalHeader>, Vec<Entry>, usize), JournalError> {
    let mut entries = Vec::new();
    let mut header = None;
    let mut sound = 0;
    let mut rest = bytes;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let end = rest.iter().position(|b| *b == b'\n');
        let Some(end) = end else { break };
        let line = &rest[..end];
        let last = end + 1 == rest.len();
        if header.is_none() {
            match serde_json::from_slice::<JournalHeader>(line) {
                Ok(read) if read.journal > JournalHeader::FORMAT => {
                    return Err(JournalError::Newer(read.journal));
                }
                Ok(read) => header = Some(read),
                Err(_) if last => break,
                Err(_) => return Err(JournalError::Damaged { line: number }),
            }
        } else {
            match read_line(line) {
                Some(entry) => {
                    let expected = entries.last().map(|e: &Entry| e.sequence.next());
                    if expected.is_some_and(|expected| expected != entry.sequence) {
                        return Err(JournalError::OutOfOrder { line: number });
                    }
                    entries.push(entry);
                }
                None if last => break,
                None => return Err(JournalError::Damaged { line: number }),
            }
        }
        sound += end + 1;
        rest = &rest[end + 1..];
    }
    Ok((header, entries, sound))
}

fn read_line(line: &[u8]) -> Option<Entry> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    if checksum(line.entry.get().as_bytes()) != line.check {
        return None;
    }
    let body: Body = serde_json::from_str(line.entry.get()).ok()?;
    Some(Entry {
        sequence: body.sequence,
        event: body.event,
    })
}
