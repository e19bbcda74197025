//! One layer of a file brought to what it shall ask for, step by step, each on the text before.

use super::list;
use super::manner::{Item, Manner, Value};
use super::mapping::{self, Spot};
use super::odd::Odd;
use super::syntax::{Form, Pair, Piece, Syntax};
use super::written::{Asking, Field, Layer, Written, entry, extensions, machines, map_of};
use super::{lines, manner};
use crate::address::Name;

/// Edits a layer of a text until it asks for what is wanted.
pub(super) fn bring(text: &str, layer: Layer<'_>, wanted: &Asking) -> Result<String, Odd> {
    let mut text = text.to_owned();
    let comes_to = |text: &str| -> Result<(Written, Asking), Odd> {
        let syntax = parse(text)?;
        let own = Written::of(&syntax, layer)?;
        let shared = match layer {
            Layer::Top => None,
            Layer::Entry(_) => Some(Written::of(&syntax, Layer::Top)?),
        };
        let asking = own.over(shared.as_ref());
        Ok((own, asking))
    };
    let (own, asking) = comes_to(&text)?;
    if asking == *wanted {
        return Ok(text);
    }
    let (key, other) = if wanted.profile.is_some() {
        ("additional", "active")
    } else {
        ("active", "additional")
    };
    if let Some(profile) = &wanted.profile
        && own.profile.value() != Some(profile)
        && (asking.profile.as_ref() != Some(profile) || own.active.value().is_some())
    {
        text = set_profile(&text, layer, profile)?;
    }
    if own.list(other).value().is_some() {
        text = rename_list(&text, layer, other, key)?;
    }
    let (own, asking) = comes_to(&text)?;
    match own.list(key) {
        Field::Value(names) => text = edit_list(&text, layer, key, names, &wanted.names)?,
        // Without a profile, a list of its own is what keeps a layer from what is shared.
        Field::Absent | Field::Null if asking != *wanted => {
            text = write_list(&text, layer, key, &wanted.names)?;
        }
        Field::Absent | Field::Null => {}
    }
    if wanted.profile.is_none() && own.profile.value().is_some() {
        text = drop_profile(&text, layer)?;
    }
    let (_, asking) = comes_to(&text)?;
    if asking == *wanted {
        Ok(text)
    } else {
        Err(Odd::Meaning)
    }
}

impl Written {
    fn list(&self, key: &str) -> &Field<Vec<Name>> {
        if key == "active" {
            &self.active
        } else {
            &self.additional
        }
    }
}

fn parse(text: &str) -> Result<Syntax, Odd> {
    Syntax::of(text).ok_or(Odd::Meaning)
}

/// A layer's map of `extensions`, none of whose bytes mean something elsewhere too.
fn section<'a>(syntax: &'a Syntax, layer: Layer<'_>) -> Result<&'a Piece, Odd> {
    let pair = extensions(syntax, layer)?.ok_or(Odd::Meaning)?;
    unshared(syntax, &pair.value)?;
    if let Some(map) = map_of(syntax, layer)? {
        unshared(syntax, map)?;
    }
    Ok(&pair.value)
}

fn unshared(syntax: &Syntax, piece: &Piece) -> Result<(), Odd> {
    if syntax.is_shared(piece) {
        Err(Odd::Shared(piece.span.start))
    } else {
        Ok(())
    }
}

fn habits(text: &str, syntax: &Syntax) -> Manner {
    let first = lines::line_break(text, 0);
    Manner::of(text, syntax, first)
}

/// Gives a layer a profile.
fn set_profile(text: &str, layer: Layer<'_>, profile: &Name) -> Result<String, Odd> {
    let value = Value::Name(profile.clone());
    put(text, layer, "profile", &value, Spot::First)
}

/// Gives a layer a list that it doesn't have; items that stand in the shared one are copied.
fn write_list(
    text: &str,
    layer: Layer<'_>,
    key: &'static str,
    names: &[Name],
) -> Result<String, Odd> {
    let syntax = parse(text)?;
    let shared = shared_items(&syntax)?;
    let items: Result<Vec<Item>, Odd> = names
        .iter()
        .map(|name| {
            let found = shared
                .iter()
                .find(|item| item.named().text() == Some(name.as_str()));
            found.map_or_else(|| Ok(Item::New(name.clone())), |item| copied(text, item))
        })
        .collect();
    put(text, layer, key, &Value::Items(items?), Spot::Last)
}

