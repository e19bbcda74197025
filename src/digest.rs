//! Digests and fingerprints: pure functions from bytes to identities.

use std::fmt;
use std::io::{self, BufWriter, Write};

use ring::{digest, hmac};
use serde::{Deserialize, Serialize};

/// A SHA-256 digest, written `sha256:<hex>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Digests bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::of_hash(&digest::digest(&digest::SHA256, bytes))
    }

    /// Digests a value by its canonical JSON: struct fields in declaration order, maps sorted by key.
    pub fn of<T: Serialize>(value: &T) -> Self {
        // What is digested may be megabytes of JSON, which nobody needs at once.
        let mut digesting = BufWriter::new(Digesting(digest::Context::new(&digest::SHA256)));
        let written = serde_json::to_writer(&mut digesting, value).map_err(io::Error::from);
        let digested = written.and_then(|()| Ok(digesting.into_inner()?));
        debug_assert!(digested.is_ok(), "a digested value must be JSON");
        // Every persisted type has text keys, so this never fails.
        digested.map_or_else(
            |_| Self::of_bytes(&[]),
            |digesting| Self::of_hash(&digesting.0.finish()),
        )
    }

    fn of_hash(hash: &digest::Digest) -> Self {
        Self(format!("sha256:{}", hex(hash.as_ref())))
    }

    /// Takes a digest as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (hex.len() == 64 && hex.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// The digest as `sha256:<hex>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, enough for a person to tell two apart.
    pub fn short(&self) -> &str {
        let hex = self.0.strip_prefix("sha256:").unwrap_or(&self.0);
        hex.get(..12).unwrap_or(hex)
    }
}

/// Takes what is written to it into a digest.
struct Digesting(digest::Context);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A keyed fingerprint of a secret: tells that a value changed, never what it is.
///
/// HMAC-SHA-256 under a key that is random per state and lives beside the state document, so that a
/// leaked state can't be searched for a guessed value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Stands for a value that is known before its state has a key: no fingerprint yet, and never
    /// equal to one.
    pub fn pending() -> Self {
        Self("hmac:pending".to_owned())
    }

    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key under which a state fingerprints its secrets; 32 random bytes.
#[derive(Clone)]
pub struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    /// Takes the raw key.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Fingerprints a value for one secret name, so that two secrets with one value differ.
    pub fn fingerprint(&self, name: &str, value: &[u8]) -> Fingerprint {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(name.as_bytes());
        context.update(&[0]);
        context.update(value);
        Fingerprint(format!("hmac:{}", hex(&context.sign().as_ref()[..16])))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(..)")
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_well_known_one() {
        assert_eq!(
            Digest::of_bytes(b"abc").as_str(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::of(&"abc"), Digest::of_bytes(b"\"abc\""));
    }

    #[test]
    fn a_fingerprint_depends_on_key_name_and_value() {
        let (one, two) = (FingerprintKey::new(&[1; 32]), FingerprintKey::new(&[2; 32]));
        let base = one.fingerprint("A", b"v");
        assert_eq!(base, one.fingerprint("A", b"v"));
        assert_ne!(base, one.fingerprint("B", b"v"));
        assert_ne!(base, one.fingerprint("A", b"w"));
        assert_ne!(base, two.fingerprint("A", b"v"));
    }
}
