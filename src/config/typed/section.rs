//! Sections: one table for each, from which decoding, the JSON Schema and the reference follow.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Entry, Node, Value};
use crate::diagnostic::did_you_mean;

/// The definitions a schema refers to, by name.
pub(in crate::config) type Definitions = serde_json::Map<String, Json>;

/// What can be read from a node.
pub(in crate::config) trait Typed: Sized {
    /// Reads it; none once what is wrong was reported.
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self>;

    /// Its JSON Schema.
    fn schema(definitions: &mut Definitions) -> Json;

    /// It as a default in the schema; null where there is nothing to show.
    fn to_json(&self) -> Json {
        Json::Null
    }
}

impl<T: Typed> Typed for Option<T> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        T::decode(node, reading).map(Some)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }

    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, Typed::to_json)
    }
}

/// Decoded once for each node, however many machines share it.
impl<T: Typed + 'static> Typed for Arc<T> {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        reading.shared(node, |reading| T::decode(node, reading))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }
}

/// One field of a section.
pub(in crate::config) struct Field {
    pub(in crate::config) key: &'static str,
    /// Other spellings of the key.
    pub(in crate::config) aliases: &'static [&'static str],
    pub(in crate::config) doc: &'static [&'static str],
    pub(in crate::config) required: bool,
    pub(in crate::config) schema: fn(&mut Definitions) -> Json,
    pub(in crate::config) default: fn() -> Json,
}

impl Field {
    fn answers_to(&self, key: &str) -> bool {
        self.key == key || self.aliases.contains(&key)
    }

    /// The field's schema with its description and default.
    pub(in crate::config) fn described(&self, definitions: &mut Definitions) -> Json {
        let mut schema = (self.schema)(definitions);
        // Beside a reference, draft 7 ignores everything else.
        if schema.get("$ref").is_some() {
            schema = json!({ "allOf": [schema] });
        }
        schema["description"] = Json::from(doc(self.doc));
        let default = (self.default)();
        if !default.is_null() {
            schema["default"] = default;
        }
        schema
    }
}

/// A doc comment's lines as one text.
pub(in crate::config) fn doc(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// Checks a mapping's keys against the fields it may have; says whether it is a mapping at all.
pub(in crate::config) fn check(
    node: &Node,
    title: &str,
    fields: &[&[Field]],
    reading: &mut Reading<'_>,
) -> bool {
    check_all(node, &format!("`{title}`"), fields, &[], reading)
}

/// As [`check`], for the file itself: a key that belongs into a section is sent there.
pub(in crate::config) fn check_top(
    node: &Node,
    fields: &[&[Field]],
    below: &[(&str, &[Field])],
    reading: &mut Reading<'_>,
) -> bool {
    check_all(node, "the file", fields, below, reading)
}

fn check_all(
    node: &Node,
    of: &str,
    fields: &[&[Field]],
    below: &[(&str, &[Field])],
    reading: &mut Reading<'_>,
) -> bool {
    match &node.value {
        Value::Null | Value::Map(_) => {}
        Value::Scalar { .. } | Value::List(_) => {
            let summary = format!("{of} must be a mapping, not {}", node.describe());
            let keys = list_keys(fields);
            reading.error(
                node.span,
                code::WRONG_TYPE,
                summary,
                format!("its fields: {keys}"),
            );
            return false;
        }
    }
    let known = || fields.iter().copied().flatten();
    let mut found: Vec<(&Field, &Entry)> = Vec::new();
    for entry in node.entries() {
        match known().find(|field| field.answers_to(&entry.key)) {
            None => unknown(entry, of, fields, below, reading),
            Some(field) => {
                if let Some((_, other)) = found.iter().find(|(other, _)| other.key == field.key) {
                    let summary = format!("`{}` and `{}` are the same field", other.key, entry.key);
                    let help = format!("keep `{}`", field.key);
                    reading.error(entry.span, code::DUPLICATE_KEY, summary, help);
                }
                found.push((field, entry));
            }
        }
    }
    for field in known().filter(|field| field.required) {
        let given = found
            .iter()
            .any(|(other, entry)| other.key == field.key && !entry.value.is_null());
        if !given {
            let summary = format!("{of} has no `{}`", field.key);
            reading.error(node.span, code::MISSING_FIELD, summary, doc(field.doc));
        }
    }
    true
}

fn unknown(
    entry: &Entry,
    of: &str,
    fields: &[&[Field]],
    below: &[(&str, &[Field])],
    reading: &mut Reading<'_>,
) {
    if reading.skips() {
        return;
    }
    let names = fields.iter().copied().flatten();
    let spellings = names.flat_map(|field| std::iter::once(&field.key).chain(field.aliases));
    let owner = below
        .iter()
        .find(|(_, fields)| fields.iter().any(|field| field.answers_to(&entry.key)));
    let near = did_you_mean(&entry.key, spellings.copied());
    let help = match (owner, near) {
        (Some((section, _)), _) => format!("it belongs under `{section}`"),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) if fields.iter().all(|fields| fields.is_empty()) => {
            "it has no fields".to_owned()
        }
        (None, None) => format!("its fields: {}", list_keys(fields)),
    };
    let summary = format!("{of} has no field `{}`", shorten(&entry.key));
    reading.error(entry.span, code::UNKNOWN_FIELD, summary, help);
}

