//! Paths in the machine.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::scalar::text;
use super::section::{Definitions, Typed, shorten};
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Span};

/// An absolute path in the machine, without `..`.
#[derive(Clone, Debug)]
pub(in crate::config) struct AbsolutePath(pub(in crate::config) String);

impl Typed for AbsolutePath {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let path = text(node, reading)?;
        if let Some(problem) = path_problem(path) {
            path_error(path, problem, node.span, reading);
            return None;
        }
        if !path.starts_with('/') {
            path_error(path, "is not absolute", node.span, reading);
            return None;
        }
        Some(Self(path.to_owned()))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^/" })
    }

    fn to_json(&self) -> Json {
        json!(self.0)
    }
}

/// What makes a path unfit for any machine.
pub(in crate::config) fn path_problem(path: &str) -> Option<&'static str> {
    if path.split('/').any(|part| part == "..") {
        Some("climbs out with `..`")
    } else if path.trim_matches('/').is_empty() || path == "." {
        Some("is the root itself")
    } else if path.contains(':') {
        Some("holds a colon")
    } else {
        None
    }
}

pub(in crate::config) fn path_error(
    path: &str,
    problem: &str,
    span: Span,
    reading: &mut Reading<'_>,
) {
    let summary = format!("the path `{}` {problem}", shorten(path));
    let help = "write the path as seen in the machine, such as `/workspace`";
    reading.error(span, code::INVALID_VALUE, summary, help);
}
