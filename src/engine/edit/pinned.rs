//! Versions that a person counts on, and what the lock makes of them.

use super::super::project::Project;
use super::gone::edited;
use super::request::Pinned;
use crate::config::EditedEntry;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// Finds versions counted on of which a machine would get another one, since the lock says so.
pub(super) fn locked_otherwise(
    project: &Project,
    entries: &[EditedEntry],
    pins: &[Pinned],
) -> Diagnostics {
    let mut findings: Diagnostics = Vec::new();
    for pin in pins {
        let Some(wanted) = &pin.version else { continue };
        let other = edited(project, entries).find_map(|machine| {
            let manifest = project.manifest(machine, &pin.name)?;
            (manifest.version != *wanted).then_some((machine, &manifest.version))
        });
        let Some((machine, locked)) = other else {
            continue;
        };
        let (name, lock) = (&pin.name, &project.lockfile.shown);
        let summary = format!("`{lock}` gives `{machine}` `{name}` {locked}, not {wanted}");
        let help = format!(
            "leave the version out; `sindri extension upgrade {name}` moves it to what this sindri carries"
        );
        findings.push(Diagnostic::error(Code::new("catalog::version"), summary).help(help));
    }
    findings
}
