//! A sealed line of a journal: cheap, since its state's data key is unwrapped already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::SealError;
use super::cipher;
use super::envelope::{FORMAT, MARK};
use super::key::{KeyId, Raw};
use crate::state::{Lineage, Serial};
use crate::sys::Random;

const PURPOSE: &str = "sindri seal 1 journal";
const END: &[u8] = b"\"}";

#[derive(Deserialize)]
struct Line<'a> {
    sealed: u32,
    #[serde(default)]
    key: Option<KeyId>,
    #[serde(default)]
    sequence: Option<Serial>,
    #[serde(default, borrow)]
    text: Option<&'a str>,
}

/// Whether a line of a journal is sealed.
pub fn is_sealed_line(line: &[u8]) -> bool {
    line.starts_with(MARK)
}

/// Appends a sealed line, with its newline.
pub(super) fn seal(
    data: &Raw,
    id: KeyId,
    lineage: &Lineage,
    sequence: Serial,
    line: &[u8],
    random: &Random,
    out: &mut Vec<u8>,
) {
    let head = head(id, sequence);
    let key = data.derive(&[], PURPOSE);
    let sealed = cipher::encrypt(&key, &bound(&head, lineage), line, random);
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(STANDARD.encode(sealed).as_bytes());
    out.extend_from_slice(END);
    out.push(b'\n');
}

/// Opens a line, given without its newline; gives its number and what it holds.
pub(super) fn open(
    data: &Raw,
    id: KeyId,
    lineage: &Lineage,
    line: &[u8],
) -> Result<(Serial, Vec<u8>), SealError> {
    if !is_sealed_line(line) {
        return Err(SealError::Plaintext);
    }
    let read: Line<'_> = serde_json::from_slice(line).map_err(|_| SealError::Truncated)?;
    if read.sealed > FORMAT {
        return Err(SealError::Newer(read.sealed));
    }
    let (Some(found), Some(sequence), Some(text)) = (read.key, read.sequence, read.text) else {
        return Err(SealError::Changed);
    };
    if found != id {
        return Err(SealError::OtherDataKey { wanted: id, found });
    }
    let head = head(id, sequence);
    let laid_out = line
        .strip_prefix(head.as_bytes())
        .and_then(|rest| rest.strip_suffix(END));
    if laid_out != Some(text.as_bytes()) {
        return Err(SealError::Changed);
    }
    let sealed = STANDARD.decode(text).map_err(|_| SealError::Changed)?;
    let key = data.derive(&[], PURPOSE);
    let mut opened =
        cipher::decrypt(&key, &bound(&head, lineage), sealed).ok_or(SealError::Changed)?;
    Ok((sequence, std::mem::take(&mut *opened)))
}

fn head(id: KeyId, sequence: Serial) -> String {
    format!("{{\"sealed\":{FORMAT},\"key\":\"{id}\",\"sequence\":{sequence},\"text\":\"")
}

fn bound(head: &str, lineage: &Lineage) -> Vec<u8> {
    format!("journal {lineage} {head}").into_bytes()
}
