//! What became of sandboxes, as E2B's documentation has it ("lifecycle events API").

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::Answer;
use super::http::{Request, decoded};
use super::world::World;

/// How long an event is kept.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// Something that became of a sandbox.
pub(crate) struct Event {
    /// The sandbox.
    pub(crate) sandbox: String,
    /// The template it was made from.
    pub(crate) template: String,
    /// What it is, after `sandbox.lifecycle.`.
    pub(crate) what: &'static str,
    /// When it was.
    pub(crate) at: Timestamp,
}

/// The events of one sandbox, the latest first unless asked for otherwise.
pub(crate) fn list(id: &str, request: &Request, world: &World) -> Answer {
    let number = |name: &str, otherwise: usize| match request.query(name) {
        Some(text) => text.parse().ok(),
        None => Some(otherwise),
    };
    let limit = number("limit", 10).filter(|limit| (1..=100).contains(limit));
    let (Some(limit), Some(offset)) = (limit, number("offset", 0)) else {
        return Answer::error(400, "limit must be between 1 and 100, offset at least 0");
    };
    let types = types(&request.raw);
    let since = world.now() - KEPT;
    let mut own: Vec<(usize, &Event)> = (world.events.iter().enumerate())
        .filter(|(_, event)| event.sandbox == id && event.at >= since)
        .filter(|(_, event)| types.is_empty() || types.contains(&name(event)))
        .collect();
    own.sort_by_key(|(number, event)| (event.at, *number));
    if request.query("orderAsc") != Some("true") {
        own.reverse();
    }
    let shown = own.into_iter().skip(offset).take(limit);
    let shown: Vec<Value> = shown
        .map(|(number, event)| shown_as(number, event))
        .collect();
    Answer::json(200, &shown.into())
}

/// The types asked for; each stands for itself in the query.
fn types(raw: &str) -> Vec<String> {
    let (_, query) = raw.split_once('?').unwrap_or((raw, ""));
    let values = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("types="));
    values.map(decoded).collect()
}

fn name(event: &Event) -> String {
    format!("sandbox.lifecycle.{}", event.what)
}

fn shown_as(number: usize, event: &Event) -> Value {
    json!({
        "version": "v1",
        "id": format!("00000000-0000-4000-9000-{number:012}"),
        "type": name(event),
        "eventData": null,
        "sandboxBuildId": "00000000-0000-4000-8000-000000000000",
        "sandboxExecutionId": "00000000-0000-4000-a000-000000000000",
        "sandboxId": event.sandbox,
        "sandboxTeamId": "00000000-0000-4000-b000-000000000000",
        "sandboxTemplateId": event.template,
        "timestamp": event.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}
