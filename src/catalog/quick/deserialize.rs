//! From a tree to typed values.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Tree;

/// The quick reader gives up; the general parser says why.
#[derive(Debug, thiserror::Error)]
#[error("not sure")]
pub(super) struct Unsure;

impl de::Error for Unsure {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    // Whatever these would say is never shown, so that nothing is formatted.
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
}

impl<'de> IntoDeserializer<'de, Unsure> for Tree<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Tree<'de> {
    /// The text of a scalar that may be one; `true` and `false` without quotes aren't.
    fn text(&self) -> Result<&'de str, Unsure> {
        match self {
            Self::Quoted(text) => Ok(text),
            Self::Plain(text) if boolean(text).is_none() => Ok(text),
            Self::Plain(_) | Self::List(_) | Self::Map(_) => Err(Unsure),
        }
    }

    fn number(&self) -> Result<u64, Unsure> {
        match self {
            Self::Plain(text) => number(text).ok_or(Unsure),
            Self::Quoted(_) | Self::List(_) | Self::Map(_) => Err(Unsure),
        }
    }
}

/// Whether a plain scalar is a boolean, in any of its spellings.
fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A decimal number as all versions of YAML read it.
fn number(text: &str) -> Option<u64> {
    let digits = text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    let leading = text.len() > 1 && text.starts_with('0');
    if digits && !leading {
        text.parse().ok()
    } else {
        None
    }
}

impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = Unsure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        match self {
            Self::Quoted(text) => visitor.visit_borrowed_str(text),
            Self::Plain(text) => match (number(text), boolean(text)) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(boolean)) => visitor.visit_bool(boolean),
                (None, None) if is_size(text) || is_word(text) => visitor.visit_borrowed_str(text),
                (None, None) => Err(Unsure),
            },
            Self::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Self::Map(entries) => visitor.visit_map(MapDeserializer::new(entries.into_iter())),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        match self {
            Self::Plain("true") => visitor.visit_bool(true),
            Self::Plain("false") => visitor.visit_bool(false),
            Self::Plain(_) | Self::Quoted(_) | Self::List(_) | Self::Map(_) => Err(Unsure),
        }
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unsure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unsure> {
        let text: de::value::StrDeserializer<'_, Unsure> = self.text()?.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn is_size(text: &str) -> bool {
    text.ends_with("MB") || text.ends_with("GB") || text.ends_with("iB")
}
