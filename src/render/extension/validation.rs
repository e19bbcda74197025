//! What validations found inside machines.

use serde::Serialize;
use serde_json::json;

use crate::address::Name;
use crate::diagnostic::Diagnostics;
use crate::render::page::{Page, Style, Tone};
use crate::render::text::{clean, count, wrap};

/// One extension of one machine, validated.
#[derive(Clone, Debug, Serialize)]
pub struct Validated {
    /// The machine.
    pub machine: Name,
    /// The extension.
    pub name: Name,
    /// Whether nothing is wrong.
    pub valid: bool,
    /// Its validations, in the manifest's order.
    pub checks: Vec<Checked>,
    /// What is wrong beside them: a ledger that says otherwise.
    pub wrong: Vec<String>,
}

/// One validation.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The tool it proves.
    pub tool: String,
    /// The command line that ran.
    pub command: String,
    /// The version it told.
    pub version: Option<String>,
    /// Why it failed; none: it didn't.
    pub reason: Option<String>,
}

/// Validations for people: one a line, and how many failed.
pub fn validation_human(validated: &[Validated], style: &Style) -> String {
    let mut page = Page::new(*style);
    for one in validated {
        let heading = format!("{}/{}", one.machine, one.name);
        page.tone(Tone::Strong, &heading).end();
        for check in &one.checks {
            line(&mut page, check);
        }
        for wrong in &one.wrong {
            page.raw("  ").tone(Tone::Bad, "failed").raw("  ");
            paragraph(&mut page, wrong);
        }
    }
    let broken = validated.iter().filter(|one| !one.valid).count();
    if !validated.is_empty() {
        page.end();
    }
    let total = count(validated.len(), "extension");
    if validated.is_empty() {
        page.raw("Nothing was validated.").end();
    } else if broken == 0 {
        let text = format!("{total} validated; nothing is wrong.");
        page.tone(Tone::Good, &text).end();
    } else {
        let text = format!("{total} validated; {broken} broken.");
        page.tone(Tone::Bad, &text)
            .raw(" `sindri apply --deep` installs what is broken again.")
            .end();
    }
    page.into_text()
}

fn line(page: &mut Page, check: &Checked) {
    match &check.reason {
        None => {
            page.raw("  ").tone(Tone::Good, "ok").raw("      ");
            page.user(&check.command);
            if let Some(version) = &check.version {
                page.raw(": ").user(version);
            }
            page.end();
        }
        Some(reason) => {
            page.raw("  ").tone(Tone::Bad, "failed").raw("  ");
            paragraph(page, &format!("{} {reason}", check.command));
        }
    }
}

/// Text from outside that goes on below where it began.
fn paragraph(page: &mut Page, text: &str) {
    let text = clean(text);
    for (at, line) in wrap(&text, page.style.width.saturating_sub(10))
        .iter()
        .enumerate()
    {
        page.pad(if at == 0 { 0 } else { 10 }).raw(line).end();
    }
}

/// Validations as one line of JSON.
pub fn validation_json(validated: &[Validated], findings: &Diagnostics) -> String {
    let broken = validated.iter().any(|one| !one.valid);
    let errors = findings.iter().any(crate::diagnostic::Diagnostic::is_error);
    json!({ "valid": !broken && !errors, "extensions": validated, "diagnostics": findings })
        .to_string()
}
