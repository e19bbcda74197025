//! What edits leave alone, and what they come to.

mod properties;
mod refusals;
mod shapes;

use super::{Asking, Scope, edit};
use crate::address::{Name, NameRule};
use crate::diagnostic::{Diagnostic, Diagnostics};

fn name(text: &str) -> Name {
    Name::parse(NameRule::Extension, text).unwrap()
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| name(text)).collect()
}

/// The machines named; all where none is.
fn scope(machines: &[&str]) -> Scope {
    if machines.is_empty() {
        Scope::Every
    } else {
        Scope::Only(names(machines).into_iter().collect())
    }
}

/// A text edited so that each machine's wish comes true.
fn edited(
    text: &str,
    machines: &[&str],
    wish: impl Fn(&Asking) -> Asking,
) -> Result<String, Diagnostics> {
    let made = edit(
        "sindri.yaml",
        text.as_bytes(),
        &scope(machines),
        &mut |_, asking| Ok(wish(asking)),
    )?;
    Ok(String::from_utf8(made.bytes).unwrap())
}

/// A text with extensions installed.
fn install(text: &str, machines: &[&str], new: &[&str]) -> Result<String, Diagnostics> {
    edited(text, machines, |before| {
        let mut after = before.clone();
        for one in names(new) {
            if !after.names.contains(&one) {
                after.names.push(one);
            }
        }
        after
    })
}

/// A text with extensions removed.
fn remove(text: &str, machines: &[&str], old: &[&str]) -> Result<String, Diagnostics> {
    edited(text, machines, |before| {
        let mut after = before.clone();
        after.names.retain(|one| !old.contains(&one.as_str()));
        after
    })
}

/// A text whose machines have a profile.
fn profile(text: &str, machines: &[&str], new: &str) -> Result<String, Diagnostics> {
    edited(text, machines, |before| Asking {
        profile: Some(name(new)),
        names: before.names.clone(),
    })
}

/// A text whose profiles are written out as these.
fn write_out(text: &str, machines: &[&str], members: &[&str]) -> Result<String, Diagnostics> {
    edited(text, machines, |before| {
        let mut after = Asking {
            profile: None,
            names: before.names.clone(),
        };
        after.names.extend(names(members));
        after
    })
}

/// Findings as people read them.
fn told(findings: &[Diagnostic]) -> String {
    let lines = findings.iter().map(|finding| {
        let line = finding.place.as_ref().map_or(0, |place| place.line);
        let help = finding.help.as_deref().unwrap_or_default();
        format!(
            "{line} {}: {} ({}) / {help}",
            finding.code,
            finding.summary,
            finding.causes.join(", ")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The edit that is expected, or what was found.
fn shown(made: Result<String, Diagnostics>) -> String {
    made.unwrap_or_else(|findings| told(&findings))
}
