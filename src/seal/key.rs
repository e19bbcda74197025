//! Keys in memory: never printed, wiped when dropped.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::hkdf;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::SealError;
use crate::digest::hex;

/// How many bytes a key has.
pub(super) const KEY: usize = 32;

/// A key's raw bytes: wiped when dropped, never printed.
#[derive(Clone)]
pub(super) struct Raw(Zeroizing<[u8; KEY]>);

impl Raw {
    pub(super) fn new(bytes: [u8; KEY]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn of_slice(bytes: &[u8]) -> Option<Self> {
        let mut raw = Zeroizing::new([0; KEY]);
        if bytes.len() != KEY {
            return None;
        }
        raw.copy_from_slice(bytes);
        Some(Self(raw))
    }

    pub(super) fn expose(&self) -> &[u8; KEY] {
        &self.0
    }

    /// Derives a key for one purpose.
    pub(super) fn derive(&self, salt: &[u8], purpose: &str) -> Self {
        let mut key = Zeroizing::new([0; KEY]);
        expand(&self.0, salt, purpose, key.as_mut_slice());
        Self(key)
    }

    /// The public name of this key; says nothing about it.
    pub(super) fn id(&self, purpose: &str) -> KeyId {
        let mut id = [0; 8];
        expand(&self.0, &[], purpose, &mut id);
        KeyId(id)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(key)")
    }
}

/// HKDF-SHA-256 into as many bytes as there is room for, at most 32.
fn expand(key: &[u8; KEY], salt: &[u8], purpose: &str, out: &mut [u8]) {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key);
    let filled = extracted
        .expand(&[purpose.as_bytes()], Length(out.len()))
        .and_then(|expanded| expanded.fill(out));
    #[expect(
        clippy::expect_used,
        reason = "HKDF-SHA-256 gives up to 8160 bytes, and 32 are asked for at most"
    )]
    filled.expect("an expansion this short");
}

/// The public name of a key: tells keys apart, and tells nothing about them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// Reads 16 lower-case hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let id = Self(unhex(text.as_bytes())?.as_slice().try_into().ok()?);
        (id.to_string() == text).then_some(id)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id that bytes begin with, and the rest.
    pub(super) fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (id, rest) = bytes.split_first_chunk()?;
        Some((Self(*id), rest))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a key id"))
    }
}

/// What a person brings to open a seal: a passphrase, or the content of a key file.
#[derive(Clone)]
pub struct UnlockKey(pub(super) Unlock);

/// The two sorts of keys.
#[derive(Clone)]
pub(super) enum Unlock {
    Passphrase(Zeroizing<Vec<u8>>),
    KeyFile(Raw),
}

impl UnlockKey {
    /// A passphrase.
    pub fn passphrase(text: &str) -> Self {
        Self(Unlock::Passphrase(Zeroizing::new(text.as_bytes().to_vec())))
    }

    /// The content of a key file: 32 random bytes, raw, in hexadecimal or in base64.
    pub fn key_file(content: &[u8]) -> Result<Self, SealError> {
        if let Some(raw) = Raw::of_slice(content) {
            return Ok(Self(Unlock::KeyFile(raw)));
        }
        let text = content.trim_ascii();
        let decoded = match text.len() {
            64 => unhex(text),
            44 => decode(&STANDARD, text),
            43 => decode(&STANDARD_NO_PAD, text),
            _ => None,
        };
        decoded
            .and_then(|bytes| Raw::of_slice(&bytes))
            .map(|raw| Self(Unlock::KeyFile(raw)))
            .ok_or(SealError::NotAKey(KEY))
    }
}

fn decode(engine: &base64::engine::GeneralPurpose, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    engine.decode(text).ok().map(Zeroizing::new)
}

impl fmt::Debug for UnlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Unlock::Passphrase(_) => "(passphrase)",
            Unlock::KeyFile(_) => "(key file)",
        })
    }
}

/// Reads hexadecimal digits.
pub(super) fn unhex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
    }
    Some(bytes)
}
