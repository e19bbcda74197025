//! The journal: intent before a call, outcome after it; one durable write a line.
//!
//! The first line names the document it continues. Every later line is one group of events that
//! were committed together: either the whole group counts or none of it. `check` covers the rest
//! of its line, so that a torn tail (a crash while writing) is told from a damaged line: the first
//! is cut off, the second is refused. Zeros after the last line are room that a writer made ahead.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Event, Lineage, Serial};
use crate::digest::Digest;

const HEAD: &[u8] = b"{\"check\":\"";
const MIDDLE: &[u8] = b"\",\"entry\":";
const END: &[u8] = b"}";

/// The length of a line's checksum: the first 16 digits of its SHA-256.
const CHECK: usize = 16;

/// The journal's first line: which document it continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHeader {
    /// The format's version.
    pub journal: u32,
    /// The lineage of the document.
    pub lineage: Lineage,
    /// The serial of the document it was begun after.
    ///
    /// The document may be later, since writing it and beginning a new journal are two steps; one
    /// that is earlier lacks what an older journal held.
    pub after: Serial,
}

/// One event in its place in the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The state's serial after this entry.
    pub sequence: Serial,
    /// What happened.
    pub event: Event,
}

/// What one line holds: the events of one write, numbered from `sequence` on.
#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct Group {
    sequence: Serial,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct GroupRef<'a> {
    sequence: Serial,
    events: &'a [Event],
}

/// Why a journal can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// A line doesn't match its checksum or isn't an entry, and no torn write explains it.
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

#[derive(Deserialize)]
struct VersionOnly {
    journal: u32,
}

impl JournalHeader {
    /// The journal format this version writes.
    ///
    /// Format 2 has events that a person caused; a reader of format 1 would take them for damage.
    pub const FORMAT: u32 = 2;

    /// The header of a journal that continues a document, in the format of this version.
    pub fn new(lineage: Lineage, after: Serial) -> Self {
        Self {
            journal: Self::FORMAT,
            lineage,
            after,
        }
    }

    /// The header as a line, with its newline.
    pub fn to_line(&self) -> String {
        let Self {
            journal,
            lineage,
            after,
        } = self;
        let check = checksum(format!("{journal} {lineage} {after}").as_bytes());
        format!(
            "{{\"journal\":{journal},\"lineage\":\"{lineage}\",\"after\":{after},\"check\":\"{check}\"}}\n"
        )
    }

    /// Reads the first line, without its newline; none where it is damaged.
    fn read(line: &[u8]) -> Result<Option<Self>, JournalError> {
        if let Ok(VersionOnly { journal }) = serde_json::from_slice(line)
            && journal > Self::FORMAT
        {
            return Err(JournalError::Newer(journal));
        }
        let header = serde_json::from_slice::<Self>(line).ok();
        Ok(header.filter(|header| header.to_line().as_bytes().strip_suffix(b"\n") == Some(line)))
    }
}

/// Appends a group of events as one line, with its newline; the first gets the number `first`.
pub fn write_group(
    first: Serial,
    events: &[Event],
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    out.extend_from_slice(HEAD);
    let check = out.len();
    out.extend_from_slice(&[b'0'; CHECK]);
    out.extend_from_slice(MIDDLE);
    let start = out.len();
    let group = GroupRef {
        sequence: first,
        events,
    };
    serde_json::to_writer(&mut *out, &group)?;
    let sum = checksum(&out[start..]);
    out[check..check + CHECK].copy_from_slice(sum.as_bytes());
    out.extend_from_slice(END);
    out.push(b'\n');
    Ok(())
}

fn checksum(bytes: &[u8]) -> String {
    Digest::of_bytes(bytes).as_str()[7..7 + CHECK].to_owned()
}

/// Gives a group's line as it was written from one as it is kept, without newline; none where it
/// can't be one.
pub type OpenLine<'a> = dyn for<'b> Fn(&'b [u8]) -> Option<Cow<'b, [u8]>> + 'a;

/// What a journal consists of, before its groups are read.
#[derive(Debug)]
pub struct Lines<'a> {
    /// The first line; none in a journal that is empty or torn in its very header.
    pub header: Option<JournalHeader>,
    /// The texts of the groups, which [`read_group`] reads; the first is line 2 of the journal.
    pub groups: Vec<Cow<'a, [u8]>>,
    /// How many bytes are sound: a last line that was torn by a crash isn't among them.
    pub sound: usize,
}

