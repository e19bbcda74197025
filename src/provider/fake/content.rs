//! A file's bytes in a world that people write and read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const PREFIX: &str = "base64:";

/// Bytes; in JSON their text, or `base64:…` where they have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content(pub Vec<u8>);

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.starts_with(PREFIX) => serializer.serialize_str(text),
            Ok(_) | Err(_) => {
                serializer.serialize_str(&format!("{PREFIX}{}", STANDARD.encode(&self.0)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD
                .decode(encoded)
                .map(Self)
                .map_err(serde::de::Error::custom),
            None => Ok(Self(text.into_bytes())),
        }
    }
}
