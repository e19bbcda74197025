//! An edited text read again: what it means now is what was asked for, and nothing else changed.

use std::sync::Arc;

use super::editing::{EditedEntry, File};
use super::odd::Odd;
use super::written::Asking;
use crate::config::model::{Config, Machine};
use crate::config::parse;
use crate::config::read::{Overrides, read};
use crate::config::tree::{Entry, Node, Value};
use crate::diagnostic::Source;

/// The fields of `extensions` that an edit may change.
const EDITED: [&str; 3] = ["profile", "active", "additional"];

/// Proves an edit, by the reader's own eyes.
pub(super) fn holds(file: &File<'_>, text: &str, entries: &[EditedEntry]) -> Result<(), Odd> {
    if *text == *file.source.text {
        return Ok(());
    }
    let after = Source::new(&file.source.name, text);
    let (config, _) = read(&after, Overrides::default());
    let config = config.ok_or(Odd::Meaning)?;
    let tree = |source: &Source| parse::parse(source).map(|(tree, _)| tree).ok();
    let trees = tree(file.source).zip(tree(&after));
    let (old, new) = trees.ok_or(Odd::Meaning)?;
    let sound = same_file(&old, &new) && same_machines(file.config, &config, entries);
    if sound { Ok(()) } else { Err(Odd::Meaning) }
}

/// Whether every machine asks for what it shall, and is what it was.
fn same_machines(old: &Config, new: &Config, entries: &[EditedEntry]) -> bool {
    old.machines.len() == new.machines.len()
        && old.machines.iter().zip(&new.machines).all(|(old, new)| {
            let wanted = match entry_of(old, entries) {
                Some(entry) => entry.after.clone(),
                None => asking(old),
            };
            let (was, is) = (&old.extensions, &new.extensions);
            old.name == new.name
                && asking(new) == wanted
                && was.auto_install == is.auto_install
                && was.on_incompatible == is.on_incompatible
        })
}

/// What a machine asks for, as the reader understands it.
fn asking(machine: &Machine) -> Asking {
    let extensions = &machine.extensions;
    Asking {
        profile: extensions.profile.as_ref().map(|one| one.name.clone()),
        names: extensions
            .names
            .iter()
            .map(|one| one.name.clone())
            .collect(),
    }
}

/// The entry that makes a machine: of its name, or of its name without the number.
fn entry_of<'a>(machine: &Machine, entries: &'a [EditedEntry]) -> Option<&'a EditedEntry> {
    // One that stands by is what the other is.
    let written = machine.stands_by.as_ref().unwrap_or(&machine.name);
    let name = written.as_str();
    let exact = entries.iter().find(|entry| entry.name == *written);
    exact.or_else(|| {
        let (base, number) = name.rsplit_once('-')?;
        let is_counted = number.bytes().all(|byte| byte.is_ascii_digit());
        entries
            .iter()
            .find(|entry| is_counted && entry.name.as_str() == base)
    })
}

/// Whether two files are the same but for what their machines ask for.
fn same_file(old: &Node, new: &Node) -> bool {
    same_layer(old, new, &["machines"])
        && match (old.get("machines"), new.get("machines")) {
            (None, None) => true,
            (Some(old), Some(new)) => {
                old.entries().len() == new.entries().len()
                    && old.entries().iter().zip(new.entries()).all(|(old, new)| {
                        old.key == new.key && same_layer(&old.value, &new.value, &[])
                    })
            }
            (None, Some(_)) | (Some(_), None) => false,
        }
}

/// Whether two layers are the same but for what they ask for, and but for keys looked at elsewhere.
fn same_layer(old: &Node, new: &Node, apart: &[&str]) -> bool {
    let rest = |node: &Node| -> Option<Vec<Entry>> {
        let is_map = matches!(node.value, Value::Map(_) | Value::Null);
        let others = node
            .entries()
            .iter()
            .filter(|entry| &*entry.key != "extensions" && !apart.contains(&&*entry.key));
        is_map.then(|| others.cloned().collect())
    };
    let extensions = |node: &Node| -> Option<Vec<Entry>> {
        let Some(section) = node.get("extensions") else {
            return Some(Vec::new());
        };
        let is_map = matches!(section.value, Value::Map(_) | Value::Null);
        let others = section.entries().iter();
        is_map.then(|| {
            others
                .filter(|entry| !EDITED.contains(&&*entry.key))
                .cloned()
                .collect()
        })
    };
    let both = |part: &dyn Fn(&Node) -> Option<Vec<Entry>>| match (part(old), part(new)) {
        (Some(old), Some(new)) => same_entries(&old, &new),
        (None, None) => same(old, new),
        (None, Some(_)) | (Some(_), None) => false,
    };
    both(&rest) && both(&extensions) && kept_items(old, new)
}

/// Whether items that say more than a name say it as before.
fn kept_items(old: &Node, new: &Node) -> bool {
    let listed = |node: &Node| -> Vec<Arc<Node>> {
        let section = node.get("extensions");
        let lists = EDITED.iter().filter_map(|key| section?.get(key).cloned());
        lists
            .flat_map(|list| match &list.value {
                Value::List(items) => items.clone(),
                Value::Null | Value::Scalar { .. } | Value::Map(_) => Vec::new(),
            })
            .collect()
    };
    let old = listed(old);
    listed(new)
        .iter()
        .filter(|item| matches!(item.value, Value::Map(_)))
        .all(|item| old.is_empty() || old.iter().any(|other| same(other, item)))
}

fn same_entries(old: &[Entry], new: &[Entry]) -> bool {
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(old, new)| old.key == new.key && same(&old.value, &new.value))
}

/// Whether two values are the same, wherever they stand.
fn same(old: &Node, new: &Node) -> bool {
    match (&old.value, &new.value) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar { text, plain }, Value::Scalar { text: t, plain: p }) => {
            text == t && plain == p
        }
        (Value::List(old), Value::List(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
        }
        (Value::Map(old), Value::Map(new)) => same_entries(old, new),
        (Value::Null | Value::Scalar { .. } | Value::List(_) | Value::Map(_), _) => false,
    }
}
