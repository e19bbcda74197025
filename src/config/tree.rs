//! A file as a tree of values that know where they stand.

use std::collections::HashMap;
use std::sync::Arc;

/// A range of bytes in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) length: usize,
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
    /// How many values it holds, itself included and aliases expanded.
    pub(super) weight: usize,
    /// How deep it nests; a scalar is 1.
    pub(super) height: usize,
}

/// What a value is; scalars keep their text, so that `1.10` and `no` mean what their field says.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Scalar {
        text: Box<str>,
        /// Whether it stands without quotes.
        plain: bool,
    },
    List(Vec<Arc<Node>>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Arc<str>,
    pub(super) span: Span,
    pub(super) value: Arc<Node>,
}

impl Node {
    /// A scalar or null.
    pub(super) fn leaf(value: Value, span: Span) -> Arc<Self> {
        Arc::new(Self {
            value,
            span,
            weight: 1,
            height: 1,
        })
    }

    /// A list.
    pub(super) fn list(items: Vec<Arc<Self>>, span: Span) -> Arc<Self> {
        let (weight, height) = measure(items.iter());
        Arc::new(Self {
            value: Value::List(items),
            span,
            weight,
            height,
        })
    }

    /// A map.
    pub(super) fn map(entries: Vec<Entry>, span: Span) -> Arc<Self> {
        let (weight, height) = measure(entries.iter().map(|entry| &entry.value));
        Arc::new(Self {
            value: Value::Map(entries),
            span,
            weight,
            height,
        })
    }

    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Scalar { .. } | Value::List(_) => &[],
        }
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Arc<Self>> {
        self.entries()
            .iter()
            .find(|entry| &*entry.key == key)
            .map(|entry| &entry.value)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// What it is, in words.
    pub(super) fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Scalar { plain: false, .. } => "text",
            Value::Scalar { text, .. } if is_bool(text) => "a yes-or-no value",
            Value::Scalar { text, .. } if is_number(text) => "a number",
            Value::Scalar { .. } => "text",
        }
    }
}

fn measure<'a>(children: impl Iterator<Item = &'a Arc<Node>>) -> (usize, usize) {
    let (weight, height) = children.fold((0_usize, 0), |(weight, height), child| {
        (
            weight.saturating_add(child.weight),
            child.height.max(height),
        )
    });
    (weight.saturating_add(1), height + 1)
}

/// Whether a plain scalar is a boolean of YAML's core schema.
pub(super) fn is_bool(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// Whether a plain scalar is a number of YAML's core schema.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        && text.parse::<f64>().is_ok()
}

/// Whether a plain scalar is YAML's null.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// The most entries that merging may make, all machines together.
const MERGED_MAX: usize = 1_000_000;

/// Lays mappings over others, and counts what that makes: a small file could ask for a lot.
#[derive(Debug, Default)]
pub(super) struct Merger {
    made: usize,
}

impl Merger {
    /// Whether more was asked for than any honest file does; what it made since is incomplete.
    pub(super) fn is_exhausted(&self) -> bool {
        self.made > MERGED_MAX
    }

    /// Lays `over` upon `base`: maps merge deep, anything else is replaced, null takes a key away.
    ///
    /// What isn't touched is shared with `base`, so that a fleet decodes it once.
    pub(super) fn merge(&mut self, base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
        let (Value::Map(below), Value::Map(above)) = (&base.value, &over.value) else {
            return Arc::clone(over);
        };
        self.made = self.made.saturating_add(below.len() + above.len());
        if above.is_empty() || self.is_exhausted() {
            return Arc::clone(base);
        }
        let mut rest: HashMap<&str, &Entry> =
            above.iter().map(|entry| (&*entry.key, entry)).collect();
        let mut entries: Vec<Entry> = Vec::with_capacity(below.len() + above.len());
        for entry in below {
            match rest.remove(&*entry.key) {
                None => entries.push(entry.clone()),
                Some(other) if other.value.is_null() => {}
                Some(other) => entries.push(Entry {
                    key: Arc::clone(&other.key),
                    span: other.span,
                    value: self.merge(&entry.value, &other.value),
                }),
            }
        }
        let added = above.iter().filter(|entry| rest.contains_key(&*entry.key));
        entries.extend(added.cloned());
        Node::map(entries, over.span)
    }
}