fn list_keys(fields: &[&[Field]]) -> String {
    let keys: Vec<String> = fields
        .iter()
        .copied()
        .flatten()
        .map(|field| format!("`{}`", field.key))
        .collect();
    keys.join(", ")
}

/// A text for a message: at most 60 characters, without control characters.
pub(in crate::config) fn shorten(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = text.chars().take(60).map(clean).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

/// The value of a field, under whichever spelling; none where it is absent or null.
pub(in crate::config) fn field<T: Typed>(
    node: &Node,
    key: &str,
    aliases: &[&str],
    reading: &mut Reading<'_>,
) -> Option<T> {
    node.entries()
        .iter()
        .rev()
        .find(|entry| {
            (&*entry.key == key || aliases.contains(&&*entry.key)) && !entry.value.is_null()
        })
        .and_then(|entry| T::decode(&entry.value, reading))
}

/// The schema of an object with these fields and no others.
pub(in crate::config) fn object(
    description: &str,
    fields: &[&[Field]],
    definitions: &mut Definitions,
) -> Json {
    let mut properties = Definitions::new();
    let mut required = Vec::new();
    for field in fields.iter().copied().flatten() {
        let schema = field.described(definitions);
        for alias in field.aliases {
            let mut other = schema.clone();
            other["description"] = Json::from(format!("Another spelling of `{}`.", field.key));
            properties.insert((*alias).to_owned(), other);
        }
        properties.insert(field.key.to_owned(), schema);
        if field.required {
            required.push(field.key);
        }
    }
    let nullable = if required.is_empty() {
        json!(["object", "null"])
    } else {
        json!("object")
    };
    let mut schema = json!({
        "type": nullable,
        "description": description,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Declares a section: each field reads `/// what it is`, `"key" | "otherSpelling" => name: Type =
/// default;`, with `, required` before the semicolon where the file must have it.
///
/// A type is what [`Typed`] reads; an absent, null or refused value is the default.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident in $title:literal {
            $(
                $(#[doc = $doc:literal])+
                $key:literal $(| $alias:literal)* => $field:ident: $type:ty = $default:expr
                    $(, $required:ident)?;
            )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug)]
        pub(in crate::config) struct $name {
            $( $(#[doc = $doc])+ pub(in crate::config) $field: $type, )*
        }

        impl $name {
            /// Its name in the file.
            pub(in crate::config) const TITLE: &'static str = $title;

            /// Its fields.
            pub(in crate::config) const FIELDS: &'static [$crate::config::typed::section::Field] = &[
                $( $crate::config::typed::section::Field {
                    key: $key,
                    aliases: &[$($alias),*],
                    doc: &[$($doc),+],
                    required: $crate::config::typed::section::section!(@required $($required)?),
                    schema: <$type as $crate::config::typed::section::Typed>::schema,
                    default: || {
                        let default: $type = $default;
                        $crate::config::typed::section::Typed::to_json(&default)
                    },
                }, )*
            ];

            /// Reads the fields of a mapping whose keys were checked.
            pub(in crate::config) fn fields(
                node: &$crate::config::tree::Node,
                reading: &mut $crate::config::reading::Reading<'_>,
            ) -> Self {
                Self {
                    $( $field: $crate::config::typed::section::field(
                        node, $key, &[$($alias),*], reading,
                    ).unwrap_or_else(|| $default), )*
                }
            }
        }

        impl $crate::config::typed::section::Typed for $name {
            fn decode(
                node: &std::sync::Arc<$crate::config::tree::Node>,
                reading: &mut $crate::config::reading::Reading<'_>,
            ) -> Option<Self> {
                $crate::config::typed::section::check(
                    node, Self::TITLE, &[Self::FIELDS], reading,
                ).then(|| Self::fields(node, reading))
            }

            fn schema(
                definitions: &mut $crate::config::typed::section::Definitions,
            ) -> serde_json::Value {
                let name = stringify!($name);
                if !definitions.contains_key(name) {
                    let about = $crate::config::typed::section::doc(&[$($about),+]);
                    let schema = $crate::config::typed::section::object(
                        &about, &[Self::FIELDS], definitions,
                    );
                    definitions.insert(name.to_owned(), schema);
                }
                serde_json::json!({ "$ref": format!("#/definitions/{name}") })
            }
        }
    };
    (@required) => { false };
    (@required required) => { true };
}

pub(in crate::config) use section;
