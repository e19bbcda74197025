//! The machine's ledger: what was installed, which version and content, when, with which result.
//!
//! JSON lines, only ever appended to; on the machine's first volume where it has one, so that it
//! outlives the root file system.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::conclude::Concluded;
use super::quote::{path as home_path, quote};
use super::{Job, ToolState};
use crate::provider::MachineRef;
use crate::resource::{ProviderKind, Spec};

/// One line of a machine's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LedgerEntry {
    /// The extension.
    pub extension: String,
    /// Its version.
    pub version: String,
    /// The digest of what was run.
    pub content: String,
    /// When, as the machine's clock has it.
    pub at: String,
    /// `ready`, `found`, `partial`, `failed` or `removed`.
    pub result: String,
    /// The root file system it went into.
    #[serde(default)]
    pub root: String,
}

/// The script that appends a line about a job.
pub(super) fn append(
    machine: &MachineRef,
    job: &Job,
    root: &str,
    (result, tools): &(&'static str, Value),
) -> String {
    let manifest = &job.manifest;
    let json = |text: &str| Value::from(text).to_string();
    let before = format!(
        "{{\"extension\":{},\"version\":{},\"content\":{},\"at\":\"",
        json(manifest.name.as_str()),
        json(&manifest.version),
        json(manifest.content.as_str()),
    );
    let after = format!(
        "\",\"result\":{},\"tools\":{tools},\"root\":{}}}",
        json(result),
        json(root),
    );
    format!(
        "ledger={}
mkdir -p \"$(dirname \"$ledger\")\" &&
  printf '%s%s%s\\n' {} \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" {} >>\"$ledger\"
",
        path(machine),
        quote(&before),
        quote(&after)
    )
}

/// The ledger's word for a removal.
pub(super) fn removed() -> (&'static str, Value) {
    ("removed", json!([]))
}

/// The ledger's word for a result, and the tools with what became of them.
///
/// Why one failed isn't among it: what a script says last may tell of the state, which is encrypted
/// while the ledger isn't. The log of the installation has it.
pub(super) fn installed(end: &Concluded, ours: &BTreeSet<String>) -> (&'static str, Value) {
    let tools = end.tools.iter().map(|tool| {
        let mut entry = json!(tool);
        let kept = tool.result == ToolState::Found && ours.contains(&tool.name);
        if tool.result == ToolState::Installed || kept {
            entry["brought"] = json!(true);
        }
        entry
    });
    (end.word(), tools.collect())
}

/// The lines that frame the last entry about an extension. Wants `scratch` to be set.
pub(super) fn last(machine: &MachineRef, job: &Job) -> String {
    let name = Value::from(job.manifest.name.as_str()).to_string();
    format!(
        "ledger={}
if [ -f \"$ledger\" ] && grep -F {} \"$ledger\" | tail -n 1 >\"$scratch/ledger\"; then
  frame ledger \"$scratch/ledger\"
fi
",
        path(machine),
        quote(&format!("\"extension\":{name},")),
    )
}

/// The tools that an entry says the extension brought.
pub(super) fn brought(line: &[u8]) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Entry {
        result: String,
        tools: Vec<Tool>,
    }
    #[derive(Deserialize)]
    struct Tool {
        name: String,
        #[serde(default)]
        brought: bool,
    }
    let entry = serde_json::from_slice::<Entry>(line).ok();
    let tools = entry.filter(|entry| entry.result != "removed");
    tools
        .into_iter()
        .flat_map(|entry| entry.tools)
        .filter(|tool| tool.brought)
        .map(|tool| tool.name)
        .collect()
}

/// Whether an entry says that this job ended well, in this root file system.
///
/// Who started it may have been killed before they could record it.
pub(super) fn is_done(line: &[u8], job: &Job, root: &str) -> bool {
    let entry = serde_json::from_slice::<LedgerEntry>(line).ok();
    entry.is_some_and(|entry| {
        entry.content == job.manifest.content.as_str()
            && entry.root == root
            && matches!(entry.result.as_str(), "ready" | "found" | "partial")
    })
}

/// The last entry about each extension; lines that are none are skipped.
pub(super) fn entries(bytes: &[u8]) -> BTreeMap<String, LedgerEntry> {
    bytes
        .split(|b| *b == b'\n')
        .filter_map(|line| serde_json::from_slice::<LedgerEntry>(line).ok())
        .map(|entry| (entry.extension.clone(), entry))
        .collect()
}

/// The ledger's path as a shell word: on the machine's first volume, else in its home.
pub(super) fn path(machine: &MachineRef) -> String {
    let mount = match &*machine.spec {
        Spec::Machine(spec) => spec.mounts.first().map(|mount| (spec.provider, mount)),
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => None,
    };
    match mount {
        Some((ProviderKind::Local, mount)) => on_this_host(machine.id.as_str(), &mount.path),
        Some((_, mount)) => quote(&format!(
            "{}/.sindri/ledger.jsonl",
            mount.path.trim_end_matches('/')
        )),
        None => home_path("~/.local/state/sindri/ledger.jsonl"),
    }
}

/// Where a mount of a `local` machine appears: the machine's directory stands for its root, and two
/// customary places for its home.
fn on_this_host(directory: &str, mount: &str) -> String {
    let inner = mount
        .strip_prefix("/alt/home/developer/")
        .or_else(|| mount.strip_prefix("~/"))
        .map(|rest| format!("home/{rest}"))
        .or_else(|| {
            let rest = mount.strip_prefix("/workspace")?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("home/workspace{rest}"))
        })
        .unwrap_or_else(|| mount.trim_start_matches('/').to_owned());
    let inner = inner.trim_end_matches('/');
    quote(&format!("{directory}/{inner}/.sindri/ledger.jsonl"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_about_an_extension_counts() {
        let line = |version: &str| {
            format!(
                r#"{{"extension":"a","version":"{version}","content":"c","at":"t","result":"ready","tools":[]}}"#
            )
        };
        let text = format!("{}\nhalf a li\n{}\n", line("1"), line("2"));
        assert_eq!(entries(text.as_bytes())["a"].version, "2");
    }
}
