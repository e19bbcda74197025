//! Names, each held to its rule.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::scalar::{loose, wrong};
use super::section::{Definitions, Typed, shorten};
use crate::address::{Name, NameRule};
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Span, Value};

/// Parses a name that stands at a span.
pub(in crate::config) fn parse(
    rule: NameRule,
    text: &str,
    span: Span,
    reading: &mut Reading<'_>,
) -> Option<Name> {
    if let Ok(name) = Name::parse(rule, text) {
        return Some(name);
    }
    let summary = format!("`{}` is not a valid name", shorten(text));
    let help = format!("use {}", rule.describe());
    reading.error(span, code::INVALID_VALUE, summary, help);
    None
}

macro_rules! names {
    ($( $(#[$doc:meta])+ $type:ident: $rule:ident, $pattern:literal; )+) => { $(
        $(#[$doc])+
        #[derive(Clone, Debug)]
        pub(in crate::config) struct $type(pub(in crate::config) Name);

        impl Typed for $type {
            fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
                if matches!(node.value, Value::Scalar { .. }) {
                    let text = loose(node, reading)?;
                    parse(NameRule::$rule, text, node.span, reading).map(Self)
                } else {
                    let help = format!("use {}", NameRule::$rule.describe());
                    wrong(node, "a name", &help, reading);
                    None
                }
            }

            fn schema(_: &mut Definitions) -> Json {
                json!({ "type": "string", "pattern": $pattern, "maxLength": 63 })
            }
        }
    )+ };
}

names! {
    /// A project or machine.
    LabelName: Label, "^[a-z]([a-z0-9-]*[a-z0-9])?$";
    /// A secret.
    SecretName: Secret, "^[A-Z][A-Z0-9_]*$";
    /// An extension or profile.
    ExtensionName: Extension, "^[a-z0-9][a-z0-9-]*$";
}
