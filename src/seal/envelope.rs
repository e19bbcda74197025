//! The envelope: one line of JSON that says what it holds and how its key is made, with the sealed
//! bytes as base64 at its end.
//!
//! Its layout is fixed to the byte, as the document's is. Everything before the sealed bytes has
//! a checksum, so that damage is told from a wrong key, and is authenticated with them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::SealError;
use super::cipher;
use super::wrap::Wrap;
use crate::digest::Digest;
use crate::state::{Lineage, Serial};

/// The format this version writes.
pub(super) const FORMAT: u32 = 1;

/// What every sealed text begins with.
pub(super) const MARK: &[u8] = b"{\"sealed\":";

const CHECK_KEY: &str = ",\"check\":\"";
const TEXT_KEY: &[u8] = b"\",\"text\":\"";
const END: &[u8] = b"\"}\n";

/// The length of a head's checksum: the first 16 digits of its SHA-256.
const CHECK: usize = 16;

/// The most bytes a head has.
const HEAD_MAX: usize = 4096;

/// What is sealed in an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A state's document.
    Document,
    /// A state's fingerprint key.
    FingerprintKey,
    /// A saved plan.
    Plan,
}

impl Kind {
    pub(super) fn article(self) -> &'static str {
        match self {
            Self::Document => "a state",
            Self::FingerprintKey => "a fingerprint key",
            Self::Plan => "a saved plan",
        }
    }

    /// What the key for this kind is derived for.
    pub(super) fn purpose(self) -> &'static str {
        match self {
            Self::Document => "sindri seal 1 document",
            Self::FingerprintKey => "sindri seal 1 fingerprint key",
            Self::Plan => "sindri seal 1 plan",
        }
    }
}

/// The cipher; there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Cipher {
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    sealed: u32,
    kind: Kind,
    lineage: Lineage,
    serial: Serial,
    cipher: Cipher,
    key: Wrap,
}

#[derive(Deserialize)]
struct FormatOnly {
    sealed: u32,
}

/// An envelope that was read: what it says about itself, not yet proven.
#[derive(Debug)]
pub struct Envelope<'a> {
    head: Head,
    /// The head's very bytes, with its checksum: what the sealed bytes are bound to.
    pub(super) bound: &'a [u8],
    text: &'a [u8],
}

/// Whether bytes are sealed, or the beginning of something sealed.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK) || (bytes.len() > 2 && MARK.starts_with(bytes))
}

impl<'a> Envelope<'a> {
    /// Reads an envelope.
    pub fn read(bytes: &'a [u8]) -> Result<Self, SealError> {
        if !is_sealed(bytes) {
            return Err(if MARK.starts_with(bytes) {
                SealError::Truncated
            } else {
                SealError::Plaintext
            });
        }
        let rest = bytes.strip_suffix(END).ok_or_else(|| why_not(bytes))?;
        let near = &rest[..rest.len().min(HEAD_MAX)];
        let middle = near
            .windows(TEXT_KEY.len())
            .position(|window| window == TEXT_KEY)
            .ok_or_else(|| why_not(bytes))?;
        let bound = &rest[..middle];
        let text = &rest[middle + TEXT_KEY.len()..];
        let head = read_head(bound).ok_or_else(|| why_not(bytes))?;
        Ok(Self { head, bound, text })
    }

    /// Refuses an envelope of another kind or another state.
    pub fn expect(&self, kind: Kind, lineage: Option<&Lineage>) -> Result<(), SealError> {
        if self.head.kind != kind {
            return Err(SealError::OtherKind {
                wanted: kind,
                found: self.head.kind,
            });
        }
        match lineage {
            Some(lineage) if *lineage != self.head.lineage => Err(SealError::OtherLineage {
                wanted: lineage.clone(),
                found: self.head.lineage.clone(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// What it says it holds.
    pub fn kind(&self) -> Kind {
        self.head.kind
    }

    /// The state it says it belongs to.
    pub fn lineage(&self) -> &Lineage {
        &self.head.lineage
    }

    /// The write it says it is of.
    pub fn serial(&self) -> Serial {
        self.head.serial
    }

    pub(super) fn wrap(&self) -> &Wrap {
        &self.head.key
    }

    pub(super) fn sealed(&self) -> Result<Vec<u8>, SealError> {
        STANDARD.decode(self.text).map_err(|_| SealError::Changed)
    }
}

/// Says why bytes that look sealed aren't an envelope of this format.
fn why_not(bytes: &[u8]) -> SealError {
    if let Ok(FormatOnly { sealed }) = serde_json::from_slice(bytes)
        && sealed > FORMAT
    {
        return SealError::Newer(sealed);
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Err(error) if error.is_eof() => SealError::Truncated,
        // Whole, but not as we lay it out.
        Ok(_) | Err(_) => SealError::Changed,
    }
}

fn read_head(bound: &[u8]) -> Option<Head> {
    let text = std::str::from_utf8(bound).ok()?;
    let (before, check) = text.split_at_checked(text.len().checked_sub(CHECK)?)?;
    let fields = before.strip_suffix(CHECK_KEY)?;
    if checksum(before.as_bytes()) != check {
        return None;
    }
    let head: Head = serde_json::from_str(&format!("{fields}}}")).ok()?;
    (head.sealed == FORMAT && write_head(&head).ok()?.as_bytes() == bound).then_some(head)
}

fn write_head(head: &Head) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string(head)?;
    text.pop();
    text.push_str(CHECK_KEY);
    let check = checksum(text.as_bytes());
    text.push_str(&check);
    Ok(text)
}

fn checksum(bytes: &[u8]) -> String {
    Digest::of_bytes(bytes).as_str()[7..7 + CHECK].to_owned()
}

/// Writes an envelope, sealing by what `seal` makes of the bytes that the text is bound to.
pub(super) fn write(
    kind: Kind,
    lineage: &Lineage,
    serial: Serial,
    wrap: &Wrap,
    seal: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<Vec<u8>, serde_json::Error> {
    debug_assert_eq!(cipher::NAME, "aes-256-gcm");
    let head = write_head(&Head {
        sealed: FORMAT,
        kind,
        lineage: lineage.clone(),
        serial,
        cipher: Cipher::Aes256Gcm,
        key: wrap.clone(),
    })?;
    let sealed = seal(head.as_bytes());
    let mut text = String::with_capacity(head.len() + sealed.len() * 4 / 3 + 32);
    text.push_str(&head);
    text.push_str("\",\"text\":\"");
    STANDARD.encode_string(sealed, &mut text);
    text.push_str("\"}\n");
    Ok(text.into_bytes())
}
