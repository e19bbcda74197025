//! Files within a JSON document: as text where they are text, else as base64.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A file's bytes as they are written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Written {
    Text(String),
    Base64(String),
}

impl Written {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    fn bytes<E: de::Error>(self) -> Result<Arc<[u8]>, E> {
        match self {
            Self::Text(text) => Ok(Arc::from(text.into_bytes())),
            Self::Base64(text) => STANDARD.decode(text).map(Arc::from).map_err(E::custom),
        }
    }
}

/// One file.
pub(super) mod bytes {
    use super::{Arc, Deserialize, Deserializer, Serialize, Serializer, Written};

    pub(in crate::catalog) fn serialize<S: Serializer>(
        bytes: &Arc<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Written::of(bytes).serialize(serializer)
    }

    pub(in crate::catalog) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[u8]>, D::Error> {
        Written::deserialize(deserializer)?.bytes()
    }
}

/// Files by path.
pub(super) mod files {
    use std::collections::BTreeMap;

    use super::{Arc, Deserialize, Deserializer, Serializer, Written};

    type Files = Arc<BTreeMap<String, Arc<[u8]>>>;

    pub(in crate::catalog) fn serialize<S: Serializer>(
        files: &Files,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(files.iter().map(|(path, bytes)| (path, Written::of(bytes))))
    }

    pub(in crate::catalog) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Files, D::Error> {
        let written = BTreeMap::<String, Written>::deserialize(deserializer)?;
        let files = written
            .into_iter()
            .map(|(path, written)| Ok((path, written.bytes()?)))
            .collect::<Result<BTreeMap<_, _>, D::Error>>()?;
        Ok(Arc::new(files))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::shelf::Folder;
    use super::Arc;

    #[test]
    fn a_folder_survives_its_way_through_json() {
        let folder = Folder {
            shown: Arc::from("extensions/tool"),
            manifest: Arc::from(&b"metadata: {}\n"[..]),
            files: Arc::new(BTreeMap::from([
                ("install.sh".to_owned(), Arc::from(&b"true\n"[..])),
                ("blob".to_owned(), Arc::from(&[0xff, 0xfe, 0][..])),
            ])),
        };
        let text = serde_json::to_string(&folder).unwrap();
        assert!(text.contains(r#""install.sh":{"text":"true\n"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Folder>(&text).unwrap(), folder);
    }
}
