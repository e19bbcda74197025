//! Sizes of memory and disk.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size in bytes; written `512MB` or `4GB`, meaning MiB and GiB as every provider takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Size(u64);

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Why a text isn't a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// A bare number.
    #[error("`{0}` has no unit")]
    NoUnit(String),
    /// Not a number with a unit.
    #[error("`{0}` is not a size")]
    Malformed(String),
    /// Zero.
    #[error("`{0}` is no size to work with")]
    Zero(String),
    /// More than a 64-bit count of bytes holds.
    #[error("`{0}` is larger than any machine")]
    TooLarge(String),
}

impl Size {
    /// A number of MiB.
    pub const fn mib(count: u64) -> Self {
        Self(count * MIB)
    }

    /// A number of GiB.
    pub const fn gib(count: u64) -> Self {
        Self(count * GIB)
    }

    /// A number of bytes.
    pub const fn bytes(count: u64) -> Self {
        Self(count)
    }

    /// The size in bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor = match unit {
            "MB" | "MiB" => MIB,
            "GB" | "GiB" => GIB,
            "" if digits > 0 => return Err(SizeError::NoUnit(text.to_owned())),
            _ => return Err(SizeError::Malformed(text.to_owned())),
        };
        if digits == 0 {
            return Err(SizeError::Malformed(text.to_owned()));
        }
        let too_large = || SizeError::TooLarge(text.to_owned());
        let number: u64 = number.parse().map_err(|_| too_large())?;
        let bytes = number.checked_mul(factor).ok_or_else(too_large)?;
        if bytes == 0 {
            return Err(SizeError::Zero(text.to_owned()));
        }
        // Providers take signed 64-bit counts.
        if i64::try_from(bytes).is_err() {
            return Err(too_large());
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(GIB) {
            write!(f, "{}GB", self.0 / GIB)
        } else if self.0.is_multiple_of(MIB) {
            write!(f, "{}MB", self.0 / MIB)
        } else {
            write!(f, "{}B", self.0)
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        if let Some(bytes) = text.strip_suffix('B').and_then(|n| n.parse().ok()) {
            return Ok(Self(bytes));
        }
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(MB|GB|MiB|GiB)$",
            "description": "A size; MB and GB mean MiB and GiB.",
            "examples": ["512MB", "4GB"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        assert_eq!("4GB".parse(), Ok(Size::gib(4)));
        assert_eq!("4GiB".parse(), Ok(Size::gib(4)));
        assert_eq!("512MB".parse(), Ok(Size::mib(512)));
        assert_eq!(Size::mib(4096).to_string(), "4GB");
        for bad in [
            "4",
            "4 GB",
            "GB",
            "0GB",
            "-1GB",
            "4TB",
            "99999999999999999999GB",
            "4 GB?",
        ] {
            assert!(bad.parse::<Size>().is_err(), "{bad} was accepted");
        }
    }
}
