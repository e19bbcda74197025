//! What is recorded of extensions in machines.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::address::Name;
use crate::render::page::{Page, Style, Tone};
use crate::render::table::{Free, table};
use crate::render::text::{clean, count, wrap};
use crate::state::{Object, PartFailure, Status};

/// One extension of one machine, as recorded.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The machine.
    pub machine: Name,
    /// The extension.
    pub name: Name,
    /// What is recorded; none: it is wanted, and nothing is recorded.
    pub object: Option<Arc<Object>>,
}

/// What became of a tool, as an installation records it.
#[derive(Debug, Deserialize)]
struct Tool {
    name: String,
    version: Option<String>,
    result: String,
}

impl Installation {
    /// How it stands, in a word.
    pub(super) fn result(&self) -> &'static str {
        let Some(object) = &self.object else {
            return "not installed";
        };
        match &object.status {
            Status::Ready if self.found() => "found",
            Status::Ready => "ready",
            Status::Partial { .. } => "partial",
            Status::Tainted => "tainted",
            Status::Deleting => "deleting",
            Status::Retained => "retained",
        }
    }

    /// Whether the machine had it before.
    fn found(&self) -> bool {
        let recorded = self.object.as_ref();
        let found = recorded.and_then(|object| object.attributes.get("found"));
        found.and_then(Value::as_bool).unwrap_or_default()
    }

    /// The version recorded.
    fn version(&self) -> Option<&str> {
        Some(&self.object.as_ref()?.spec.extension()?.version)
    }

    fn tools(&self) -> Vec<Tool> {
        let recorded = self.object.as_ref();
        recorded
            .and_then(|object| object.attributes.get("tools"))
            .and_then(|tools| Vec::deserialize(tools).ok())
            .unwrap_or_default()
    }

    fn failed(&self) -> &[PartFailure] {
        match self.object.as_ref().map(|object| &object.status) {
            Some(Status::Partial { failed }) => failed,
            Some(Status::Ready | Status::Tainted | Status::Deleting | Status::Retained) | None => {
                &[]
            }
        }
    }
}

/// What is recorded of extensions, for people: each with its tools, and why some failed.
pub fn extension_status_human(installed: &[Installation], style: &Style) -> String {
    if installed.is_empty() {
        return "No extension is recorded in a machine. `sindri apply` installs what the configuration \
                asks for.\n"
            .to_owned();
    }
    let mut rows = Vec::new();
    for one in installed {
        let whole = |text: &str| clean(text).into_owned();
        rows.push(vec![
            one.machine.to_string(),
            one.name.to_string(),
            String::new(),
            one.version().map_or_else(String::new, whole),
            one.result().to_owned(),
        ]);
        for tool in one.tools() {
            rows.push(vec![
                String::new(),
                String::new(),
                whole(&tool.name),
                tool.version.as_deref().map_or_else(String::new, whole),
                whole(&tool.result),
            ]);
        }
    }
    let headings = ["MACHINE", "EXTENSION", "TOOL", "VERSION", "RESULT"];
    let free = [(2, 10), (3, 8)].map(|(column, least)| Free { column, least });
    let mut page = Page::new(*style);
    page.raw(&table(&headings, &rows, &free, style));
    let failures = || {
        let each = installed.iter();
        each.flat_map(|one| one.failed().iter().map(move |part| (one, part)))
    };
    let failed = failures().count();
    if failed > 0 {
        let heading = format!("Failed: {}", count(failed, "tool"));
        page.end().tone(Tone::Changed, &heading).end();
        for (one, part) in failures() {
            let text = format!(
                "{}/{} {}: {}",
                one.machine, one.name, part.part, part.reason
            );
            for (at, line) in wrap(&clean(&text), style.width.saturating_sub(4))
                .iter()
                .enumerate()
            {
                page.pad(if at == 0 { 2 } else { 4 }).raw(line).end();
            }
        }
        page.raw("`sindri apply` tries them again.").end();
    }
    page.into_text()
}

/// What is recorded of extensions, as one line of JSON.
pub fn extension_status_json(installed: &[Installation]) -> String {
    let all: Vec<Value> = installed.iter().map(document).collect();
    json!({ "extensions": all }).to_string()
}

/// What is recorded of one extension.
pub(super) fn document(one: &Installation) -> Value {
    let tools: Vec<Value> = one
        .tools()
        .into_iter()
        .map(|tool| {
            let part = one.failed().iter().find(|part| part.part == tool.name);
            json!({
                "name": tool.name,
                "version": tool.version,
                "result": tool.result,
                "reason": part.map(|part| &part.reason),
            })
        })
        .collect();
    json!({
        "machine": one.machine,
        "name": one.name,
        "version": one.version(),
        "result": one.result(),
        "found": one.found(),
        "tools": tools,
        "failed": one.failed(),
    })
}