/// Puts a field under a layer's `extensions`, which are made where there are none.
fn put(
    text: &str,
    layer: Layer<'_>,
    key: &'static str,
    value: &Value,
    spot: Spot,
) -> Result<String, Odd> {
    let syntax = parse(text)?;
    let manner = habits(text, &syntax);
    let section = Value::Section(vec![(key, value.clone())]);
    let Some(map) = map_of(&syntax, layer)? else {
        let Layer::Entry(name) = layer else {
            return Err(Odd::Meaning);
        };
        let holder = machines(&syntax)?.ok_or(Odd::Meaning)?;
        let whole = Value::Section(vec![("extensions", section)]);
        return mapping::set(text, holder, entry(&syntax, name)?, &whole, manner);
    };
    unshared(&syntax, map)?;
    let Some(pair) = extensions(&syntax, layer)? else {
        return mapping::put(
            text,
            &syntax,
            map,
            ("extensions", &section),
            Spot::Last,
            manner,
        );
    };
    unshared(&syntax, &pair.value)?;
    if pair.value.is_null() {
        return mapping::set(text, map, pair, &section, manner);
    }
    match pair.value.pair(key) {
        Some(field) => {
            unshared(&syntax, &field.value)?;
            mapping::set(text, &pair.value, field, value, manner)
        }
        None => mapping::put(text, &syntax, &pair.value, (key, value), spot, manner),
    }
}

fn drop_profile(text: &str, layer: Layer<'_>) -> Result<String, Odd> {
    let syntax = parse(text)?;
    let section = section(&syntax, layer)?;
    let pair = section.pair("profile").ok_or(Odd::Meaning)?;
    mapping::take(text, &syntax, section, pair)
}

fn rename_list(text: &str, layer: Layer<'_>, from: &str, to: &str) -> Result<String, Odd> {
    let syntax = parse(text)?;
    let section = section(&syntax, layer)?;
    if let Some(taken) = section.pair(to) {
        return Err(Odd::Spelling(taken.key.span.start));
    }
    let pair = section.pair(from).ok_or(Odd::Meaning)?;
    mapping::rename(text, pair, to)
}

/// Takes out of a list what isn't wanted and adds what is, in this order.
fn edit_list(
    text: &str,
    layer: Layer<'_>,
    key: &str,
    names: &[Name],
    wanted: &[Name],
) -> Result<String, Odd> {
    let mut text = text.to_owned();
    for (index, name) in names.iter().enumerate().rev() {
        if !wanted.contains(name) {
            let syntax = parse(&text)?;
            let pair = list_of(&syntax, layer, key)?;
            text = list::remove(&text, &syntax, pair, index)?;
        }
    }
    let new: Vec<Item> = wanted
        .iter()
        .filter(|name| !names.contains(name))
        .map(|name| Item::New(name.clone()))
        .collect();
    if !new.is_empty() {
        let syntax = parse(&text)?;
        let pair = list_of(&syntax, layer, key)?;
        text = list::append(&text, &syntax, pair, &new, habits(&text, &syntax))?;
    }
    Ok(text)
}

fn list_of<'a>(syntax: &'a Syntax, layer: Layer<'_>, key: &str) -> Result<&'a Pair, Odd> {
    let section = section(syntax, layer)?;
    let pair = section.pair(key).ok_or(Odd::Meaning)?;
    unshared(syntax, &pair.value)?;
    Ok(pair)
}

/// The items of the list that a fleet shares.
fn shared_items(syntax: &Syntax) -> Result<Vec<&Piece>, Odd> {
    let Some(pair) = extensions(syntax, Layer::Top)? else {
        return Ok(Vec::new());
    };
    let lists = ["active", "additional"].into_iter();
    Ok(lists
        .filter_map(|key| pair.value.pair(key))
        .flat_map(|pair| match &pair.value.form {
            Form::List { items, .. } => items.iter().collect(),
            Form::Scalar { .. } | Form::Map { .. } | Form::Alias => Vec::new(),
        })
        .collect())
}

/// An item as it stands, to be written once more.
fn copied(text: &str, item: &Piece) -> Result<Item, Odd> {
    if item.has_properties() {
        return Err(Odd::Spelling(item.span.start));
    }
    let margin = lines::column(text, item.span.start);
    let whole = &text[item.span.clone()];
    let lines = whole
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let blank = line.len() - line.trim_start_matches(' ').len();
            let cut = if number == 0 { 0 } else { blank.min(margin) };
            line[cut..].to_owned()
        })
        .collect();
    Ok(Item::Copied {
        lines,
        fits_flow: item.text().is_some() || item.is_flow(),
    })
}

/// The value of a field as it is written by hand.
pub(super) fn by_hand(asking: &Asking) -> String {
    let manner = Manner {
        step: 2,
        dash: 2,
        line_break: "\n",
        quote: "",
        key_quote: "",
    };
    let items = asking
        .names
        .iter()
        .cloned()
        .map(manner::Item::New)
        .collect();
    let list = Value::Items(items);
    let pairs = match &asking.profile {
        Some(profile) => vec![
            ("profile", Value::Name(profile.clone())),
            ("additional", list),
        ],
        None => vec![("active", list)],
    };
    let section = manner.flow(&Value::Section(vec![("extensions", Value::Section(pairs))]));
    // Names fit in brackets; copies of what stands elsewhere aren't among them.
    let section = section.unwrap_or_default();
    section
        .trim_start_matches('{')
        .strip_suffix('}')
        .unwrap_or(&section)
        .to_owned()
}
