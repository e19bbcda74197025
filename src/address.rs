//! Addresses: the identity of a resource, parsed once and never a bare string again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name a machine, volume or extension may have: one DNS label.
pub const NAME_MAX: usize = 63;

/// A validated part of an address; cheap to clone.
///
/// A name can neither escape a path nor a label: it holds ASCII letters, digits, `-` and `_` only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

/// Which rule a [`Name`] is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// `[a-z][a-z0-9-]*`, no trailing dash: projects, machines and scopes (they become host names).
    Label,
    /// `[a-z][a-z0-9_-]*`: volumes.
    Volume,
    /// `[A-Z][A-Z0-9_]*`: secrets (they become environment variables).
    Secret,
    /// `[a-z0-9][a-z0-9-]*`: extensions and profiles.
    Extension,
}

impl NameRule {
    /// The rule in words, for a diagnostic's help.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Label => {
                "lower-case letters, digits and dashes, starting with a letter, 63 at most"
            }
            Self::Volume => {
                "lower-case letters, digits, dashes and underscores, starting with a letter, 63 at most"
            }
            Self::Secret => {
                "upper-case letters, digits and underscores, starting with a letter, 63 at most"
            }
            Self::Extension => "lower-case letters, digits and dashes, 63 at most",
        }
    }

    fn admits(self, text: &str) -> bool {
        let Some(first) = text.bytes().next() else {
            return false;
        };
        let lower_or_digit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let rest = |allowed: fn(u8) -> bool| text.bytes().all(allowed);
        if text.len() > NAME_MAX {
            return false;
        }
        match self {
            Self::Label => {
                first.is_ascii_lowercase()
                    && !text.ends_with('-')
                    && rest(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            }
            Self::Volume => {
                first.is_ascii_lowercase()
                    && rest(|b| {
                        b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_'
                    })
            }
            Self::Secret => {
                first.is_ascii_uppercase()
                    && rest(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            }
            Self::Extension => {
                lower_or_digit(first)
                    && rest(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            }
        }
    }
}

impl Name {
    /// Parses a name under a rule.
    pub fn parse(rule: NameRule, text: &str) -> Result<Self, AddressError> {
        if rule.admits(text) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(AddressError::Name {
                name: text.to_owned(),
                rule,
            })
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The kind of a resource, in the order in which a reader expects them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Where machines live: a Docker network, a Fly app, a Kubernetes namespace.
    Network,
    /// A pin: the image by digest.
    Image,
    /// A pin: GPU kind and count.
    Gpu,
    /// Persistent storage owned by one machine.
    Volume,
    /// Container, Fly Machine, sandbox, host directory.
    Machine,
    /// A secret's delivery to a machine.
    Secret,
    /// One extension installed and validated in a machine.
    Extension,
}

impl Kind {
    /// The word an address of this kind starts with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Image => "image",
            Self::Gpu => "gpu",
            Self::Volume => "volume",
            Self::Machine => "machine",
            Self::Secret => "secret",
            Self::Extension => "extension",
        }
    }

    /// A pin stands for a decision, not for an object: it isn't counted in the trailer of a plan.
    pub fn is_pin(self) -> bool {
        match self {
            Self::Image | Self::Gpu => true,
            Self::Network | Self::Volume | Self::Machine | Self::Secret | Self::Extension => false,
        }
    }
}

/// The identity of a resource: `machine.dev`, `volume.dev.workspace`, `extension.dev.nodejs`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// `network.<scope>`
    Network(Name),
    /// `image.<machine>`
    Image(Name),
    /// `gpu.<machine>`
    Gpu(Name),
    /// `volume.<machine>.<volume>`
    Volume(Name, Name),
    /// `machine.<machine>`
    Machine(Name),
    /// `secret.<machine>.<NAME>`
    Secret(Name, Name),
    /// `extension.<machine>.<extension>`
    Extension(Name, Name),
}

