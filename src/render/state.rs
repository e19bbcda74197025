//! What is recorded, and how it stands, as text.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::page::{Page, Style, Tone};
use super::plan::words::{BlockTitle, ended};
use super::sensitive::{MASK, is_sensitive};
use super::table::{Free, table};
use super::text::{clean, count, short_id};
use super::value::{self, Mark, key};
use crate::address::Address;
use crate::plan::Happened;
use crate::resource::{Power, ProviderKind};
use crate::state::{Object, ObjectId, State, Status};

/// One address a line, nothing else.
pub fn state_list(state: &State) -> String {
    let mut page = Page::new(Style::PLAIN);
    for address in state.resources.keys() {
        page.show(address).end();
    }
    page.into_text()
}

/// A state as one line of JSON: who it is and every object, sensitive values left out.
pub fn state_json(state: &State) -> String {
    let objects: Vec<Value> = state
        .resources
        .iter()
        .flat_map(|(address, record)| {
            let current = record.current.iter().map(|object| (object, false));
            let deposed = record.deposed.iter().map(|object| (object, true));
            current.chain(deposed).map(move |(object, is_deposed)| {
                let mut value = object_value(address, object);
                value["deposed"] = json!(is_deposed);
                value
            })
        })
        .collect();
    json!({
        "project": state.project,
        "lineage": state.lineage,
        "serial": state.serial,
        "resources": objects,
        "pending": state.pending.len(),
    })
    .to_string()
}

/// One recorded object for people, every field of it but the sensitive ones.
pub fn state_show(address: &Address, object: &Object, style: &Style) -> String {
    let mut page = Page::new(*style);
    page.tone(
        Tone::Strong,
        &format!("# {address} ({})", status(&object.status)),
    )
    .end();
    page.show(BlockTitle(address)).raw(" {").end();
    let facts = facts(object);
    let attributes = object.spec.attributes();
    let attributes = attributes.0.iter().chain(&object.attributes.0);
    let all: Vec<(&str, &Value)> = facts
        .iter()
        .map(|(path, value)| (path.as_str(), value))
        .chain(attributes.map(|(path, value)| (path.as_str(), value)))
        .collect();
    let width = all
        .iter()
        .map(|(path, _)| path.chars().count())
        .max()
        .unwrap_or(0)
        .min(32);
    for (path, value) in all {
        let path = key(path);
        page.pad(4)
            .raw(&path)
            .pad(width.saturating_sub(path.chars().count()))
            .raw(" = ");
        if is_sensitive(&path, Some(value)) {
            page.raw(MASK);
        } else {
            value::write(&mut page, value, Mark::Same, 2, 7 + width.max(path.len()));
        }
        page.end();
    }
    page.raw("}").end();
    if let Status::Partial { failed } = &object.status {
        page.end()
            .tone(
                Tone::Changed,
                &format!("Failed: {}", count(failed.len(), "part")),
            )
            .end();
        for failure in failed {
            page.raw("  ")
                .user(&failure.part)
                .raw(": ")
                .user(&failure.reason)
                .end();
        }
    }
    page.into_text()
}

/// What is recorded beside the specification and the provider's attributes.
fn facts(object: &Object) -> Vec<(String, Value)> {
    let mut facts = vec![
        ("id".to_owned(), json!(object.id)),
        ("generation".to_owned(), json!(object.generation)),
    ];
    if let Some(incarnation) = &object.incarnation {
        facts.push(("incarnation".to_owned(), json!(incarnation)));
    }
    if let Some(made_at) = &object.made_at {
        facts.push(("madeAt".to_owned(), json!(made_at)));
    }
    if !object.dependencies.is_empty() {
        facts.push(("dependsOn".to_owned(), json!(object.dependencies)));
    }
    facts
}

/// One recorded object as one line of JSON, sensitive values left out.
pub fn state_show_json(address: &Address, object: &Object) -> String {
    object_value(address, object).to_string()
}

fn object_value(address: &Address, object: &Object) -> Value {
    let open = |attributes: &crate::resource::Attributes| -> Map<String, Value> {
        attributes
            .0
            .iter()
            .filter(|(path, value)| !is_sensitive(path, Some(value)))
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect()
    };
    json!({
        "address": address,
        "provider": object.provider,
        "id": object.id,
        "status": status(&object.status),
        "generation": object.generation,
        "incarnation": object.incarnation,
        "dependencies": object.dependencies,
        "spec": open(&object.spec.attributes()),
        "attributes": open(&object.attributes),
        "failed": match &object.status {
            Status::Partial { failed } => json!(failed),
            Status::Ready | Status::Tainted | Status::Deleting | Status::Retained => json!([]),
        },
    })
}

