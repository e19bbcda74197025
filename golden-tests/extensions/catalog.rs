//! What the catalog's manifests say of themselves: the commands that must work.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex_lite::RegexBuilder;
use serde_yaml::Value;

use super::{docker, local};

/// A command of a manifest's validation.
pub(super) struct Check {
    /// The extension it belongs to.
    extension: String,
    /// As it is typed.
    line: String,
    expected: Option<String>,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("extensions")
}

/// The validations of some extensions of the catalog.
pub(super) fn checks(extensions: &[&str]) -> Vec<Check> {
    extensions
        .iter()
        .flat_map(|extension| checks_of(extension))
        .collect()
}

fn checks_of(extension: &str) -> Vec<Check> {
    let path = folder().join(extension).join("extension.yaml");
    let manifest: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let commands = manifest["validate"]["commands"].as_sequence().unwrap();
    commands
        .iter()
        .map(|command| {
            let mut words = vec![text(&command["name"]).unwrap()];
            match (command["args"].as_sequence(), text(&command["versionFlag"])) {
                (Some(args), _) => words.extend(args.iter().filter_map(text)),
                (None, Some(flag)) => words.push(flag),
                (None, None) => words.push("--version".to_owned()),
            }
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            Check {
                extension: extension.to_owned(),
                line: quoted.join(" "),
                expected: text(&command["expectedPattern"]),
            }
        })
        .collect()
}

/// A line for a shell that runs all of them and tells how each ended.
pub(super) fn line(checks: &[Check]) -> String {
    let one = |check: &Check| format!("echo '@@'; {} 2>&1; echo \"@code $?\"", check.line);
    checks.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// What is wrong with what the shell told.
pub(super) fn wrong(checks: &[Check], told: &str) -> Vec<String> {
    let answers: Vec<&str> = told.split("@@\n").skip(1).collect();
    assert_eq!(answers.len(), checks.len(), "{told}");
    let bad = |(check, answer): (&Check, &&str)| {
        let matches = check.expected.as_ref().is_none_or(|expected| {
            let pattern = RegexBuilder::new(expected)
                .multi_line(true)
                .build()
                .unwrap();
            pattern.is_match(answer)
        });
        let good = matches && answer.ends_with("@code 0\n");
        (!good).then(|| format!("{}: {}: {answer}", check.extension, check.line))
    };
    checks.iter().zip(&answers).filter_map(bad).collect()
}

/// Those that the tests hold against reader, resolver, schemas and linter, but don't install: they come
/// from vendors' hosts that a machine of the tests doesn't reach, or take hundreds of megabytes.
const ONLY_READ: [&str; 58] = [
    "agent-browser",
    "agent-manager",
    "agentic-flow",
    "agentic-qe",
    "ai-toolkit",
    "clarity",
    "claude-cli",
    "claude-code-mux",
    "claude-flow-v2",
    "claude-flow-v3",
    "claude-marketplace",
    "claudeup",
    "claudish",
    "cloud-tools",
    "compahook",
    "context7-mcp",
    "docker",
    "dotnet",
    "draupnir",
    "excalidraw-mcp",
    "github-cli",
    "gitnexus",
    "glab",
    "golang",
    "goose",
    "guacamole",
    "haskell",
    "infra-tools",
    "jira-mcp",
    "jvm",
    "kilo",
    "linear-mcp",
    "loki-mode",
    "mdflow",
    "monitoring",
    "notebooklm-mcp-cli",
    "ollama",
    "openclaw",
    "opencode",
    "openfang",
    "p-replicator",
    "pal-mcp-server",
    "paperclip",
    "playwright",
    "ralph",
    "rtk",
    "ruby",
    "ruflo",
    "rust",
    "ruvector-cli",
    "ruvnet-research",
    "rvf-cli",
    "sdkman",
    "shannon",
    "spec-kit",
    "supabase-cli",
    "swift",
    "xfce-ubuntu",
];

/// A new extension must be added to one of the lists.
pub(super) fn every_extension_is_tested() {
    let carried: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let tested: BTreeSet<String> = docker::EXTENSIONS
        .iter()
        .chain(&docker::BUILT)
        .chain(&local::EXTENSIONS)
        .map(|&name| name.to_owned())
        .collect();
    let read: BTreeSet<String> = ONLY_READ.iter().map(|&name| name.to_owned()).collect();
    assert!(tested.is_disjoint(&read), "installed, and said not to be");
    assert_eq!(carried, tested.union(&read).cloned().collect());
}
