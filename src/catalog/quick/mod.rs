//! A quick reader of the plain part of YAML that manifests are written in.
//!
//! A catalog may hold a thousand manifests, and a general YAML parser would spend most of a plan's
//! time on them. This reader knows block maps and lists, lists in brackets, one-line scalars and
//! comments. Anything else, and anything it is unsure of, it leaves to the general parser: it
//! answers nothing rather than something else. A property test holds the two against each other.

mod deserialize;
mod parse;

use serde::Deserialize;

/// Reads a text, if it is plain enough and right; nothing is said of what is wrong.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    T::deserialize(parse::document(text)?).ok()
}

/// A document in the plain part of YAML.
enum Tree<'a> {
    /// A scalar without quotes.
    Plain(&'a str),
    /// A scalar in quotes, without them.
    Quoted(&'a str),
    /// A list.
    List(Vec<Self>),
    /// A map, its keys in order and without doubles.
    Map(Vec<(&'a str, Self)>),
}
