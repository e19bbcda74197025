//! Hosts: each that an installation names must be declared.

use std::collections::BTreeSet;

use super::{Lines, error};
use crate::catalog::ground::Network;
use crate::catalog::manifest::Manifest;
use crate::catalog::step::{Action, Checksums, DownloadSource};
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
    for url in urls(manifest) {
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

/// The addresses that the manifest itself has fetched.
fn urls(manifest: &Manifest) -> Vec<String> {
    let mut urls = Vec::new();
    for step in &manifest.steps {
        match &step.action {
            Action::Binary { downloads } => {
                for download in downloads {
                    match &download.source {
                        DownloadSource::Url(url) | DownloadSource::GithubRelease { url, .. } => {
                            urls.push(url.clone());
                        }
                        DownloadSource::Npm { .. } | DownloadSource::Pypi { .. } => {}
                    }
                    if let Some(Checksums::Url(url)) = &download.checksums {
                        urls.push(url.clone());
                    }
                }
            }
            Action::Apt { repositories, .. } => {
                for one in repositories {
                    urls.extend([one.gpg_key.clone(), one.sources.clone()]);
                }
            }
            Action::Dnf { packages } | Action::Zypper { packages } => {
                for one in &packages.repositories {
                    urls.extend(one.gpg_key.clone());
                    urls.push(one.base_url.clone());
                }
            }
            Action::Npm { .. }
            | Action::Pip { .. }
            | Action::Cargo { .. }
            | Action::Mise { .. }
            | Action::Script { .. } => {}
        }
    }
    urls
}

/// The hosts of all addresses in a text, each with where it begins.
fn named(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.match_indices("://").filter_map(move |(at, sign)| {
        let scheme = &text[..at];
        if !scheme.ends_with("http") && !scheme.ends_with("https") {
            return None;
        }
        let start = at + sign.len();
        let rest = &text[start..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
            .unwrap_or(rest.len());
        let host = &rest[..end];
        // What a variable begins or ends is known to the machine only.
        let is_whole = !rest[end..].starts_with(['$', '{', '@']);
        (is_whole && host.contains('.')).then_some((host, start))
    })
}

/// Whether a host is the machine itself.
fn is_here(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "0.0.0.0")
}

fn in_comment(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[start..].trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_of_addresses() {
        let text = "curl https://a.example.com/x http://127.0.0.1:80/ https://$HOST/ \
                    ftp://c.example.com https://api.${REGION}.example.com https://d.example.com";
        let hosts: Vec<&str> = named(text).map(|(host, _)| host).collect();
        assert_eq!(hosts, ["a.example.com", "127.0.0.1", "d.example.com"]);
        assert!(in_comment("x\n  # https://a.example.com", 15));
        assert!(!in_comment("# y\nhttps://a.example.com", 12));
    }
}
