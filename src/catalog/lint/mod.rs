//! What a manifest of the catalog must have beyond what a reader asks of it.

mod fetched;
mod hosts;
mod script;

use super::manifest::Manifest;
use super::read::{self, MANIFEST_FILE};
use super::shelf::Folder;
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};

/// Finds everything that keeps an extension from the catalog; nothing: it is fit.
///
/// Beyond what reading refuses (no validation, paths out of the folder…): no license, homepage or
/// checksum, hosts that aren't declared, versions that may move, scripts that go on after an error
/// or ask questions.
pub fn lint(name: &Name, folder: &Folder) -> Diagnostics {
    let manifest = match read::manifest(name, folder.clone()) {
        Ok(manifest) => manifest,
        Err(findings) => return findings,
    };
    let mut findings = manifest.notes.clone();
    let lines = Lines::of(&manifest);
    for (missing, code, summary, help) in [
        (
            manifest.license.is_none(),
            "catalog::no-license",
            "names no license",
            "add `license:`, an SPDX expression of what it installs, or `proprietary`",
        ),
        (
            manifest.homepage.is_none(),
            "catalog::no-homepage",
            "names no homepage",
            "add `homepage:` of what it installs",
        ),
    ] {
        if missing {
            let text = format!("`{name}` {summary}");
            findings.push(lines.at("metadata", error(code, text).help(help)));
        }
    }
    findings.extend(fetched::fetched(&manifest, &lines));
    findings.extend(hosts::hosts(&manifest, &lines));
    findings.extend(script::scripts(&manifest));
    findings
}

fn error(code: &'static str, text: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::new(code), text)
}

/// The manifest's text, to point at its lines.
struct Lines {
    source: Option<Source>,
}

impl Lines {
    fn of(manifest: &Manifest) -> Self {
        let shown = format!("{}/{MANIFEST_FILE}", manifest.folder.shown);
        let text = std::str::from_utf8(&manifest.folder.manifest).ok();
        Self {
            source: text.map(|text| Source::new(&shown, text)),
        }
    }

    /// Adds the place of a node.
    fn at(&self, node: &str, found: Diagnostic) -> Diagnostic {
        let source = self.source.as_ref();
        match source.and_then(|source| read::place(source, node)) {
            Some(place) => found.at(place),
            None => found,
        }
    }

    /// Adds the place of a text, where the manifest has it.
    fn of_text(&self, text: &str, found: Diagnostic) -> Diagnostic {
        let Some(source) = &self.source else {
            return found;
        };
        match source.text.find(text) {
            Some(at) => found.at(source.place(at, text.len())),
            None => found,
        }
    }
}
