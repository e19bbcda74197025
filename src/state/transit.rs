//! The mark of a state that is moved from one store to another.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a state lives, as `state:` of the configuration says it: `store` and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Location(pub BTreeMap<String, String>);

impl Location {
    /// The settings in the order in which people write them: the kind of store first.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let kind = self.0.get_key_value("store");
        let others = self.0.iter().filter(|(name, _)| *name != "store");
        kind.into_iter()
            .chain(others)
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The lines to put into a configuration.
    pub fn lines(&self) -> String {
        self.settings()
            .fold("state:\n".to_owned(), |text, (name, value)| {
                format!("{text}  {name}: {}\n", scalar(value))
            })
    }
}

/// The same on one line, which YAML reads alike.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<String> = self
            .settings()
            .map(|(name, value)| format!("{name}: {}", scalar(value)))
            .collect();
        write!(f, "state: {{{}}}", settings.join(", "))
    }
}

/// A text as YAML has it, in quotes where it could be read as something else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || "/.".contains(c));
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "null"
    );
    if begins && !word && text.chars().all(plain) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// Where a state is on its way between two stores.
///
/// The copy in the new store arrives and doesn't count; once the old store says that the state
/// was moved, by the same migration, it does. So at any moment exactly one of the two counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transit {
    /// It lives elsewhere now.
    Moved {
        /// Where.
        to: Location,
        /// Which migration moved it.
        migration: String,
    },
    /// It counts once the place it came from says so.
    Arriving {
        /// Where it came from.
        from: Location,
        /// Which migration brings it.
        migration: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(settings: &[(&str, &str)]) -> Location {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Location(settings.iter().map(owned).collect())
    }

    #[test]
    fn a_location_reads_as_the_configuration_has_it() {
        let bucket = location(&[
            ("bucket", "acme"),
            ("endpoint", "http://127.0.0.1:9000"),
            ("prefix", ""),
            ("store", "object"),
        ]);
        assert_eq!(
            bucket.lines(),
            "state:\n  store: object\n  bucket: acme\n  endpoint: \"http://127.0.0.1:9000\"\n  \
             prefix: \"\"\n"
        );
        assert_eq!(
            location(&[("store", "local"), ("path", "/srv/my state")]).to_string(),
            "state: {store: local, path: \"/srv/my state\"}"
        );
        assert_eq!(
            location(&[("bucket", "no")]).lines(),
            "state:\n  bucket: \"no\"\n"
        );
    }
}
