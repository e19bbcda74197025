//! Lists of extensions: all, those found, those installed.

use serde_json::{Value, json};

use super::words::{chain, exceptions, support, verdict_json};
use super::{ExtensionEntry, installed};
use crate::diagnostic::Diagnostics;
use crate::render::page::Style;
use crate::render::table::{Free, table};
use crate::render::text::{clean, count};

/// What marks a name that stands beside the configuration.
const BESIDE: &str = " *";

/// The extensions for people; `installed` says where each is rather than where it would work.
pub fn extension_list_human(entries: &[ExtensionEntry], installed: bool, style: &Style) -> String {
    if entries.is_empty() {
        return if installed {
            "No extension is recorded in a machine.\n".to_owned()
        } else {
            "No extension is of this kind.\n".to_owned()
        };
    }
    let mut headings = vec!["NAME", "VERSION", "CATEGORY", "METHOD", "NEEDS"];
    let providers: Vec<String> = entries[0]
        .here
        .iter()
        .map(|(provider, _)| format!("ON {}", provider.as_str().to_uppercase()))
        .collect();
    let mut free = vec![(2, 15), (3, 6)];
    if installed {
        free.push((headings.len(), 14));
        headings.push("INSTALLED");
    } else if providers.is_empty() {
        free.push((headings.len(), 16));
        headings.push("WORKS");
    } else {
        free.extend((0..providers.len()).map(|at| (headings.len() + at, 9)));
        headings.extend(providers.iter().map(String::as_str));
    }
    let rows: Vec<Vec<String>> = entries.iter().map(|entry| row(entry, installed)).collect();
    let free: Vec<Free> = free
        .into_iter()
        .map(|(column, least)| Free { column, least })
        .collect();
    table(&headings, &rows, &free, style) + &foot(entries)
}

fn row(entry: &ExtensionEntry, installed: bool) -> Vec<String> {
    let manifest = &entry.manifest;
    let mut cells = vec![
        named(entry),
        clean(&manifest.version).into_owned(),
        manifest.category.as_str().to_owned(),
        clean(&manifest.method).into_owned(),
        match chain(entry).len() {
            0 => String::new(),
            number => number.to_string(),
        },
    ];
    if installed {
        let places: Vec<String> = entry
            .installed
            .iter()
            .map(|one| format!("{}: {}", one.machine, one.result()))
            .collect();
        cells.push(places.join(", "));
    } else if entry.here.is_empty() {
        cells.push(exceptions(&entry.everywhere));
    } else {
        let each = entry.here.iter();
        cells.extend(each.map(|(_, verdict)| support(verdict.support).to_owned()));
    }
    cells
}

fn named(entry: &ExtensionEntry) -> String {
    let mark = if entry.beside { BESIDE } else { "" };
    format!("{}{mark}", entry.manifest.name)
}

fn foot(entries: &[ExtensionEntry]) -> String {
    let mut foot = format!("\n{}", count(entries.len(), "extension"));
    if entries.iter().any(|entry| entry.beside) {
        foot.push_str("; those with * stand beside the configuration");
    }
    foot.push_str(".\n");
    foot
}

/// The extensions found, the best first.
pub fn extension_search_human(entries: &[ExtensionEntry], style: &Style) -> String {
    if entries.is_empty() {
        return "No extension has all of these words.\n".to_owned();
    }
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            vec![
                named(entry),
                entry.manifest.category.as_str().to_owned(),
                clean(&entry.manifest.description).into_owned(),
            ]
        })
        .collect();
    let free = [(1, 15), (2, 24)].map(|(column, least)| Free { column, least });
    table(&["NAME", "CATEGORY", "DESCRIPTION"], &rows, &free, style) + &foot(entries)
}

/// The extensions as one line of JSON, in the order given.
pub fn extension_list_json(entries: &[ExtensionEntry], findings: &Diagnostics) -> String {
    let extensions: Vec<Value> = entries.iter().map(one).collect();
    json!({ "extensions": extensions, "diagnostics": findings }).to_string()
}

/// What a list says of one extension.
fn one(entry: &ExtensionEntry) -> Value {
    let manifest = &entry.manifest;
    json!({
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "category": manifest.category,
        "method": manifest.method,
        "dependencies": manifest.dependencies,
        "resolved": chain(entry),
        "beside": entry.beside,
        "deprecated": manifest.deprecation.is_some(),
        "here": verdict_json(&entry.here),
        "everywhere": verdict_json(&entry.everywhere),
        "installed": entry.installed.iter().map(installed::document).collect::<Vec<_>>(),
    })
}
