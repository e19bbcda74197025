//! Hosts: each that an installation names must be declared.

use std::collections::BTreeSet;

use super::{Lines, error};
use crate::catalog::domains::{in_comment, named, urls};
use crate::catalog::ground::Network;
use crate::catalog::manifest::Manifest;
use crate::diagnostic::{Diagnostics, Source};

const HELP: &str = "list the host under `requirements.domains`, so that plans can check it";

pub(super) fn hosts(manifest: &Manifest, lines: &Lines) -> Diagnostics {
    let declared = Network {
        open: true,
        allowed: manifest.requirements.domains.clone(),
        blocked: Vec::new(),
    };
    // Without a list everything would be allowed.
    let is_declared =
        |host: &str| !declared.allowed.is_empty() && declared.reaches(host) || is_here(host);
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for url in manifest.steps.iter().flat_map(|step| urls(&step.action)) {
        for host in named(&url).map(|(host, _)| host) {
            if !is_declared(host) && told.insert(host.to_owned()) {
                let text = format!("the host {host} isn't declared");
                let finding = error("catalog::undeclared-host", text).help(HELP);
                found.push(lines.of_text(&url, finding));
            }
        }
    }
    for (path, bytes) in manifest.files.iter() {
        let Ok(text) = std::str::from_utf8(bytes) else {
            continue;
        };
        let source = Source::new(&format!("{}/{path}", manifest.folder.shown), text);
        for (host, at) in named(text) {
            if !in_comment(text, at) && !is_declared(host) && told.insert(host.to_owned()) {
                let text = format!("the host {host} isn't declared");
                found.push(
                    error("catalog::undeclared-host", text)
                        .help(HELP)
                        .at(source.place(at, host.len())),
                );
            }
        }
    }
    found
}

/// Whether a host is the machine itself.
fn is_here(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "0.0.0.0")
}
