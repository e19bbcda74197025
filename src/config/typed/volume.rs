//! `deployment.volumes`: persistent storage by name.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::name;
use super::scalar::{At, too_many, wrong};
use super::section::{Definitions, Typed, section};
use crate::address::{Name, NameRule};
use crate::config::reading::Reading;
use crate::config::tree::{Node, Span, Value};
use crate::resource::Size;

section! {
    /// Persistent storage of a machine; it outlives the machine.
    VolumeFields in "deployment.volumes.<name>" {
        /// Where it is mounted: absolute; on `local` relative to the machine's home. The volume `workspace` has a default, others must say it.
        "path" => path: Option<At<String>> = None;
        /// How much it holds.
        "size" => size: Size = Size::gib(10);
    }
}

/// The volumes as written, in the order of the file.
#[derive(Debug)]
pub(in crate::config) struct Volumes(pub(in crate::config) Vec<(Name, Span, VolumeFields)>);

impl Typed for Volumes {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let help = "write `workspace:` with `path` and `size` below it";
            wrong(node, "a mapping of volume names", help, reading);
            return None;
        };
        too_many(entries.len(), node, reading)?;
        let mut volumes = Vec::new();
        for entry in entries {
            let name = name::parse(NameRule::Volume, &entry.key, entry.span, reading);
            let fields = VolumeFields::decode(&entry.value, reading);
            if let (Some(name), Some(fields)) = (name, fields) {
                volumes.push((name, entry.span, fields));
            }
        }
        Some(Self(volumes))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z][a-z0-9_-]*$", "maxLength": 63 },
            "additionalProperties": VolumeFields::schema(definitions),
        })
    }
}
