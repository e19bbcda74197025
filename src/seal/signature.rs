//! Signatures of saved plans: Ed25519, with keys as `openssl` writes them.
//!
//! The signature is a line of its own behind the plan's line, and covers that line's bytes. It is
//! made before a plan is sealed, so that it says who reviewed the plan and not who stored it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::key::unhex;
use super::pem;
use crate::digest::{Digest, hex};

/// Keeps a signature of a plan from being one of anything else.
const CONTEXT: &[u8] = b"sindri plan signature 1\n";

/// What a signature's line begins with.
const MARK: &[u8] = b"{\"signature\":";

const FORMAT: u32 = 1;

/// What stands before the key in a public key's DER: the algorithm, which has no parameters.
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Why a key or a signature can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a private key we know.
    #[error("it isn't an Ed25519 private key in PEM (PKCS#8)")]
    NotASigningKey,
    /// Not a public key we know.
    #[error("it isn't an Ed25519 public key in PEM")]
    NotAVerifyingKey,
    /// The signature's line can't be read.
    #[error("the signature is damaged or cut off")]
    Damaged,
    /// Written by a newer version.
    #[error("the signature has format {0}, which is newer than this version of sindri knows")]
    Newer(u32),
    /// The signature isn't one of this plan.
    #[error("the plan isn't the one that {0} signed")]
    Changed(VerifyingKey),
}

/// A private key; never printed.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads a private key, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_pem(text: &str) -> Result<Self, SignatureError> {
        let der = pem::block(text, "PRIVATE KEY").ok_or(SignatureError::NotASigningKey)?;
        // The form that openssl writes has no public key to check against.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map(Self)
            .map_err(|_| SignatureError::NotASigningKey)
    }

    /// The public key that belongs to it.
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        VerifyingKey(key)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(signing key)")
    }
}

/// A public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// Reads a public key, as `openssl pkey -pubout` writes it.
    pub fn from_pem(text: &str) -> Result<Self, SignatureError> {
        let der = pem::block(text, "PUBLIC KEY").ok_or(SignatureError::NotAVerifyingKey)?;
        der.strip_prefix(&SPKI)
            .and_then(|key| key.try_into().ok())
            .map(Self)
            .ok_or(SignatureError::NotAVerifyingKey)
    }
}

/// A key by the first 16 digits of the SHA-256 of its DER, as `openssl` would hash it.
impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = Digest::of_bytes(&[SPKI.as_slice(), &self.0].concat());
        write!(f, "ed25519:{}", &digest.as_str()[7..23])
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A signature that matches its plan; whether its signer is trusted is another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is.
    pub signer: VerifyingKey,
}

/// A saved plan and who signed it.
#[derive(Debug)]
pub struct Signed<'a> {
    /// The plan's bytes.
    pub plan: &'a [u8],
    /// Its signature, verified; none where it isn't signed.
    pub signature: Option<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    signature: u32,
    algorithm: Algorithm,
    key: String,
    value: String,
}

/// The algorithm; there is one.
#[derive(Serialize, Deserialize)]
enum Algorithm {
    #[serde(rename = "ed25519")]
    Ed25519,
}

#[derive(Deserialize)]
struct FormatOnly {
    signature: u32,
}

/// Appends a signature to a plan's line.
pub fn sign(plan: &mut Vec<u8>, key: &SigningKey) -> Result<(), serde_json::Error> {
    let signature = key.0.sign(&message(plan));
    let line = Line {
        signature: FORMAT,
        algorithm: Algorithm::Ed25519,
        key: hex(&key.verifying_key().0),
        value: STANDARD.encode(signature),
    };
    serde_json::to_writer(&mut *plan, &line)?;
    plan.push(b'\n');
    Ok(())
}

/// Splits a saved plan from its signature, and verifies the signature with the key it names.
pub fn split_signature(bytes: &[u8]) -> Result<Signed<'_>, SignatureError> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (plan, line) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
    if line.is_empty() {
        return Ok(Signed {
            plan,
            signature: None,
        });
    }
    let signer = verify(plan, line)?;
    Ok(Signed {
        plan,
        signature: Some(Signature { signer }),
    })
}

fn verify(plan: &[u8], line: &[u8]) -> Result<VerifyingKey, SignatureError> {
    if !line.starts_with(MARK) {
        return Err(SignatureError::Damaged);
    }
    let newer = match serde_json::from_slice(line) {
        Ok(FormatOnly { signature }) if signature > FORMAT => Some(signature),
        Ok(_) | Err(_) => None,
    };
    if let Some(format) = newer {
        return Err(SignatureError::Newer(format));
    }
    let read: Line = serde_json::from_slice(line).map_err(|_| SignatureError::Damaged)?;
    let Algorithm::Ed25519 = read.algorithm;
    let mut laid_out = serde_json::to_vec(&read).map_err(|_| SignatureError::Damaged)?;
    laid_out.push(b'\n');
    if read.signature != FORMAT || laid_out != line {
        return Err(SignatureError::Damaged);
    }
    let key = unhex(read.key.as_bytes())
        .and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok())
        .filter(|key| hex(key) == read.key)
        .map(VerifyingKey)
        .ok_or(SignatureError::Damaged)?;
    let value = STANDARD
        .decode(&read.value)
        .map_err(|_| SignatureError::Damaged)?;
    UnparsedPublicKey::new(&ED25519, &key.0)
        .verify(&message(plan), &value)
        .map_err(|_| SignatureError::Changed(key))?;
    Ok(key)
}

fn message(plan: &[u8]) -> Vec<u8> {
    [CONTEXT, plan].concat()
}
