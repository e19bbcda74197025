//! What is fetched: its version must be exact, and its content known.

use super::{Lines, error};
use crate::catalog::manifest::Manifest;
use crate::catalog::step::{Action, Download, DownloadSource};
use crate::diagnostic::Diagnostics;

pub(super) fn fetched(manifest: &Manifest, lines: &Lines) -> Diagnostics {
    let mut found = Vec::new();
    let mut moves = |what: &str, help: &str| {
        let text = format!("`{what}` has no exact version, so it may move");
        found.push(lines.of_text(what, error("catalog::unpinned", text).help(help)));
    };
    for step in &manifest.steps {
        match &step.action {
            Action::Npm { packages } => {
                for package in packages.iter().filter(|one| !exact_after(one, "@")) {
                    moves(package, "write `name@1.2.3`");
                }
            }
            Action::Pip { packages } => {
                for package in packages.iter().filter(|one| !exact_after(one, "==")) {
                    moves(package, "write `name==1.2.3`");
                }
            }
            Action::Mise { tools, .. } => {
                for tool in tools.iter().filter(|one| !exact_after(one, "@")) {
                    moves(tool, "write `name@1.2.3`");
                }
            }
            Action::Cargo {
                crate_, version, ..
            } => {
                if !version.as_deref().is_some_and(exact) {
                    moves(crate_, "add `version: 1.2.3`");
                }
            }
            Action::Binary { downloads } => {
                for download in downloads {
                    if let DownloadSource::GithubRelease { url, version, .. } = &download.source
                        && version == "latest"
                    {
                        moves(url, "add `version:`, the release's tag");
                    }
                }
            }
            // A distribution's packages move with its repositories, which are signed.
            Action::Apt { .. }
            | Action::Dnf { .. }
            | Action::Zypper { .. }
            | Action::Script { .. } => {}
        }
    }
    found.extend(unverified(manifest, lines));
    found
}

/// What is fetched without a checksum or a key's fingerprint.
fn unverified(manifest: &Manifest, lines: &Lines) -> Diagnostics {
    let mut found = Vec::new();
    for step in &manifest.steps {
        match &step.action {
            Action::Binary { downloads } => {
                let without = |one: &&Download| one.sha256.is_none() && one.checksums.is_none();
                for download in downloads.iter().filter(without) {
                    let text = format!("the download `{}` has no checksum", download.name);
                    let help = "add `sha256:` of what is fetched, or `checksums:` of the publisher";
                    found.push(lines.at("install", error("catalog::no-checksum", text).help(help)));
                }
            }
            Action::Apt { repositories, .. } => {
                for one in repositories.iter().filter(|one| one.fingerprint.is_none()) {
                    let text = format!("the key {} has no fingerprint", one.gpg_key);
                    let finding = error("catalog::no-fingerprint", text)
                        .help("add `fingerprint:`, so that another key is refused");
                    found.push(lines.of_text(&one.gpg_key, finding));
                }
            }
            Action::Dnf { packages } | Action::Zypper { packages } => {
                for one in packages
                    .repositories
                    .iter()
                    .filter(|one| one.gpg_key.is_none() || one.fingerprint.is_none())
                {
                    let text = format!("the repository {} names no key", one.base_url);
                    let finding = error("catalog::no-fingerprint", text)
                        .help("add `gpgKey:` and `fingerprint:`");
                    found.push(lines.of_text(&one.base_url, finding));
                }
            }
            Action::Npm { .. }
            | Action::Pip { .. }
            | Action::Cargo { .. }
            | Action::Mise { .. }
            | Action::Script { .. } => {}
        }
    }
    found
}

/// Whether what follows the last separator is an exact version.
fn exact_after(text: &str, separator: &str) -> bool {
    text.rsplit_once(separator)
        .is_some_and(|(name, version)| !name.is_empty() && exact(version))
}

/// Whether a version names one release: digits and dots first, no range and no wildcard.
fn exact(version: &str) -> bool {
    let version = version.strip_prefix(['v', '=']).unwrap_or(version);
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.contains('.')
        && !version.contains(['*', '^', '~', '<', '>', '|', ' ', ','])
        && !version.split('.').any(|part| part == "x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_release_is_exact() {
        let good = ["a@1.2.3", "@scope/pkg@1.0.0-rc.1", "npm:@scope/pkg@v2.0.1"];
        assert!(good.iter().all(|text| exact_after(text, "@")));
        let bad = [
            "a",
            "@scope/pkg",
            "a@latest",
            "a@^1.2.3",
            "a@1.x",
            "a@1",
            "a@>=1.0",
        ];
        assert!(!bad.iter().any(|text| exact_after(text, "@")));
        assert!(exact_after("ruff==0.14.0", "=="));
        assert!(!exact_after("ruff>=0.14.0", "=="));
    }
}
