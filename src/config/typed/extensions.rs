//! `extensions`: a profile with additions, or a list.

use std::sync::Arc;

use serde_json::Value as Json;

use super::name::ExtensionName;
use super::scalar::At;
use super::section::{Definitions, Typed, section};
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::Node;
use crate::config::{ExtensionRef, Extensions, OnIncompatible};

section! {
    /// What is installed in the machine.
    ExtensionFields in "extensions" {
        /// A profile, which names a set of extensions. Excludes `active`.
        "profile" => profile: Option<At<ExtensionName>> = None;
        /// The extensions, without a profile.
        "active" => active: Option<At<Vec<At<ExtensionName>>>> = None;
        /// Further extensions beside those of the profile.
        "additional" => additional: Option<At<Vec<At<ExtensionName>>>> = None;
        /// Whether apply installs them.
        "autoInstall" | "auto_install" => auto_install: bool = true;
        /// What becomes of extensions that can't be installed in the machine: `error`, or `skip` to
        /// leave them out with what depends on them.
        "onIncompatible" => on_incompatible: OnIncompatible = OnIncompatible::Error;
    }
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
        for At { value, span } in listed.flat_map(|list| list.value) {
            if names.iter().any(|other| other.name == value.0) {
                let summary = format!("the extension `{}` is listed twice", value.0);
                reading.error(span, code::DUPLICATE_NAME, summary, "keep one of them");
            }
            names.push(ExtensionRef {
                name: value.0,
                place: Some(reading.place(span)),
            });
        }
        Some(Self {
            profile: fields.profile.map(|profile| ExtensionRef {
                name: profile.value.0,
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
