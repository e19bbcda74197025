//! A sealed line of a journal: cheap, since its state's data key is unwrapped already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

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
    sequence: Option<Serial>,
    #[serde(default, borrow)]
    text: Option<&'a str>,
}

/// Whether a line of a journal is sealed.
pub fn is_sealed_line(line: &[u8]) -> bool {
    line.starts_with(MARK)
}

/// Seals one group: the data key's id, then what the cipher makes of it.
pub(super) fn seal_group(
    data: &Raw,
    id: KeyId,
    lineage: &Lineage,
    first: Serial,
    group: &[u8],
    random: &Random,
) -> Vec<u8> {
    let key = data.derive(&[], PURPOSE);
    let mut sealed = id.bytes().to_vec();
    sealed.extend(cipher::encrypt(
        &key,
        &bound(id, lineage, first),
        group,
        random,
    ));
    sealed
}

/// Opens one group.
pub(super) fn open_group(
    data: &Raw,
    id: KeyId,
    lineage: &Lineage,
    first: Serial,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (found, rest) = KeyId::split(sealed).ok_or(SealError::Truncated)?;
    if found != id {
        return Err(SealError::OtherDataKey { wanted: id, found });
    }
    let key = data.derive(&[], PURPOSE);
    cipher::decrypt(&key, &bound(id, lineage, first), rest.to_vec()).ok_or(SealError::Changed)
}

/// A sealed group as a line, with its newline.
pub(super) fn write(first: Serial, sealed: &[u8]) -> Vec<u8> {
    let mut line = head(first).into_bytes();
    line.extend_from_slice(STANDARD.encode(sealed).as_bytes());
    line.extend_from_slice(END);
    line.push(b'\n');
    line
}

/// Reads a line, given without its newline: its number and the sealed group.
pub(super) fn read(line: &[u8]) -> Result<(Serial, Vec<u8>), SealError> {
    if !is_sealed_line(line) {
        return Err(SealError::Plaintext);
    }
    let read: Line<'_> = serde_json::from_slice(line).map_err(|_| SealError::Truncated)?;
    if read.sealed > FORMAT {
        return Err(SealError::Newer(read.sealed));
    }
    let (Some(first), Some(text)) = (read.sequence, read.text) else {
        return Err(SealError::Changed);
    };
    let laid_out = line
        .strip_prefix(head(first).as_bytes())
        .and_then(|rest| rest.strip_suffix(END));
    if laid_out != Some(text.as_bytes()) {
        return Err(SealError::Changed);
    }
    let sealed = STANDARD.decode(text).map_err(|_| SealError::Changed)?;
    Ok((first, sealed))
}

fn head(first: Serial) -> String {
    format!("{{\"sealed\":{FORMAT},\"sequence\":{first},\"text\":\"")
}

fn bound(id: KeyId, lineage: &Lineage, first: Serial) -> Vec<u8> {
    format!("journal {lineage} {first} {id}").into_bytes()
}
