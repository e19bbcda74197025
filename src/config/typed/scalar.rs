//! Single values: texts, numbers, sizes, paths, and where they stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::section::{Definitions, Typed, shorten};
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Span, Value, is_bool, is_number};
use crate::resource::{Size, SizeError};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(in crate::config) struct At<T> {
    pub(in crate::config) value: T,
    pub(in crate::config) span: Span,
}

impl<T: Typed> Typed for At<T> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let span = node.span;
        T::decode(node, reading).map(|value| Self { value, span })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }

    fn to_json(&self) -> Json {
        self.value.to_json()
    }
}

impl<T: Typed> Typed for Vec<T> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            wrong(
                node,
                "a list",
                "write one item a line, each after `- `",
                reading,
            );
            return None;
        };
        too_many(items.len(), node, reading)?;
        // An item that isn't right was reported; the others are still looked at together.
        Some(
            items
                .iter()
                .filter_map(|item| T::decode(item, reading))
                .collect(),
        )
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": "array", "items": T::schema(definitions) })
    }
}

/// The most items of a list or a mapping by name.
const ITEMS_MAX: usize = 1_000;

/// Refuses a collection that no honest file holds.
pub(in crate::config) fn too_many(
    count: usize,
    node: &Node,
    reading: &mut Reading<'_>,
) -> Option<()> {
    if count <= ITEMS_MAX {
        return Some(());
    }
    let summary = format!("{count} items are more than the {ITEMS_MAX} this field takes");
    reading.error(node.span, code::TOO_LARGE, summary, "shorten it");
    None
}

/// Reports a value of another type than asked for.
pub(in crate::config) fn wrong(node: &Node, wanted: &str, help: &str, reading: &mut Reading<'_>) {
    let summary = match &node.value {
        Value::Scalar { text, .. } => {
            format!(
                "expected {wanted}, found {} `{}`",
                node.describe(),
                shorten(text)
            )
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            format!("expected {wanted}, found {}", node.describe())
        }
    };
    reading.error(node.span, code::WRONG_TYPE, summary, help);
}

/// A text: not empty, without control characters; numbers and booleans must be quoted.
pub(in crate::config) fn text<'n>(node: &'n Node, reading: &mut Reading<'_>) -> Option<&'n str> {
    match &node.value {
        Value::Scalar { text, plain } => {
            if *plain && (is_bool(text) || is_number(text)) {
                wrong(
                    node,
                    "text",
                    &format!("quote it: `\"{}\"`", shorten(text)),
                    reading,
                );
                return None;
            }
            checked(text, node, reading)
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            wrong(node, "text", "write it on the same line", reading);
            None
        }
    }
}

fn checked<'n>(text: &'n str, node: &Node, reading: &mut Reading<'_>) -> Option<&'n str> {
    let problem = if text.trim().is_empty() {
        "is empty"
    } else if text.chars().any(char::is_control) {
        "holds control characters or several lines"
    } else if text.len() > 4096 {
        "is longer than 4096 bytes"
    } else {
        return Some(text);
    };
    let help = "leave the field out, or write one line of text";
    reading.error(
        node.span,
        code::INVALID_VALUE,
        format!("the text {problem}"),
        help,
    );
    None
}

/// The text of any scalar, whatever else it could be.
pub(in crate::config) fn loose<'n>(node: &'n Node, reading: &mut Reading<'_>) -> Option<&'n str> {
    match &node.value {
        Value::Scalar { text, .. } => checked(text, node, reading),
        Value::Null | Value::List(_) | Value::Map(_) => {
            wrong(node, "text", "write it on the same line", reading);
            None
        }
    }
}

impl Typed for String {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        text(node, reading).map(str::to_owned)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "minLength": 1 })
    }

    fn to_json(&self) -> Json {
        json!(self)
    }
}

/// A text that may also look like a number or a boolean.
#[derive(Clone, Debug)]
pub(in crate::config) struct Loose(pub(in crate::config) String);

impl Typed for Loose {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        loose(node, reading).map(|text| Self(text.to_owned()))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": ["string", "number", "boolean"] })
    }

    fn to_json(&self) -> Json {
        json!(self.0)
    }
}