impl Address {
    /// The kind of the resource addressed.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Network(_) => Kind::Network,
            Self::Image(_) => Kind::Image,
            Self::Gpu(_) => Kind::Gpu,
            Self::Volume(..) => Kind::Volume,
            Self::Machine(_) => Kind::Machine,
            Self::Secret(..) => Kind::Secret,
            Self::Extension(..) => Kind::Extension,
        }
    }

    /// The machine this resource belongs to; a network belongs to none.
    pub fn machine(&self) -> Option<&Name> {
        match self {
            Self::Network(_) => None,
            Self::Image(m)
            | Self::Gpu(m)
            | Self::Machine(m)
            | Self::Volume(m, _)
            | Self::Secret(m, _)
            | Self::Extension(m, _) => Some(m),
        }
    }

    /// The last part: the volume, secret or extension, else the machine or scope.
    pub fn leaf(&self) -> &Name {
        match self {
            Self::Network(n)
            | Self::Image(n)
            | Self::Gpu(n)
            | Self::Machine(n)
            | Self::Volume(_, n)
            | Self::Secret(_, n)
            | Self::Extension(_, n) => n,
        }
    }

    /// Whether the object lives inside its machine and dies with the machine's root file system.
    pub fn lives_inside(&self) -> bool {
        matches!(self.kind(), Kind::Secret | Kind::Extension)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind().as_str();
        match self {
            Self::Network(n) | Self::Image(n) | Self::Gpu(n) | Self::Machine(n) => {
                write!(f, "{kind}.{n}")
            }
            Self::Volume(m, n) | Self::Secret(m, n) | Self::Extension(m, n) => {
                write!(f, "{kind}.{m}.{n}")
            }
        }
    }
}

/// Why a text isn't an address or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The first word names no kind of resource.
    #[error("`{0}` is not an address: it starts with no known kind")]
    Kind(String),
    /// Too few or too many parts for its kind.
    #[error("`{0}` is not an address: it has the wrong number of parts")]
    Parts(String),
    /// A part breaks its rule.
    #[error("`{name}` is not a valid name")]
    Name {
        /// What was given.
        name: String,
        /// The rule it breaks.
        rule: NameRule,
    },
}

impl AddressError {
    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            Self::Kind(_) | Self::Parts(_) => "an address reads like `machine.dev`, \
                `volume.dev.workspace`, `secret.dev.TOKEN`, `extension.dev.nodejs`, `image.dev`, \
                `gpu.dev` or `network.dev`"
                .to_owned(),
            Self::Name { rule, .. } => format!("use {}", rule.describe()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.');
        let kind = parts.next().unwrap_or_default();
        let (first, second, more) = (parts.next(), parts.next(), parts.next());
        let wrong = || AddressError::Parts(text.to_owned());
        if more.is_some() {
            return Err(wrong());
        }
        let one = || match (first, second) {
            (Some(n), None) => Name::parse(NameRule::Label, n),
            _ => Err(wrong()),
        };
        let two = |rule| match (first, second) {
            (Some(m), Some(n)) => Ok((Name::parse(NameRule::Label, m)?, Name::parse(rule, n)?)),
            _ => Err(wrong()),
        };
        match kind {
            "network" => one().map(Self::Network),
            "image" => one().map(Self::Image),
            "gpu" => one().map(Self::Gpu),
            "machine" => one().map(Self::Machine),
            "volume" => two(NameRule::Volume).map(|(m, n)| Self::Volume(m, n)),
            "secret" => two(NameRule::Secret).map(|(m, n)| Self::Secret(m, n)),
            "extension" => two(NameRule::Extension).map(|(m, n)| Self::Extension(m, n)),
            _ => Err(AddressError::Kind(text.to_owned())),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A plain `Cow` would always be copied.
        #[derive(Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

        let Text(text) = Text::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let machine = "[a-z][a-z0-9-]*";
        schemars::json_schema!({
            "type": "string",
            "pattern": format!(
                "^((network|image|gpu|machine)\\.{machine}|volume\\.{machine}\\.[a-z][a-z0-9_-]*\
                |secret\\.{machine}\\.[A-Z][A-Z0-9_]*|extension\\.{machine}\\.[a-z0-9][a-z0-9-]*)$"
            ),
            "description": "A resource's address.",
            "examples": ["machine.dev", "volume.dev.workspace", "secret.dev.TOKEN"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_round_trips_through_its_text() {
        for text in [
            "network.dev",
            "image.dev",
            "gpu.dev",
            "volume.dev.workspace",
            "machine.dev-1",
            "secret.dev.API_KEY",
            "extension.dev.nodejs",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn names_that_would_escape_are_refused() {
        for text in [
            "machine...",
            "machine.",
            "machine.a/b",
            "machine.../x",
            "machine.A",
            "machine.dev.extra",
            "volume.dev",
            "secret.dev.lower",
            "robot.dev",
            "machine.dev-",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text} was accepted");
        }
        let long = "a".repeat(NAME_MAX + 1);
        assert!(Name::parse(NameRule::Label, &long).is_err());
    }
}
