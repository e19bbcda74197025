//! Words for what extensions need and where they work.

use serde_json::{Map, Value, json};

use super::ExtensionEntry;
use crate::address::Name;
use crate::catalog::{
    Action, Check, Download, DownloadSource, Hook, HookRun, Manifest, Support, Verdict,
};
use crate::resource::{ProviderKind, UpgradeStrategy};

/// Whether something works, in a word or two.
pub(in crate::render) fn support(support: Support) -> &'static str {
    match support {
        Support::Supported => "yes",
        Support::Partial => "in part",
        Support::Unsupported => "no",
    }
}

/// Where it doesn't work, or in part only: `not fly; in part e2b`.
pub(super) fn exceptions(everywhere: &[(ProviderKind, Verdict)]) -> String {
    let on = |wanted: Support| {
        let names: Vec<&str> = everywhere
            .iter()
            .filter(|(_, verdict)| verdict.support == wanted)
            .map(|(provider, _)| provider.as_str())
            .collect();
        names.join(", ")
    };
    let said = [
        ("not ", Support::Unsupported),
        ("in part ", Support::Partial),
    ]
    .map(|(word, wanted)| (word, on(wanted)));
    let parts: Vec<String> = said
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(word, names)| format!("{word}{names}"))
        .collect();
    if parts.is_empty() {
        "everywhere".to_owned()
    } else {
        parts.join("; ")
    }
}

/// Why something doesn't work: the way to the extension that decides, and its own reason.
pub(in crate::render) fn because(verdict: &Verdict) -> Option<String> {
    let chain: Vec<&str> = verdict.chain.iter().map(Name::as_str).collect();
    let through = (chain.len() > 1).then(|| chain.join(" -> "));
    match (through, &verdict.reason) {
        (None, None) => None,
        (Some(through), None) => Some(through),
        (None, Some(reason)) => Some(reason.clone()),
        (Some(through), Some(reason)) => Some(format!("{through}: {reason}")),
    }
}

/// Verdicts by provider.
pub(in crate::render) fn verdict_json(verdicts: &[(ProviderKind, Verdict)]) -> Value {
    let by_provider: Map<String, Value> = verdicts
        .iter()
        .map(|(provider, verdict)| {
            let value = json!({
                "support": verdict.support,
                "chain": verdict.chain,
                "reason": verdict.reason,
                "alternative": verdict.alternative,
            });
            (provider.to_string(), value)
        })
        .collect();
    Value::Object(by_provider)
}

/// The extensions it needs, all of them, in the order in which they are installed.
pub(super) fn chain(entry: &ExtensionEntry) -> Vec<&Name> {
    let own = &entry.manifest.name;
    let all = entry.resolution.extensions.iter();
    all.map(|one| &one.manifest.name)
        .filter(|name| *name != own)
        .collect()
}

/// How a newer version takes an older one's place.
pub(super) fn strategy(strategy: UpgradeStrategy) -> &'static str {
    match strategy {
        UpgradeStrategy::Automatic => "the steps run again",
        UpgradeStrategy::Manual => "when a person says so",
        UpgradeStrategy::None => "never",
        UpgradeStrategy::Reinstall => "removed, then installed",
        UpgradeStrategy::InPlace => "over the old one",
    }
}

/// The tools, each with how it comes and what exactly.
pub(super) fn tools(manifest: &Manifest) -> Vec<String> {
    manifest
        .steps
        .iter()
        .map(|step| {
            let what = brings(&step.action);
            let mut text = format!("{} ({}", step.tool, step.action.method());
            if !what.is_empty() && what != [step.tool.as_str()] {
                text.extend([": ", &what.join(", ")]);
            }
            text.push(')');
            if manifest.continue_on_error && !step.core {
                text.push_str(", may fail");
            }
            text
        })
        .collect()
}

/// What a step names: packages with their versions, the release it fetches.
pub(super) fn brings(action: &Action) -> Vec<String> {
    match action {
        Action::Apt { packages, .. } | Action::Npm { packages } | Action::Pip { packages } => {
            packages.clone()
        }
        Action::Cargo {
            crate_, version, ..
        } => vec![match version {
            Some(version) => format!("{crate_}@{version}"),
            None => crate_.clone(),
        }],
        Action::Script { path, .. } => vec![path.clone()],
        Action::Binary { downloads } => {
            let mut all: Vec<String> = downloads.iter().map(download).collect();
            // One download for each architecture is one tool.
            all.sort();
            all.dedup();
            all
        }
        Action::Mise {
            tools, config_file, ..
        } => tools.iter().chain(config_file).cloned().collect(),
        Action::Dnf { packages } | Action::Zypper { packages } => {
            let all = packages.names.iter().chain(&packages.groups);
            all.cloned().collect()
        }
    }
}

fn download(download: &Download) -> String {
    let name = &download.name;
    match &download.source {
        DownloadSource::GithubRelease { version, .. } => format!("{name} {version}"),
        DownloadSource::Npm { package, version }
        | DownloadSource::Pypi {
            package, version, ..
        } => {
            format!("{package} {version}")
        }
        DownloadSource::Url(_) => name.clone(),
    }
}

/// A validation's command line, and what it must print.
pub(super) fn check(check: &Check) -> String {
    let line = command(check);
    match &check.expected {
        Some(expected) => format!("{line} prints {expected}"),
        None => line,
    }
}

/// A validation's command line.
pub(super) fn command(check: &Check) -> String {
    let mut words = vec![check.name.as_str()];
    words.extend(check.args.iter().map(String::as_str));
    words.join(" ")
}

/// What a hook runs.
pub(super) fn hook(hook: &Hook) -> String {
    let run = match &hook.run {
        HookRun::Command(command) => command,
        HookRun::Script(path) => path,
    };
    match &hook.description {
        Some(description) => format!("{description} ({run})"),
        None => run.clone(),
    }
}
