//! A YAML document as a tree with spans: read only once something is wrong.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use crate::diagnostic::{Place, Source};

/// One node of a document.
#[derive(Debug)]
pub(super) enum Node {
    Null,
    Bool,
    Number(f64),
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl Node {
    /// What it is, in the words of a diagnostic.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML node")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bool)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Node, E> {
        self.visit_i128(number.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Node, E> {
        self.visit_i128(number.into())
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "only held against bounds far below"
    )]
    fn visit_i128<E>(self, number: i128) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "only held against bounds far below"
    )]
    fn visit_u128<E>(self, number: u128) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}

/// The place of the node a pointer names, or of its nearest parent that exists.
pub(super) fn locate(source: &Source, root: &Spanned<Node>, at: &str, on_key: bool) -> Place {
    let mut node = root;
    let mut key: Option<&Spanned<String>> = None;
    let mut found = true;
    for part in at.split('/').filter(|part| !part.is_empty()) {
        let next = match &node.value {
            Node::Map(entries) => entries
                .iter()
                .find(|(key, _)| key.value == part)
                .map(|(key, value)| (Some(key), value)),
            Node::List(items) => part
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index))
                .map(|value| (None, value)),
            Node::Null | Node::Bool | Node::Number(_) | Node::Text(_) => None,
        };
        let Some((next_key, value)) = next else {
            found = false;
            break;
        };
        node = value;
        key = next_key;
    }
    let scalar = !matches!(node.value, Node::List(_) | Node::Map(_) | Node::Null);
    match key {
        Some(key) if on_key || !found || !scalar => place_of(source, key),
        Some(_) | None => place_of(source, node),
    }
}

/// The place of a node: the span where it is used, whole for a scalar.
pub(super) fn place_of<T>(source: &Source, spanned: &Spanned<T>) -> Place {
    place_at(source, spanned.referenced)
}

/// The place of a location the parser gave.
pub(super) fn place_at(source: &Source, location: serde_saphyr::Location) -> Place {
    let span = location.span();
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let offset = span.byte_offset().map_or_else(
        || {
            offset_of(
                &source.text,
                number(location.line()),
                number(location.column()),
            )
        },
        number,
    );
    source.place(offset, span.byte_len().map_or(1, number))
}

fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or_default();
    start
        + rest
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum::<usize>()
}