/// Reads a journal: its header, its entries, and how many bytes of it are sound.
///
/// An empty journal, or one torn in its very header, has no header. A last line that was torn by a
/// crash isn't counted among the sound bytes.
pub fn read_journal(
    bytes: &[u8],
) -> Result<(Option<JournalHeader>, Vec<Entry>, usize), JournalError> {
    let lines = read_lines(bytes, &|line| Some(Cow::Borrowed(line)))?;
    let mut entries = Vec::new();
    for (line, text) in (2..).zip(&lines.groups) {
        read_group(text, line, &mut entries)?;
    }
    Ok((lines.header, entries, lines.sound))
}

/// Reads the lines of a journal, without reading the groups in them; all but the header may be kept
/// in another form than they were written in.
pub fn read_lines<'a>(bytes: &'a [u8], open: &OpenLine<'_>) -> Result<Lines<'a>, JournalError> {
    let mut lines = Lines {
        header: None,
        groups: Vec::new(),
        sound: 0,
    };
    let written = without_room(bytes);
    for number in 1.. {
        let rest = written.get(lines.sound..).unwrap_or_default();
        let damaged = JournalError::Damaged { line: number };
        let end = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => end,
            // Nothing but its newline is missing, which the room has a place for.
            None if written.len() < bytes.len() && is_whole(rest, number, open) => rest.len(),
            None if is_torn(rest) => break,
            None => return Err(damaged),
        };
        let line = &rest[..end];
        let read = if number == 1 {
            lines.header = JournalHeader::read(line)?;
            lines.header.is_some()
        } else if let Some(group) = unframe(line, open) {
            lines.groups.push(group);
            true
        } else {
            false
        };
        if !read {
            if end + 1 == rest.len() && has_hole(line) {
                break;
            }
            return Err(damaged);
        }
        lines.sound += end + 1;
    }
    Ok(lines)
}

/// Reads one group that stands alone, as it was written: a whole line, and nothing else.
pub fn read_line<'a>(bytes: &'a [u8], open: &OpenLine<'_>) -> Result<Cow<'a, [u8]>, JournalError> {
    let line = bytes.strip_suffix(b"\n");
    let text = line.and_then(|line| unframe(line, open));
    text.ok_or(JournalError::Damaged { line: 1 })
}

/// Reads the text of a group, and appends its events to those of the lines before it.
pub fn read_group(text: &[u8], line: usize, entries: &mut Vec<Entry>) -> Result<(), JournalError> {
    let group: Group = serde_json::from_slice(text).map_err(|_| JournalError::Damaged { line })?;
    let mut next = group.sequence;
    if entries.last().is_some_and(|e| e.sequence.next() != next) {
        return Err(JournalError::OutOfOrder { line });
    }
    for event in group.events {
        let sequence = next;
        next = next.next();
        entries.push(Entry { sequence, event });
    }
    Ok(())
}

/// The text of a group's line; none where it doesn't match its checksum.
fn unframe<'a>(line: &'a [u8], open: &OpenLine<'_>) -> Option<Cow<'a, [u8]>> {
    match open(line)? {
        Cow::Borrowed(line) => text(line).map(Cow::Borrowed),
        Cow::Owned(line) => text(&line).map(|text| Cow::Owned(text.to_vec())),
    }
}

fn text(line: &[u8]) -> Option<&[u8]> {
    let (check, rest) = line.strip_prefix(HEAD)?.split_at_checked(CHECK)?;
    let text = rest.strip_prefix(MIDDLE)?.strip_suffix(END)?;
    (checksum(text).as_bytes() == check).then_some(text)
}

/// A journal without the zeros at its end: room made ahead, or blocks that a file system lost.
///
/// A single zero is neither: it is a newline that was changed.
fn without_room(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0);
    let length = end.map_or(0, |last| last + 1);
    if bytes.len() - length == 1 {
        bytes
    } else {
        &bytes[..length]
    }
}

/// Whether a tail is a line that lacks nothing but its newline.
fn is_whole(tail: &[u8], number: usize, open: &OpenLine<'_>) -> bool {
    if number == 1 {
        matches!(JournalHeader::read(tail), Ok(Some(_)))
    } else {
        unframe(tail, open).is_some()
    }
}

/// Whether a tail without a newline is the beginning of a line that was being written.
///
/// A whole line followed by anything else was a line once: its newline was changed.
fn is_torn(tail: &[u8]) -> bool {
    let mut values =
        serde_json::Deserializer::from_slice(tail).into_iter::<serde::de::IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => tail[values.byte_offset()..].is_empty(),
        Some(Err(_)) | None => true,
    }
}

/// Whether a line misses a block: a file system that crashed between the blocks of one write
/// leaves zeros in the place of those it didn't get to. JSON holds no zeros.
fn has_hole(line: &[u8]) -> bool {
    line.windows(2).any(|pair| pair == [0, 0])
}
