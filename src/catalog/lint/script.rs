//! Scripts: how they end, how their lines end, and that they ask nothing.

use std::collections::BTreeSet;

use super::error;
use crate::catalog::capability::{Hook, HookRun};
use crate::catalog::manifest::{Manifest, RemoveStep};
use crate::catalog::step::Action;
use crate::diagnostic::{Diagnostic, Diagnostics, Source};

pub(super) fn scripts(manifest: &Manifest) -> Diagnostics {
    let mut found = Vec::new();
    for path in paths(manifest) {
        if let Some(bytes) = manifest.files.get(path) {
            let shown = format!("{}/{path}", manifest.folder.shown);
            script(&shown, bytes, &mut found);
        }
    }
    for command in commands(manifest) {
        for question in command.lines().filter_map(asks) {
            found.push(error(
                "catalog::prompts",
                format!("`{}` {question}", command.trim()),
            ));
        }
    }
    found
}

fn hooks(manifest: &Manifest) -> impl Iterator<Item = &Hook> {
    let hooks = &manifest.capabilities.hooks;
    [
        &hooks.pre_install,
        &hooks.post_install,
        &hooks.pre_project_init,
        &hooks.post_project_init,
    ]
    .into_iter()
    .flatten()
}

/// The scripts that are run, each once.
fn paths(manifest: &Manifest) -> BTreeSet<&str> {
    let steps = manifest.steps.iter().filter_map(|step| match &step.action {
        Action::Script { path, .. } => Some(path.as_str()),
        Action::Apt { .. }
        | Action::Npm { .. }
        | Action::Pip { .. }
        | Action::Cargo { .. }
        | Action::Binary { .. }
        | Action::Mise { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. } => None,
    });
    let removals = manifest.remove.steps.iter().filter_map(|step| match step {
        RemoveStep::Script { path, .. } => Some(path.as_str()),
        RemoveStep::Apt { .. }
        | RemoveStep::Dnf { .. }
        | RemoveStep::Zypper { .. }
        | RemoveStep::Mise { .. } => None,
    });
    let hooks = hooks(manifest).filter_map(|hook| match &hook.run {
        HookRun::Script(path) => Some(path.as_str()),
        HookRun::Command(_) => None,
    });
    steps.chain(removals).chain(hooks).collect()
}

fn commands(manifest: &Manifest) -> impl Iterator<Item = &str> {
    hooks(manifest).filter_map(|hook| match &hook.run {
        HookRun::Command(command) => Some(command.as_str()),
        HookRun::Script(_) => None,
    })
}

fn script(shown: &str, bytes: &[u8], found: &mut Diagnostics) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let text = format!("`{shown}` isn't UTF-8");
        found.push(error("catalog::script-utf8", text).help("write it as text"));
        return;
    };
    let source = Source::new(shown, text);
    if !text.lines().any(stops) {
        let text = format!("`{shown}` goes on after a command that failed");
        let help = "begin it with `set -e` or `set -eu`";
        found.push(error("catalog::script-goes-on", text).help(help));
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(question) = asks(line) {
            found.push(asked(shown, question, &source, at, line.trim_end().len()));
        }
        if line.contains("@latest") || line.contains("/releases/latest") {
            let text = format!("`{shown}` takes the newest version, which moves");
            let finding = error("catalog::unpinned", text).help("name an exact version");
            found.push(finding.at(source.place(at, line.trim_end().len())));
        }
        at += line.len();
    }
}

fn asked(shown: &str, question: &str, source: &Source, at: usize, length: usize) -> Diagnostic {
    error("catalog::prompts", format!("`{shown}` {question}"))
        .help("nobody is there to answer: pass what it asks for, or an option such as `-y`")
        .at(source.place(at, length))
}

/// Whether a line makes the script end at the first command that fails.
fn stops(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("set")
        && words.any(|word| {
            let letters = word.strip_prefix('-').unwrap_or_default();
            word == "errexit" || (!letters.starts_with('-') && letters.contains('e'))
        })
}

/// What a line asks a person; none where it asks nothing.
fn asks(line: &str) -> Option<&'static str> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '"' | '\''))
        .take_while(|word| !word.starts_with('#'))
        .filter(|word| !word.is_empty())
        .collect();
    let agrees = || {
        words.iter().any(|word| {
            matches!(
                *word,
                "--yes" | "--assume-yes" | "--non-interactive" | "-n" | "--noconfirm"
            ) || (word.starts_with('-') && !word.starts_with("--") && word.contains('y'))
        })
    };
    for pair in words.windows(2) {
        let installer = matches!(pair[0], "apt" | "apt-get" | "dnf" | "yum" | "zypper");
        let changes = words
            .iter()
            .any(|word| matches!(*word, "install" | "remove" | "purge" | "upgrade"));
        if installer && changes && !agrees() {
            return Some("installs packages without `-y`, which asks first");
        }
        if pair[0] == "read" && pair[1].starts_with("-p") {
            return Some("reads an answer from the terminal");
        }
    }
    match words.first() {
        Some(&"passwd" | &"whiptail" | &"dialog") => Some("opens a dialogue"),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_found_and_answers_too() {
        let asking = [
            "sudo apt-get install curl",
            "  read -p 'Sure? ' answer",
            "dnf install -q gcc",
            "passwd developer",
        ];
        assert!(asking.iter().all(|line| asks(line).is_some()));
        let silent = [
            "apt-get install -y curl",
            "apt-get -qy install curl # apt-get install",
            "while read -r line; do",
            "zypper --non-interactive install gcc",
            "apt-get update",
        ];
        assert!(silent.iter().all(|line| asks(line).is_none()));
    }

    #[test]
    fn a_script_stops_by_any_spelling() {
        assert!(
            ["set -e", "  set -eu", "set -euo pipefail", "set -o errexit"]
                .iter()
                .all(|l| stops(l))
        );
        assert!(
            !["set -u", "setx -e", "# set -e", "set --"]
                .iter()
                .any(|l| stops(l))
        );
    }
}
