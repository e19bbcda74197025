//! One call: where to, with what, and what it may do there.

use std::fmt::Write as _;

use serde_json::Value;

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider::e2b) enum Effect {
    /// Nothing: it only looks.
    Reads,
    /// Something that is the same when done twice.
    Settles,
    /// Something that is there twice when done twice.
    Makes,
}

/// A call, its path and query encoded already; no key is part of it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::provider::e2b) struct Call {
    /// What it does, for people: `list sandboxes`.
    pub(in crate::provider::e2b) title: &'static str,
    /// What it may do.
    pub(in crate::provider::e2b) effect: Effect,
    /// The method.
    pub(in crate::provider::e2b) method: &'static str,
    /// The path, with its query.
    pub(in crate::provider::e2b) path: String,
    /// Headers besides the ones that prove who asks.
    pub(in crate::provider::e2b) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(in crate::provider::e2b) body: Vec<u8>,
}

impl Call {
    /// Whether it has a body, be it an empty one.
    pub(in crate::provider::e2b) fn has_body(&self) -> bool {
        let typed = self.headers.iter().any(|(name, _)| *name == "content-type");
        typed || !self.body.is_empty()
    }

    /// A call without a body.
    pub(super) fn plain(
        title: &'static str,
        effect: Effect,
        method: &'static str,
        path: String,
    ) -> Self {
        Self {
            title,
            effect,
            method,
            path,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The same with a JSON body.
    pub(super) fn json(mut self, body: &Value) -> Self {
        self.headers
            .push(("content-type", "application/json".to_owned()));
        self.body = body.to_string().into_bytes();
        self
    }

    /// The same with another header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Encodes a part of a path or of a query.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text can't fail.
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Joins a path and its query, values encoded.
pub(super) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let joined: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    if joined.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", joined.join("&"))
    }
}
