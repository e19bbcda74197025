//! What an installation printed, kept in its machine: redacted, step by step, of too much the
//! beginning and the end.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::InstallEvent;
use super::conclude::Concluded;
use super::{Job, ToolState};

/// How many bytes of the beginning are kept.
const HEAD: usize = 128 * 1024;
/// How many bytes of the end are kept.
const TAIL: usize = 512 * 1024;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Entry {
    /// A step began.
    Start {
        /// The tool it brings, or what it does.
        tool: String,
        /// How.
        method: String,
    },
    /// A line it printed.
    Line(String),
    /// What happened to it.
    Note(String),
    /// A step ended.
    End {
        /// The tool it brought, or what it did.
        tool: String,
        /// How it ended.
        result: ToolState,
    },
}

impl Entry {
    /// What is kept of an event.
    pub(super) fn of(event: &InstallEvent) -> Self {
        match event {
            InstallEvent::Step { tool, method, .. } => Self::Start {
                tool: tool.clone(),
                method: method.clone(),
            },
            InstallEvent::Stage { what, method } => Self::Start {
                tool: what.clone(),
                method: method.clone(),
            },
            InstallEvent::Validating => Self::Start {
                tool: "validation".to_owned(),
                method: "validate".to_owned(),
            },
            InstallEvent::Output(line) => Self::Line(line.clone()),
            InstallEvent::Ended { tool, result } => Self::End {
                tool: tool.clone(),
                result: *result,
            },
            InstallEvent::PickedUp | InstallEvent::Waiting { .. } | InstallEvent::Retry { .. } => {
                Self::Note(event.describe())
            }
        }
    }
}

/// Takes what happens, and keeps of it what a person may want to read later.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    head: Vec<String>,
    tail: VecDeque<String>,
    kept: (usize, usize),
    cut: bool,
}

impl Transcript {
    pub(super) fn take(&mut self, event: &InstallEvent) {
        // Plain enums and texts always have a JSON form.
        let line = serde_json::to_string(&Entry::of(event)).unwrap_or_default();
        self.keep(line);
    }

    fn keep(&mut self, line: String) {
        let size = line.len() + 1;
        if !self.cut && self.kept.0 + size <= HEAD {
            self.kept.0 += size;
            self.head.push(line);
            return;
        }
        self.kept.1 += size;
        self.tail.push_back(line);
        self.cut = true;
        while self.kept.1 > TAIL {
            let Some(line) = self.tail.pop_front() else {
                break;
            };
            self.kept.1 -= line.len() + 1;
            if self.head.last().is_none_or(|last| last != LEFT_OUT) {
                self.head.push(LEFT_OUT.to_owned());
            }
        }
    }

    /// The file's text, but for its last line, which says how it ended.
    pub(super) fn text(&self, job: &Job, end: &Concluded) -> String {
        let manifest = &job.manifest;
        let tools: Vec<Value> = end
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "name": tool.name,
                    "version": tool.version,
                    "result": tool.result,
                    "reason": tool.reason,
                })
            })
            .collect();
        let about = json!({
            "extension": manifest.name,
            "version": manifest.version,
            "content": manifest.content,
            "result": end.word(),
            "tools": tools,
        });
        let mut text = about.to_string();
        text.push('\n');
        for line in self.head.iter().chain(&self.tail) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// What stands where something was left out.
const LEFT_OUT: &str = r#"{"note":"output left out"}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_much_the_beginning_and_the_end_are_kept() {
        let mut transcript = Transcript::default();
        for number in 0..40_000 {
            let line = format!("line {number} of very many that say nothing at all");
            transcript.take(&InstallEvent::Output(line));
        }
        let all: Vec<&String> = transcript.head.iter().chain(&transcript.tail).collect();
        let bytes: usize = all.iter().map(|line| line.len() + 1).sum();
        assert!(bytes <= HEAD + TAIL + 100, "{bytes}");
        assert!(all[0].contains("line 0 ") && all[all.len() - 1].contains("line 39999 "));
        let cuts = all.iter().filter(|line| line.as_str() == LEFT_OUT).count();
        assert_eq!(cuts, 1);
    }
}
