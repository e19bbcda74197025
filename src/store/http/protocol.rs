//! What goes over the wire, as values; pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::store::LockInfo;

/// The one body that a state is kept as.
///
/// It has the fields by which servers of this protocol tell versions apart, and all the pieces of
/// a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    /// What servers take for the format of a state: the one that Terraform writes today.
    version: u32,
    /// The state's serial.
    pub(super) serial: u64,
    /// The state's lineage.
    pub(super) lineage: String,
    /// What sindri keeps.
    sindri: Pieces,
}

/// The pieces of a state, each in Base64, since they may be sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pieces {
    document: String,
    journal: Vec<String>,
    key: String,
}

/// The pieces of a state.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) document: Vec<u8>,
    pub(super) journal: Vec<Vec<u8>>,
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(..)")
    }
}

impl Content {
    /// Whether both record the same, whatever their keys: a new key waits here for its document.
    pub(super) fn records_as(&self, other: &Self) -> bool {
        (&self.document, &self.journal) == (&other.document, &other.journal)
    }
}

impl Body {
    pub(super) fn new(serial: u64, lineage: &str, content: &Content) -> Self {
        Self {
            version: 4,
            serial,
            lineage: lineage.to_owned(),
            sindri: Pieces {
                document: STANDARD.encode(&content.document),
                journal: content.journal.iter().map(|l| STANDARD.encode(l)).collect(),
                key: STANDARD.encode(content.key.as_slice()),
            },
        }
    }

    /// The pieces; none where they aren't what was written.
    pub(super) fn content(&self) -> Option<Content> {
        let decode = |text: &String| STANDARD.decode(text).ok();
        let pieces = &self.sindri;
        Some(Content {
            document: decode(&pieces.document)?,
            journal: pieces.journal.iter().map(decode).collect::<Option<_>>()?,
            key: Zeroizing::new(decode(&pieces.key)?),
        })
    }
}

/// Who holds a lock, in Terraform's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Holder {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    info: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    created: String,
    #[serde(default)]
    path: String,
}

impl Holder {
    pub(super) fn of(info: &LockInfo) -> Self {
        Self {
            id: info.id.clone(),
            operation: info.operation.clone(),
            info: format!("process {}", info.pid),
            who: format!("{}@{}", info.who, info.host),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: info.since.to_string(),
            path: String::new(),
        }
    }

    /// As people are told it; what is missing is unknown.
    pub(super) fn told(&self) -> LockInfo {
        let or = |text: &str, other: &str| if text.is_empty() { other } else { text }.to_owned();
        let (who, host) = self.who.rsplit_once('@').unwrap_or((&self.who, ""));
        LockInfo {
            id: self.id.clone(),
            who: or(who, "an unknown user"),
            host: or(host, "an unknown host"),
            operation: or(&self.operation, "an unknown command"),
            since: self.created.parse().unwrap_or(Timestamp::UNIX_EPOCH),
            pid: self
                .info
                .strip_prefix("process ")
                .and_then(|number| number.parse().ok())
                .unwrap_or(0),
            expires: None,
        }
    }
}

/// An address with the id of the lock under which it is written.
pub(super) fn with_id(address: &str, id: &str) -> String {
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}ID={id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_told_in_both_tongues() {
        let info = LockInfo {
            id: "4c0e".into(),
            who: "ada".into(),
            host: "wren".into(),
            operation: "apply".into(),
            since: "2026-01-02T03:04:05Z".parse().unwrap(),
            pid: 7,
            expires: None,
        };
        let json = serde_json::to_string(&Holder::of(&info)).unwrap();
        assert!(json.starts_with(
            r#"{"ID":"4c0e","Operation":"apply","Info":"process 7","Who":"ada@wren","Version":"#
        ));
        let holder: Holder = serde_json::from_str(&json).unwrap();
        assert_eq!(holder.told(), info);
        let bare: Holder = serde_json::from_str(r#"{"ID":"x"}"#).unwrap();
        assert_eq!(bare.told().who, "an unknown user");
    }

    #[test]
    fn a_body_round_trips() {
        let content = Content {
            document: b"d\0".to_vec(),
            journal: vec![b"one\n".to_vec()],
            key: Zeroizing::new(vec![1; 32]),
        };
        let body = Body::new(3, "abc", &content);
        let text = serde_json::to_string(&body).unwrap();
        assert!(text.starts_with(r#"{"version":4,"serial":3,"lineage":"abc","sindri":{"#));
        let read: Body = serde_json::from_str(&text).unwrap();
        let read = read.content().unwrap();
        assert_eq!(read.document, content.document);
        assert_eq!(read.journal, content.journal);
        assert_eq!(read.key, content.key);
        assert_eq!(with_id("h/x", "1"), "h/x?ID=1");
        assert_eq!(with_id("h/x?a=b", "1"), "h/x?a=b&ID=1");
    }
}
