//! The identities a state is made of, parsed once.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// Which history a state belongs to: random, set once, never changed.
///
/// Two states with different lineages are never compared; an object that carries ours is ours.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Lineage(
    #[serde(deserialize_with = "shared")]
    #[schemars(with = "String")]
    Arc<str>,
);

impl Lineage {
    /// Makes a lineage of 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(Arc::from(crate::digest::hex(&bytes)))
    }

    /// Reads a lineage: 32 lower-case hexadecimal digits, so that it fits a path and a label.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        fits.then(|| Self(Arc::from(text)))
    }

    /// The lineage as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many writes a state has seen; within one lineage, a higher serial is a later state.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Serial(pub u64);

impl Serial {
    /// The serial after one more write.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identity of one operation, carried by the object it makes, so that recovery can find it.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct OperationId(
    #[serde(deserialize_with = "shared")]
    #[schemars(with = "String")]
    Arc<str>,
);

impl OperationId {
    /// Makes an operation id of 8 random bytes.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(Arc::from(crate::digest::hex(&bytes)))
    }

    /// Takes an operation id as an object carries it.
    pub fn from_label(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The provider's own id of an object.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct ObjectId(
    #[serde(deserialize_with = "shared")]
    #[schemars(with = "String")]
    pub Arc<str>,
);

impl ObjectId {
    /// Takes a provider's id.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a text with one allocation instead of the three of serde's own way.
fn shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    Text::deserialize(deserializer).map(|Text(text)| Arc::from(&*text))
}
