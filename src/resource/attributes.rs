//! Attributes: a resource flattened to paths and values, the common ground of every comparison.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Values by path, such as `memory` → `"4GB"` or `docker.restart` → `"always"`.
///
/// A path that isn't there is unset. Providers report what they can read under the same paths as
/// the specification uses; what they can't read they leave out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Attributes(pub BTreeMap<String, Value>);

impl Attributes {
    /// Flattens an object: the members named in `nested` are opened one level, as `outer.inner`.
    pub(super) fn flatten(value: Value, nested: &[&str]) -> Self {
        let Value::Object(members) = value else {
            return Self::default();
        };
        let mut flat = Vec::with_capacity(members.len());
        for (key, value) in members {
            match value {
                Value::Null => {}
                Value::Object(inner) if nested.contains(&key.as_str()) => flat.extend(
                    inner
                        .into_iter()
                        .filter(|(_, value)| !value.is_null())
                        .map(|(name, value)| (format!("{key}.{name}"), value)),
                ),
                value => flat.push((key, value)),
            }
        }
        // A map made of all its pairs at once costs no search for each of them.
        Self(flat.into_iter().collect())
    }

    /// The value at a path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.0.get(path)
    }

    /// Sets the value at a path.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) {
        self.0.insert(path.to_owned(), value.into());
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
