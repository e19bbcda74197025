//! What an extension's last installation printed, as text.

use serde::Serialize;
use serde_json::json;

use crate::address::Address;
use crate::render::page::{Page, Style, Tone};
use crate::render::text::clean;

/// What an installation printed.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The extension.
    pub address: Address,
    /// Its version.
    pub version: Option<String>,
    /// The digest of what ran.
    pub content: Option<String>,
    /// When it ended.
    pub at: Option<String>,
    /// `running`, `interrupted`, or how it ended: `ready`, `found`, `partial`, `failed`.
    pub state: String,
    /// Step by step.
    pub steps: Vec<LoggedStep>,
}

/// What one step printed.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedStep {
    /// The tool it brings, or what it does.
    pub tool: String,
    /// How: `apt`, `npm`…
    pub method: String,
    /// What became of it, where it ended.
    pub result: Option<&'static str>,
    /// Its lines; what happened to the step between them is among `notes`.
    pub lines: Vec<String>,
    /// What happened to it: tried again, waiting for a lock.
    pub notes: Vec<String>,
}

/// Something that is told while an installation runs.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LogEvent {
    /// A step began.
    StepStarted {
        /// The tool it brings, or what it does.
        tool: String,
        /// How.
        method: String,
    },
    /// A line was printed.
    Line {
        /// The line.
        line: String,
    },
    /// Something happened to the step.
    Note {
        /// What.
        text: String,
    },
    /// A step ended.
    StepEnded {
        /// The tool, or what was done.
        tool: String,
        /// What became of it.
        result: &'static str,
    },
    /// The installation ended, or nobody goes on with it.
    Ended {
        /// `interrupted`, `ready`, `found`, `partial`, `failed`.
        state: String,
    },
}

/// A log for people: each step under its heading.
pub fn extension_log_human(log: &Logged, style: &Style) -> String {
    let mut page = Page::new(*style);
    heading(&mut page, log);
    for step in &log.steps {
        page.end();
        page.tone(Tone::Strong, &title(&step.tool, &step.method));
        if let Some(result) = step.result {
            page.raw(": ").tone(tone(result), result);
        }
        page.end();
        for line in &step.lines {
            page.raw("  ").raw(&clean(line)).end();
        }
        for note in &step.notes {
            page.raw("  ")
                .tone(Tone::Faint, &format!("({})", clean(note)))
                .end();
        }
    }
    page.into_text()
}

fn heading(page: &mut Page, log: &Logged) {
    let mut parts = Vec::new();
    if let Some(version) = &log.version {
        parts.push(format!("version {}", clean(version)));
    }
    parts.push(clean(&log.state).into_owned());
    parts.extend(log.at.as_deref().map(|at| clean(at).into_owned()));
    page.start(Tone::Strong)
        .show(&log.address)
        .stop(Tone::Strong);
    page.raw(": ").raw(&parts.join(", ")).end();
}

/// A log as one line of JSON.
pub fn extension_log_json(log: &Logged) -> String {
    json!({
        "address": log.address,
        "machine": log.address.machine(),
        "name": log.address.leaf(),
        "version": log.version,
        "content": log.content,
        "at": log.at,
        "state": log.state,
        "steps": log.steps,
    })
    .to_string()
}

/// Something that is told while an installation runs, for people.
pub fn log_event_human(event: &LogEvent, style: &Style) -> String {
    let mut page = Page::new(*style);
    match event {
        LogEvent::StepStarted { tool, method } => {
            page.tone(Tone::Strong, &title(tool, method)).end();
        }
        LogEvent::Line { line } => {
            page.raw("  ").raw(&clean(line)).end();
        }
        LogEvent::Note { text } => {
            page.raw("  ")
                .tone(Tone::Faint, &format!("({})", clean(text)))
                .end();
        }
        LogEvent::StepEnded { tool, result } => {
            page.raw(&clean(tool))
                .raw(": ")
                .tone(tone(result), result)
                .end();
        }
        LogEvent::Ended { state } => {
            page.raw("The installation is over: ")
                .raw(&clean(state))
                .raw(".")
                .end();
        }
    }
    page.into_text()
}

/// The same as one line of JSON.
pub fn log_event_json(event: &LogEvent) -> String {
    // Plain enums and texts always have a JSON form.
    serde_json::to_string(event).unwrap_or_default()
}

fn title(tool: &str, method: &str) -> String {
    if method.is_empty() || method == tool {
        return clean(tool).into_owned();
    }
    format!("{} ({})", clean(tool), clean(method))
}

fn tone(result: &str) -> Tone {
    match result {
        "failed" => Tone::Bad,
        "untried" | "skipped" => Tone::Changed,
        _ => Tone::Good,
    }
}
