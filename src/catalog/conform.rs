//! Holds a document against its JSON Schema, to say everything that is wrong in one run.
//!
//! The typed reader stops at its first mistake; this walk doesn't. The schema is generated from the
//! very types the reader fills, so the two can't disagree on what exists.

use serde_json::Value;
use serde_saphyr::Spanned;

use super::finding::Finding;
use super::node::Node;
use crate::address::{Name, NameRule};
use crate::diagnostic::did_you_mean;
use crate::resource::Size;

/// All findings about a document, in its order.
pub(super) fn conform(schema: &Value, root: &Spanned<Node>) -> Vec<Finding> {
    let mut walk = Walk {
        schema,
        findings: Vec::new(),
    };
    walk.node(schema, "", &root.value);
    walk.findings
}

struct Walk<'a> {
    schema: &'a Value,
    findings: Vec<Finding>,
}

impl<'a> Walk<'a> {
    fn node(&mut self, schema: &'a Value, at: &str, node: &Node) {
        if let Some(reference) = schema["$ref"].as_str() {
            let Some(name) = reference.strip_prefix("#/$defs/") else {
                return;
            };
            let whole = self.schema;
            let name = match (name, node) {
                ("Dependency", Node::Map(_)) => "DependencyFields",
                ("Dependency", _) => "Name",
                (name, _) => name,
            };
            if !self.named_type(name, at, node) {
                self.node(&whole["$defs"][name], at, node);
            }
            return;
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            // Only optional fields are written this way: the type, or null.
            if matches!(node, Node::Null) {
                return;
            }
            if let Some(choice) = choices.iter().find(|choice| choice["type"] != "null") {
                self.node(choice, at, node);
            }
            return;
        }
        let words = choices(schema);
        if !words.is_empty() {
            self.word(&words, at, node);
            return;
        }
        if !self.type_fits(schema, at, node) {
            return;
        }
        match node {
            Node::Map(entries) => self.map(schema, at, entries),
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(&schema["items"], &format!("{at}/{index}"), &item.value);
                }
            }
            Node::Number(number) => self.number(schema, at, *number),
            Node::Null | Node::Bool | Node::Text(_) => {}
        }
    }

    fn number(&mut self, schema: &Value, at: &str, number: f64) {
        let low = schema["minimum"].as_f64();
        let high = schema["maximum"].as_f64();
        let whole = kinds(schema).any(|kind| kind == "integer");
        let summary = if whole && number.fract() != 0.0 {
            format!("`{number}` is not a whole number")
        } else if low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high) {
            format!("`{number}` is out of range")
        } else {
            return;
        };
        let finding = Finding::error(at, "catalog::wrong-value", summary);
        self.findings.push(match (low, high) {
            (Some(low), Some(high)) => finding.help(format!("it lies between {low} and {high}")),
            (Some(low), None) => finding.help(format!("it is at least {low}")),
            (None, _) => finding,
        });
    }

    /// Checks a text type whose rule no schema keyword carries; true where it is one.
    fn named_type(&mut self, name: &str, at: &str, node: &Node) -> bool {
        match (name, node) {
            ("Name", Node::Text(text)) => {
                if let Err(error) = Name::parse(NameRule::Extension, text) {
                    let finding = Finding::error(at, "catalog::bad-name", error.to_string());
                    self.findings.push(finding.help(error.help()));
                }
                true
            }
            ("Megabytes", Node::Text(text)) => {
                if let Err(error) = text.parse::<Size>() {
                    self.findings.push(
                        Finding::error(at, "catalog::wrong-value", error.to_string())
                            .help("write a number of MB, or a size such as 2GB"),
                    );
                }
                true
            }
            ("Name", node) => {
                self.wrong_type(at, "a name", node);
                true
            }
            ("Megabytes", Node::Bool | Node::List(_) | Node::Map(_) | Node::Null) => {
                self.wrong_type(at, "a number of MB", node);
                true
            }
            _ => false,
        }
    }

    fn word(&mut self, words: &[&str], at: &str, node: &Node) {
        let Node::Text(text) = node else {
            self.wrong_type(at, "a word", node);
            return;
        };
        if words.contains(&text.as_str()) {
            return;
        }
        let help = match did_you_mean(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of {}", words.join(", ")),
        };
        self.findings.push(
            Finding::error(
                at,
                "catalog::wrong-value",
                format!("`{}` is not known here", text.escape_debug()),
            )
            .help(help),
        );
    }

    fn type_fits(&mut self, schema: &Value, at: &str, node: &Node) -> bool {
        if schema["type"].is_null() {
            return true;
        }
        let has = |name: &str| kinds(schema).any(|kind| kind == name);
        let fits = match node {
            Node::Null => has("null"),
            Node::Bool => has("boolean"),
            // A plain number or date is text to a reader that wants text.
            Node::Number(_) => has("integer") || has("number") || has("string"),
            Node::Text(_) => has("string"),
            Node::List(_) => has("array"),
            Node::Map(_) => has("object"),
        };
        if !fits {
            let wanted = kinds(schema)
                .find(|kind| *kind != "null")
                .map_or("something else", type_word);
            self.wrong_type(at, wanted, node);
        }
        fits
    }

    fn wrong_type(&mut self, at: &str, wanted: &str, node: &Node) {
        let field = at.rsplit('/').find(|part| part.parse::<usize>().is_err());
        let field = field
            .filter(|field| !field.is_empty())
            .unwrap_or("the document");
        self.findings.push(Finding::error(
            at,
            "catalog::wrong-type",
            format!(
                "`{}` wants {wanted}, not {}",
                field.escape_debug(),
                node.describe()
            ),
        ));
    }

    fn map(&mut self, schema: &'a Value, at: &str, entries: &[(Spanned<String>, Spanned<Node>)]) {
        let known = schema["properties"].as_object();
        for (key, value) in entries {
            let key = key.value.as_str();
            let below = format!("{at}/{key}");
            if let Some(field) = known.and_then(|known| known.get(key)) {
                self.node(field, &below, &value.value);
                continue;
            }
            match &schema["additionalProperties"] {
                Value::Bool(false) => {
                    let names: Vec<&str> = known
                        .map(|known| known.keys().map(String::as_str).collect())
                        .unwrap_or_default();
                    self.unknown(at, &below, key, &names);
                }
                Value::Object(_) => {
                    self.node(&schema["additionalProperties"], &below, &value.value);
                }
                Value::Null
                | Value::Bool(true)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => {}
            }
        }
        for field in schema["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap_or_default();
            if !entries.iter().any(|(key, _)| key.value == field) {
                self.missing(at, field);
            }
        }
    }

    fn unknown(&mut self, parent: &str, at: &str, key: &str, known: &[&str]) {
        let within = match parent.rsplit('/').next() {
            Some("") | None => String::new(),
            Some(_) => format!(" in `{}`", dotted(parent)),
        };
        let help = match did_you_mean(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.findings.push(
            Finding::error(
                at,
                "catalog::unknown-field",
                format!("there is no field `{}`{within}", key.escape_debug()),
            )
            .on_key()
            .help(help),
        );
    }

    fn missing(&mut self, at: &str, field: &str) {
        let path = if at.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", dotted(at))
        };
        let finding = if path == "validate" {
            Finding::error(
                at,
                "catalog::no-validation",
                "nothing tells whether the extension works once it is installed",
            )
            .help("add `validate:` with at least one command")
        } else {
            Finding::error(at, "catalog::missing-field", format!("`{path}` is missing"))
        };
        self.findings.push(finding.on_key());
    }
}

/// The types a schema admits.
fn kinds(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["type"].as_str();
    let several = schema["type"].as_array().into_iter().flatten();
    one.into_iter().chain(several.filter_map(Value::as_str))
}

fn dotted(at: &str) -> String {
    at.trim_start_matches('/').replace('/', ".")
}

fn type_word(name: &str) -> &'static str {
    match name {
        "string" => "text",
        "integer" | "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "a map",
    }
}

/// The words an enum admits.
fn choices(schema: &Value) -> Vec<&str> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).collect();
    }
    schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|choice| match choice["const"].as_str() {
            Some(word) => vec![word],
            None => choice["enum"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect(),
        })
        .collect()
}
