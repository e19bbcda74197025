//! An extension that another one needs, as written: its name, or a mapping that says more.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::scalar::NameText;

/// An extension that another one needs.
#[derive(Clone, Debug)]
pub(in crate::catalog) struct DependencyText {
    /// Its name.
    pub(in crate::catalog) name: NameText,
    /// The tools of it that are needed; none: its core.
    pub(in crate::catalog) tools: Option<Vec<String>>,
}

/// The mapping.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct DependencyFields {
    /// The extension.
    name: NameText,
    /// The tools of it that are needed; its core where not said.
    tools: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for DependencyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = DependencyText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a mapping of `name` and `tools`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DependencyText, E> {
                let text: StrDeserializer<'_, E> = text.into_deserializer();
                let name = NameText::deserialize(text)?;
                Ok(DependencyText { name, tools: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DependencyText, A::Error> {
                let fields = DependencyFields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(DependencyText {
                    name: fields.name,
                    tools: fields.tools,
                })
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

impl schemars::JsonSchema for DependencyText {
    fn schema_name() -> Cow<'static, str> {
        "Dependency".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<NameText>();
        let fields = generator.subschema_for::<DependencyFields>();
        schemars::json_schema!({
            "description": "An extension that is needed: its name, or a mapping that names its tools.",
            "oneOf": [name, fields]
        })
    }
}
