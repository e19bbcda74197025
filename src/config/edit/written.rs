//! What each part of a file writes about extensions, and what that comes to.

use super::odd::Odd;
use super::syntax::{Form, Pair, Piece, Syntax};
use crate::address::{Name, NameRule};

/// What a machine asks for: a profile, and extensions beside it or without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// The profile.
    pub profile: Option<Name>,
    /// With a profile the additional extensions, else the active ones.
    pub names: Vec<Name>,
}

/// A part of the file that extensions are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer<'a> {
    /// The top level: of the one machine, or what a fleet shares.
    Top,
    /// An entry of `machines`.
    Entry(&'a str),
}

/// A field as a layer writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field<T> {
    /// The layer says nothing of it.
    Absent,
    /// The layer takes it away.
    Null,
    Value(T),
}

impl<T: Clone> Field<T> {
    pub(super) fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Lays it over what stands below it.
    fn over(&self, below: &Self) -> Self {
        match self {
            Self::Absent => below.clone(),
            Self::Null => Self::Absent,
            Self::Value(_) => self.clone(),
        }
    }
}

/// What a layer writes under `extensions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Whether it has `extensions` without anything, which in an entry takes away what is shared.
    pub(super) is_null: bool,
    pub(super) profile: Field<Name>,
    pub(super) active: Field<Vec<Name>>,
    pub(super) additional: Field<Vec<Name>>,
}

impl Written {
    const NOTHING: Self = Self {
        is_null: false,
        profile: Field::Absent,
        active: Field::Absent,
        additional: Field::Absent,
    };

    /// Reads a layer.
    pub(super) fn of(syntax: &Syntax, layer: Layer<'_>) -> Result<Self, Odd> {
        let Some(pair) = extensions(syntax, layer)? else {
            return Ok(Self::NOTHING);
        };
        let section = &pair.value;
        if section.is_null() {
            return Ok(Self {
                is_null: true,
                ..Self::NOTHING
            });
        }
        own_map(section)?;
        if let Some(merged) = section.pair("<<") {
            return Err(Odd::Merge(merged.key.span.start));
        }
        Ok(Self {
            is_null: false,
            profile: field(section, "profile", named)?,
            active: field(section, "active", names)?,
            additional: field(section, "additional", names)?,
        })
    }

    /// What it comes to, laid over what is shared; as the reader lays entries over the file.
    pub(super) fn over(&self, shared: Option<&Self>) -> Asking {
        let nothing = Self::NOTHING;
        let mut below = match shared {
            Some(shared) if !self.is_null => shared.clone(),
            Some(_) | None => nothing,
        };
        match (self.active.value(), self.profile.value()) {
            (Some(_), None) => {
                below.profile = Field::Absent;
                below.additional = Field::Absent;
            }
            (None, Some(_)) => below.active = Field::Absent,
            (Some(_), Some(_)) | (None, None) => {}
        }
        let lists = [
            self.active.over(&below.active),
            self.additional.over(&below.additional),
        ];
        Asking {
            profile: self.profile.over(&below.profile).value().cloned(),
            names: lists
                .iter()
                .filter_map(Field::value)
                .flatten()
                .cloned()
                .collect(),
        }
    }

    /// Whether the shared list shows through.
    pub(super) fn inherits_names(&self) -> bool {
        !self.is_null && self.active == Field::Absent && self.additional == Field::Absent
    }

    /// Whether the shared profile shows through.
    pub(super) fn inherits_profile(&self) -> bool {
        !self.is_null && self.active.value().is_none() && self.profile == Field::Absent
    }
}

/// The map of a layer; none where the layer has nothing.
pub(super) fn map_of<'a>(syntax: &'a Syntax, layer: Layer<'_>) -> Result<Option<&'a Piece>, Odd> {
    let map = match layer {
        Layer::Top => &syntax.root,
        Layer::Entry(name) => &entry(syntax, name)?.value,
    };
    if map.is_null() {
        return Ok(None);
    }
    own_map(map)?;
    Ok(Some(map))
}

/// The pair of an entry of `machines`.
pub(super) fn entry<'a>(syntax: &'a Syntax, name: &str) -> Result<&'a Pair, Odd> {
    let machines = machines(syntax)?.ok_or(Odd::Meaning)?;
    machines.pair(name).ok_or(Odd::Meaning)
}

/// The map of `machines`, where the file has one.
pub(super) fn machines(syntax: &Syntax) -> Result<Option<&Piece>, Odd> {
    let Some(pair) = syntax.root.pair("machines") else {
        return Ok(None);
    };
    if pair.value.is_null() {
        return Ok(None);
    }
    own_map(&pair.value)?;
    match pair.value.pair("<<") {
        Some(merged) => Err(Odd::Merge(merged.key.span.start)),
        None => Ok(Some(&pair.value)),
    }
}

/// The pair of a layer's `extensions`; an error where they might come from elsewhere.
pub(super) fn extensions<'a>(
    syntax: &'a Syntax,
    layer: Layer<'_>,
) -> Result<Option<&'a Pair>, Odd> {
    let Some(map) = map_of(syntax, layer)? else {
        return Ok(None);
    };
    match (map.pair("extensions"), map.pair("<<")) {
        (None, Some(merged)) => Err(Odd::Merge(merged.key.span.start)),
        (found, _) => Ok(found),
    }
}

/// Refuses what isn't a map written in its place.
fn own_map(piece: &Piece) -> Result<(), Odd> {
    match &piece.form {
        Form::Map { .. } => Ok(()),
        Form::Alias => Err(Odd::Alias(piece.span.start)),
        Form::Scalar { .. } | Form::List { .. } => Err(Odd::Spelling(piece.span.start)),
    }
}

fn field<T>(
    section: &Piece,
    key: &str,
    read: impl FnOnce(&Piece) -> Result<T, Odd>,
) -> Result<Field<T>, Odd> {
    match section.pair(key) {
        None => Ok(Field::Absent),
        Some(pair) if pair.value.is_null() => Ok(Field::Null),
        Some(pair) => read(&pair.value).map(Field::Value),
    }
}

/// The names of a list's items.
fn names(list: &Piece) -> Result<Vec<Name>, Odd> {
    match &list.form {
        Form::List { items, .. } => items.iter().map(named).collect(),
        Form::Alias => Err(Odd::Alias(list.span.start)),
        Form::Scalar { .. } | Form::Map { .. } => Err(Odd::Spelling(list.span.start)),
    }
}

/// The name that an item is about.
fn named(item: &Piece) -> Result<Name, Odd> {
    let at = item.span.start;
    if matches!(item.form, Form::Alias) {
        return Err(Odd::Alias(at));
    }
    let text = item.named().text();
    text.and_then(|text| Name::parse(NameRule::Extension, text).ok())
        .ok_or(Odd::Spelling(at))
}
