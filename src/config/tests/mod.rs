//! What the reader promises, told through its front door.

mod bounds;
mod documents;
mod findings;
mod fleet;
mod meaning;
mod network;
mod typos;

use super::{Config, Overrides, read};
use crate::diagnostic::{Diagnostic, Diagnostics, Source};

/// Reads a text as `sindri.yaml`.
fn read_text(text: &str) -> (Option<Config>, Diagnostics) {
    read(&Source::new("sindri.yaml", text), Overrides::default())
}

/// The meaning of a text that is right.
fn meaning(text: &str) -> Config {
    let (config, findings) = read_text(text);
    config.unwrap_or_else(|| panic!("{}\nin\n{text}", told(&findings)))
}

/// The findings as people read them, a line each.
fn told(findings: &[Diagnostic]) -> String {
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(finding: &Diagnostic) -> String {
    let place = finding.place.as_ref().map_or(String::new(), |place| {
        format!("{}:{}:{} ", place.file, place.line, place.column)
    });
    let help = finding.help.as_deref().unwrap_or_default();
    format!("{place}{} {} / {help}", finding.code, finding.summary)
}

/// Lays a fragment over a minimal complete file.
fn complete(fragment: &str) -> String {
    let mut text = fragment.to_owned();
    for (key, minimal) in [("version:", "version: \"3.0\""), ("name:", "name: dev")] {
        if !fragment.lines().any(|line| line.starts_with(key)) {
            text = format!("{minimal}\n{text}");
        }
    }
    text
}

/// A text of many parts.
fn many(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().concat()
}