/// How an object stands, as one word.
fn status(status: &Status) -> &'static str {
    match status {
        Status::Ready => "ready",
        Status::Tainted => "tainted",
        Status::Partial { .. } => "partial",
        Status::Deleting => "deleting",
        Status::Retained => "retained",
    }
}

/// How one resource stands, as `status` shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusRow {
    /// The resource.
    pub address: Address,
    /// Where it lives.
    pub provider: ProviderKind,
    /// How its record stands; absent for what isn't recorded.
    pub status: Option<Status>,
    /// Whether a machine runs.
    pub power: Option<Power>,
    /// What the provider says of its health.
    pub health: Option<String>,
    /// The image it runs.
    pub image: Option<String>,
    /// The provider's id.
    pub id: Option<ObjectId>,
    /// What differs from what is recorded, in a few words: `gone`, `memory`.
    pub drift: Option<String>,
    /// The second it came to its end, where it is gone and its provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Why it couldn't be read; absent where it could.
    pub reason: Option<String>,
    /// What happened to it lately, the last first; of one machine that was asked for by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Happened>,
}

/// What happened to machines lately, for people; empty where nothing is told.
pub fn events_human(rows: &[StatusRow], style: &Style) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| !row.events.is_empty()) {
        let cells = row.events.iter().map(|event| {
            let optional = |text: Option<&str>| clean(text.unwrap_or_default()).into_owned();
            vec![
                event.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
                clean(&event.what).into_owned(),
                optional(event.how.as_deref()),
                optional(event.by.as_deref()),
            ]
        });
        let cells: Vec<Vec<String>> = cells.collect();
        text.push_str("\nLately, the last first:\n");
        text.push_str(&table(&["WHEN", "WHAT", "HOW", "BY"], &cells, &[], style));
    }
    text
}

/// How resources stand, for people.
pub fn status_human(rows: &[StatusRow], style: &Style) -> String {
    if rows.is_empty() {
        return "Nothing is recorded yet: `sindri apply` makes what the configuration asks for.\n"
            .to_owned();
    }
    let optional = |text: Option<&String>| text.map_or_else(String::new, |t| clean(t).into_owned());
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.address.to_string(),
                row.provider.to_string(),
                row.status.as_ref().map_or("", status).to_owned(),
                row.power.map_or("", power).to_owned(),
                optional(row.health.as_ref()),
                optional(differs(row).as_ref()),
                row.image.as_deref().map_or_else(String::new, image),
                // What lives inside a machine has no other identity than its address.
                row.id
                    .as_ref()
                    .filter(|_| !row.address.lives_inside())
                    .map_or_else(String::new, |id| identity(id.as_str())),
            ]
        })
        .collect();
    let headings = [
        "RESOURCE", "PROVIDER", "STATUS", "POWER", "HEALTH", "DRIFT", "IMAGE", "ID",
    ];
    let free = [(4, 9), (6, 20), (7, 12)].map(|(column, least)| Free { column, least });
    table(&headings, &cells, &free, style)
}

/// What differs, and since when where that is known.
fn differs(row: &StatusRow) -> Option<String> {
    let drift = row.drift.as_ref()?;
    Some(match row.ended {
        Some(at) => format!("{drift}, {}", ended(at)),
        None => drift.clone(),
    })
}

/// An object's id; of a path its end, by which people tell one from another.
fn identity(id: &str) -> String {
    match id.rfind('/') {
        Some(at) if id.starts_with('/') => clean(&format!("...{}", &id[at..])).into_owned(),
        Some(_) | None => short_id(id).into_owned(),
    }
}

/// An image's reference, a long path before its name left out.
fn image(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    let is_long = reference.chars().count() > 30 && name.len() < reference.len();
    clean(&if is_long {
        format!(".../{name}")
    } else {
        reference.to_owned()
    })
    .into_owned()
}

fn power(power: Power) -> &'static str {
    match power {
        Power::Running => "running",
        Power::Stopped => "stopped",
        Power::Provider => "provider",
    }
}

/// How resources stand, as one line of JSON: an array.
pub fn status_json(rows: &[StatusRow]) -> String {
    // Plain structs with text keys always serialise.
    serde_json::to_string(rows).unwrap_or_else(|_| "[]".to_owned())
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
