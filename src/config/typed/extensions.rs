//! `extensions`: a profile with additions, or a list; an entry may choose among its tools.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::name::ExtensionName;
use super::scalar::At;
use super::section::{Definitions, Typed, section, shorten};
use crate::address::Name;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Value};
use crate::config::{ChosenTool, ExtensionRef, Extensions, OnIncompatible};

section! {
    /// What is installed in the machine.
    ExtensionFields in "extensions" {
        /// A profile, which names a set of extensions. Excludes `active`.
        "profile" => profile: Option<At<ExtensionName>> = None;
        /// The extensions, without a profile; each a name, or a mapping that says more.
        "active" => active: Option<At<Vec<At<Listed>>>> = None;
        /// Further extensions beside those of the profile, or more about one that it names.
        "additional" => additional: Option<At<Vec<At<Listed>>>> = None;
        /// Whether apply installs them.
        "autoInstall" | "auto_install" => auto_install: bool = true;
        /// What becomes of extensions that can't be installed in the machine: `error`, or `skip` to
        /// leave them out with what depends on them.
        "onIncompatible" => on_incompatible: OnIncompatible = OnIncompatible::Error;
    }
}

section! {
    /// An extension, and more about it than its name.
    ListedFields in "extensions.active[]" {
        /// The extension.
        "name" => name: Option<At<ExtensionName>> = None, required;
        /// How it is installed.
        "with" => with: Option<WithFields> = None;
    }
}

section! {
    /// How an extension is installed.
    WithFields in "with" {
        /// The tools of it that are installed, by the names `sindri extension info` shows; all of
        /// them where nothing is said.
        "tools" => tools: Option<At<Vec<At<String>>>> = None;
    }
}

/// An entry of a list of extensions: a name, or a mapping.
#[derive(Debug)]
pub(in crate::config) struct Listed {
    name: At<ExtensionName>,
    tools: Option<At<Vec<At<String>>>>,
}

impl Typed for Listed {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        if matches!(node.value, Value::Map(_)) {
            let fields = ListedFields::decode(node, reading)?;
            return Some(Self {
                name: fields.name?,
                tools: fields.with.and_then(|with| with.tools),
            });
        }
        let name = At::<ExtensionName>::decode(node, reading)?;
        Some(Self { name, tools: None })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "oneOf": [
            ExtensionName::schema(definitions),
            ListedFields::schema(definitions),
        ] })
    }
}

/// The tools chosen, each once; a choice of none is none.
fn chosen(
    tools: At<Vec<At<String>>>,
    name: &Name,
    reading: &mut Reading<'_>,
) -> Option<Vec<ChosenTool>> {
    if tools.value.is_empty() {
        let summary = format!("no tool of `{name}` is chosen");
        let help = "name some of them, or leave `tools` out for all";
        reading.error(tools.span, code::INVALID_VALUE, summary, help);
        return None;
    }
    let mut chosen: Vec<ChosenTool> = Vec::new();
    for At { value, span } in tools.value {
        if chosen.iter().any(|other| other.name == value) {
            let summary = format!("the tool `{}` is listed twice", shorten(&value));
            reading.error(span, code::DUPLICATE_NAME, summary, "keep one of them");
            continue;
        }
        chosen.push(ChosenTool {
            name: value,
            place: Some(reading.place(span)),
        });
    }
    Some(chosen)
}

impl Typed for Extensions {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let fields = ExtensionFields::decode(node, reading)?;
        if let (Some(_), Some(active)) = (&fields.profile, &fields.active) {
            let summary = "`profile` and `active` exclude each other";
            let help = "beside a profile, list further extensions under `additional`";
            reading.error(active.span, code::CONFLICT, summary, help);
        }
        if let (None, Some(additional)) = (&fields.profile, &fields.additional) {
            let summary = "`additional` needs a `profile`";
            let help = "without a profile, list the extensions under `active`";
            reading.error(additional.span, code::CONFLICT, summary, help);
        }
        let listed = fields.active.into_iter().chain(fields.additional);
        let mut names: Vec<ExtensionRef> = Vec::new();
        for At { value: entry, .. } in listed.flat_map(|list| list.value) {
            let At { value, span } = entry.name;
            if names.iter().any(|other| other.name == value.0) {
                let summary = format!("the extension `{}` is listed twice", value.0);
                reading.error(span, code::DUPLICATE_NAME, summary, "keep one of them");
            }
            let tools = entry.tools;
            names.push(ExtensionRef {
                tools: tools.and_then(|tools| chosen(tools, &value.0, reading)),
                name: value.0,
                place: Some(reading.place(span)),
            });
        }
        Some(Self {
            profile: fields.profile.map(|profile| ExtensionRef {
                name: profile.value.0,
                tools: None,
                place: Some(reading.place(profile.span)),
            }),
            names,
            auto_install: fields.auto_install,
            on_incompatible: fields.on_incompatible,
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        ExtensionFields::schema(definitions)
    }
}
