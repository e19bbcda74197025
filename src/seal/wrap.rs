//! A data key, wrapped under what a person keeps: a passphrase or a key file.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SealError;
use super::cipher;
use super::error::Opener;
use super::key::{KEY, KeyId, Raw, Unlock, UnlockKey, unhex};
use crate::digest::hex;
use crate::sys::Random;

/// How much work it is to try a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// What RFC 9106 recommends where memory is short, 64 MiB and three passes, in one lane: some
    /// tenths of a second.
    pub const DEFAULT: Self = Self {
        memory: 64 << 10,
        passes: 3,
        lanes: 1,
    };

    /// The most that is done for an envelope, so that a planted one can't stop a machine.
    const MAX: Self = Self {
        memory: 256 << 10,
        passes: 12,
        lanes: 4,
    };

    fn is_bearable(self) -> bool {
        self.memory <= Self::MAX.memory
            && self.passes <= Self::MAX.passes
            && self.lanes <= Self::MAX.lanes
    }
}

/// How the wrapping key is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Origin {
    /// By Argon2id from a passphrase.
    Argon2id {
        #[serde(with = "salt")]
        salt: [u8; 16],
        cost: Cost,
    },
    /// By HKDF-SHA-256 from a key file.
    KeyFile {
        #[serde(with = "salt")]
        salt: [u8; 16],
    },
}

/// A data key, wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wrap {
    /// The data key's id.
    pub(super) data: KeyId,
    /// The id of what opens it.
    id: KeyId,
    from: Origin,
    /// The data key, encrypted.
    wrapped: String,
}

impl Wrap {
    /// Wraps a data key.
    pub(super) fn new(
        data: &Raw,
        key: &UnlockKey,
        cost: Cost,
        random: &Random,
    ) -> Result<Self, SealError> {
        let salt = random.bytes::<16>();
        let from = match &key.0 {
            Unlock::Passphrase(_) => Origin::Argon2id { salt, cost },
            Unlock::KeyFile(_) => Origin::KeyFile { salt },
        };
        let root = root(&from, key)?.ok_or(SealError::Changed)?;
        let mut wrap = Self {
            data: data_id(data),
            id: root.id(UNLOCK_ID),
            from,
            wrapped: String::new(),
        };
        let sealed = cipher::encrypt(&wrap.key(&root), &wrap.bound(), data.expose(), random);
        wrap.wrapped = STANDARD.encode(sealed);
        Ok(wrap)
    }

    /// Unwraps the data key with the first of the keys that fits.
    pub(super) fn open(&self, keys: &[&UnlockKey]) -> Result<Raw, SealError> {
        let mut given = Vec::new();
        for key in keys {
            let Some(root) = root(&self.from, key)? else {
                continue;
            };
            let id = root.id(UNLOCK_ID);
            if id == self.id {
                return self.unwrap_with(&root);
            }
            given.push(id);
        }
        Err(match &self.from {
            Origin::Argon2id { .. } if !given.is_empty() => SealError::WrongPassphrase,
            Origin::KeyFile { .. } if !given.is_empty() => SealError::WrongKey {
                wanted: self.id,
                given,
            },
            Origin::Argon2id { .. } => SealError::NoKey {
                wanted: Opener::Passphrase,
                given: instead(keys, "a key file"),
            },
            Origin::KeyFile { .. } => SealError::NoKey {
                wanted: Opener::KeyFile(self.id),
                given: instead(keys, "a passphrase"),
            },
        })
    }

    fn unwrap_with(&self, root: &Raw) -> Result<Raw, SealError> {
        let sealed = STANDARD
            .decode(&self.wrapped)
            .map_err(|_| SealError::Changed)?;
        let data =
            cipher::decrypt(&self.key(root), &self.bound(), sealed).ok_or(SealError::Changed)?;
        Raw::of_slice(&data)
            .filter(|data| data_id(data) == self.data)
            .ok_or(SealError::Changed)
    }

    /// The wrapping key.
    fn key(&self, root: &Raw) -> Raw {
        let salt = match &self.from {
            Origin::Argon2id { salt, .. } | Origin::KeyFile { salt } => salt,
        };
        root.derive(salt, "sindri seal 1 wrap")
    }

    /// What the wrapped key is bound to.
    fn bound(&self) -> Vec<u8> {
        let from = match &self.from {
            Origin::Argon2id { salt, cost } => format!(
                "argon2id {} {} {} {}",
                hex(salt),
                cost.memory,
                cost.passes,
                cost.lanes
            ),
            Origin::KeyFile { salt } => format!("key-file {}", hex(salt)),
        };
        format!("{} {} {from}", self.data, self.id).into_bytes()
    }
}

const UNLOCK_ID: &str = "sindri seal 1 key id";

/// The public name of a data key.
pub(super) fn data_id(data: &Raw) -> KeyId {
    data.id("sindri seal 1 data id")
}

fn instead(keys: &[&UnlockKey], other: &'static str) -> &'static str {
    if keys.is_empty() { "no key" } else { other }
}

/// What everything else is derived from; none where the key is of the other sort.
fn root(from: &Origin, key: &UnlockKey) -> Result<Option<Raw>, SealError> {
    match (from, &key.0) {
        (Origin::Argon2id { salt, cost }, Unlock::Passphrase(passphrase)) => {
            stretch(passphrase, salt, *cost).map(Some)
        }
        (Origin::KeyFile { .. }, Unlock::KeyFile(key)) => Ok(Some(key.clone())),
        (Origin::Argon2id { .. }, Unlock::KeyFile(_))
        | (Origin::KeyFile { .. }, Unlock::Passphrase(_)) => Ok(None),
    }
}

fn stretch(passphrase: &[u8], salt: &[u8], cost: Cost) -> Result<Raw, SealError> {
    if !cost.is_bearable() {
        return Err(SealError::TooCostly);
    }
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(KEY))
        .map_err(|_| SealError::TooCostly)?;
    let mut key = Zeroizing::new([0; KEY]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key.as_mut_slice())
        .map_err(|_| SealError::TooCostly)?;
    Ok(Raw::new(*key))
}

/// Sixteen bytes as hexadecimal digits.
mod salt {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{hex, unhex};

    pub(super) fn serialize<S: Serializer>(
        salt: &[u8; 16],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(salt))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 16], D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(text.as_bytes())
            .and_then(|bytes| bytes.as_slice().try_into().ok())
            .ok_or_else(|| serde::de::Error::custom("not a salt"))
    }
}