impl Typed for bool {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        if let Value::Scalar { text, plain: true } = &node.value
            && is_bool(text)
        {
            return Some(text.eq_ignore_ascii_case("true"));
        }
        let text = match &node.value {
            Value::Scalar { text, .. } => text.to_lowercase(),
            Value::Null | Value::List(_) | Value::Map(_) => String::new(),
        };
        let help = match text.as_str() {
            "true" | "yes" | "on" | "y" | "1" => "write `true`",
            "false" | "no" | "off" | "n" | "0" => "write `false`",
            _ => "write `true` or `false`",
        };
        wrong(node, "`true` or `false`", help, reading);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "boolean" })
    }

    fn to_json(&self) -> Json {
        json!(self)
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Whole<const MIN: u32, const MAX: u32>(pub(in crate::config) u32);

impl<const MIN: u32, const MAX: u32> Typed for Whole<MIN, MAX> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let Value::Scalar { text, plain } = &node.value else {
            wrong(node, "a whole number", "write it on the same line", reading);
            return None;
        };
        if !*plain && is_number(text) {
            wrong(node, "a whole number", "take the quotes away", reading);
            return None;
        }
        if !is_number(text) || text.contains(['.', 'e', 'E']) {
            let help = format!("use a whole number from {MIN} to {MAX}");
            wrong(node, "a whole number", &help, reading);
            return None;
        }
        match text.parse::<u32>() {
            Ok(number) if (MIN..=MAX).contains(&number) => Some(Self(number)),
            _ => {
                let summary = format!("`{}` is out of range", shorten(text));
                let help = format!("use a whole number from {MIN} to {MAX}");
                reading.error(node.span, code::INVALID_VALUE, summary, help);
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }

    fn to_json(&self) -> Json {
        json!(self.0)
    }
}

/// A port.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Port<const MIN: u32>(pub(in crate::config) u16);

impl<const MIN: u32> Typed for Port<MIN> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let whole = Whole::<MIN, 65535>::decode(node, reading)?;
        u16::try_from(whole.0).ok().map(Self)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        Whole::<MIN, 65535>::schema(definitions)
    }

    fn to_json(&self) -> Json {
        json!(self.0)
    }
}

/// An amount of money that isn't negative.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Price(pub(in crate::config) f64);

impl Typed for Price {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        if let Value::Scalar { text, plain: true } = &node.value
            && let Ok(number) = text.parse::<f64>()
            && number.is_finite()
            && number >= 0.0
        {
            return Some(Self(number));
        }
        wrong(node, "a price", "write a number such as `0.25`", reading);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "number", "minimum": 0 })
    }
}

impl Typed for Size {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let text = loose(node, reading)?;
        let error = match text.parse() {
            Ok(size) => return Some(size),
            Err(error) => error,
        };
        let help = match &error {
            SizeError::NoUnit(number) => {
                format!("add a unit: `{0}GB` or `{0}MB`", shorten(number))
            }
            SizeError::Malformed(_) | SizeError::Zero(_) | SizeError::TooLarge(_) => {
                "write a whole number and a unit without a space, such as `4GB` or `512MB`"
                    .to_owned()
            }
        };
        let summary = shorten_quoted(&error.to_string());
        reading.error(node.span, code::INVALID_VALUE, summary, help);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^[0-9]+(MB|GB|MiB|GiB)$", "examples": ["512MB", "4GB"] })
    }

    fn to_json(&self) -> Json {
        json!(self)
    }
}

fn shorten_quoted(text: &str) -> String {
    if text.len() <= 120 {
        text.chars().filter(|c| !c.is_control()).collect()
    } else {
        "the text is not a size".to_owned()
    }
}

/// A disk in GB, as a bare number (v3's way) or with a unit.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Gigabytes(pub(in crate::config) Size);

impl Typed for Gigabytes {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        match &node.value {
            Value::Scalar { text, plain: true } if is_number(text) => {
                let whole = Whole::<1, 65536>::decode(node, reading)?;
                Some(Self(Size::gib(u64::from(whole.0))))
            }
            Value::Scalar { .. } | Value::Null | Value::List(_) | Value::Map(_) => {
                Size::decode(node, reading).map(Self)
            }
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "oneOf": [
            { "type": "integer", "minimum": 1, "maximum": 65536 },
            Size::schema(definitions),
        ] })
    }

    fn to_json(&self) -> Json {
        json!(self.0)
    }
}

/// Labels: a mapping of words to texts.
impl Typed for BTreeMap<String, String> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong(
                node,
                "a mapping of names to texts",
                "write `name: text` lines",
                reading,
            );
            return None;
        };
        too_many(entries.len(), node, reading)?;
        let mut labels = Self::new();
        for entry in entries {
            if let Some(text) = loose(&entry.value, reading) {
                labels.insert(entry.key.to_string(), text.to_owned());
            }
        }
        Some(labels)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
    }
}
