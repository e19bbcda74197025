//! The on-disk formats as JSON Schemas, made from the types that are written.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{document, journal};

/// A type's schema, and the definitions it refers to.
fn definitions<T: schemars::JsonSchema>() -> (Value, Value) {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>();
    let definitions = schema.remove("$defs").unwrap_or_default();
    schema.remove("$schema");
    schema.remove("title");
    (schema.to_value(), definitions)
}

/// The schema of the document.
pub fn document_schema() -> Value {
    let (state, definitions) = definitions::<document::Body>();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The state document of sindri, formats 1 to 3",
        "description": "`.sindri/state.json`: the version and the checksum of `state`'s bytes on the first line, the state on the second.",
        "type": "object",
        "properties": {
            "version": { "enum": [1, 2, 3] },
            "check": { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" },
            "state": state,
        },
        "required": ["version", "check", "state"],
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// The schema of one line of the journal.
pub fn journal_schema() -> Value {
    let (group, mut shared) = definitions::<journal::Group>();
    // Only the header names the lineage.
    shared["Lineage"] = definitions::<document::Body>().1["Lineage"].clone();
    let check = json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of the journal of sindri, format 2",
        "description": "`.sindri/journal.jsonl`: the header on the first line, one durable write on each later one.",
        "oneOf": [
            {
                "type": "object",
                "properties": {
                    "journal": { "enum": [1, 2] },
                    "lineage": { "$ref": "#/$defs/Lineage" },
                    "after": { "$ref": "#/$defs/Serial" },
                    "check": check,
                },
                "required": ["journal", "lineage", "after", "check"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "properties": { "check": check, "entry": group },
                "required": ["check", "entry"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "properties": {
                    "sealed": { "const": 1 },
                    "sequence": { "$ref": "#/$defs/Serial" },
                    "text": { "type": "string", "contentEncoding": "base64" },
                },
                "required": ["sealed", "sequence", "text"],
                "additionalProperties": false,
            },
        ],
        "$defs": shared,
    })
}
