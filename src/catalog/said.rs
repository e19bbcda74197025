//! Names as a saved plan says them.

use serde::{Deserialize, Deserializer, de};

use crate::address::{Name, NameRule};

/// An extension's name.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    let text = String::deserialize(deserializer)?;
    Name::parse(NameRule::Extension, &text).map_err(de::Error::custom)
}

/// Names of extensions or machines.
pub(super) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Name>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read = |text: &String| Name::parse(NameRule::Extension, text);
    let names: Result<Vec<Name>, _> = texts.iter().map(read).collect();
    names.map_err(de::Error::custom)
}
