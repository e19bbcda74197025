//! Scalars that a manifest writes in more than one way.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::de::{self, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::address::{Name, NameRule};
use crate::resource::Size;

/// The name of an extension or profile.
#[derive(Clone, Debug, Serialize)]
pub(in crate::catalog) struct NameText(pub(in crate::catalog) Name);

impl<'de> Deserialize<'de> for NameText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl Visitor<'_> for Reading {
            type Value = NameText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NameText, E> {
                Name::parse(NameRule::Extension, text)
                    .map(NameText)
                    .map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Reading)
    }
}

impl schemars::JsonSchema for NameText {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9-]{0,62}$",
            "description": "The name of an extension: lower-case letters, digits and dashes."
        })
    }
}

/// A size: a number means MB as in v3, a text carries its unit.
#[derive(Clone, Copy, Debug)]
pub(in crate::catalog) struct Megabytes(pub(in crate::catalog) Option<Size>);

impl<'de> Deserialize<'de> for Megabytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl Visitor<'_> for Reading {
            type Value = Megabytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of MB or a size such as 2GB")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Megabytes, E> {
                if count == 0 {
                    return Ok(Megabytes(None));
                }
                if count > u64::from(u32::MAX) {
                    return Err(E::custom("larger than any machine"));
                }
                Ok(Megabytes(Some(Size::mib(count))))
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Megabytes, E> {
                u64::try_from(count)
                    .map_err(|_| E::custom("a size is not negative"))
                    .and_then(|count| self.visit_u64(count))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Megabytes, E> {
                text.parse()
                    .map(|size| Megabytes(Some(size)))
                    .map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

impl schemars::JsonSchema for Megabytes {
    fn schema_name() -> Cow<'static, str> {
        "Megabytes".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "maximum": u32::MAX,
            "pattern": "^[0-9]*[1-9][0-9]*(MB|GB|MiB|GiB)$",
            "description": "A number of MB, or a size with its unit such as 2GB."
        })
    }
}

/// A time in whole seconds.
#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub(in crate::catalog) struct Seconds(#[schemars(range(min = 0, max = 86_400))] u32);

impl Seconds {
    /// The time; a day at most.
    pub(in crate::catalog) fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0.min(86_400)))
    }

    /// Whether it is nothing or more than a day.
    pub(in crate::catalog) fn is_out_of_range(self) -> bool {
        self.0 == 0 || self.0 > 86_400
    }
}

/// Anything: a part of v3's manifest that nothing here reads.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Loose;

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl schemars::JsonSchema for Loose {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Loose".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!(true)
    }
}
