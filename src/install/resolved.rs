//! What an installation resolved that its manifest leaves open, for the lock.

use std::collections::BTreeMap;

use serde_json::json;

use super::{ToolResult, ToolState};
use crate::catalog::{Action, Manifest};
use crate::resource::Attributes;

/// Notes the checksums that publishers' lists named, by download and architecture, and the versions of
/// tools of which the manifest names a range.
pub(super) fn note(
    attributes: &mut Attributes,
    manifest: &Manifest,
    pins: &BTreeMap<String, (String, String)>,
    tools: &[ToolResult],
) {
    let listed: BTreeMap<String, &String> = manifest
        .steps
        .iter()
        .flat_map(|step| match &step.action {
            Action::Binary { downloads } => downloads.as_slice(),
            Action::Apt { .. }
            | Action::Npm { .. }
            | Action::Pip { .. }
            | Action::Cargo { .. }
            | Action::Script { .. }
            | Action::Mise { .. }
            | Action::Dnf { .. }
            | Action::Zypper { .. } => &[],
        })
        .filter(|download| download.sha256.is_none())
        .filter_map(|download| {
            let (arch, sum) = pins.get(&download.name)?;
            Some((format!("{} {arch}", download.name), sum))
        })
        .collect();
    if !listed.is_empty() {
        attributes.set("listed", json!(listed));
    }
    let open = |tool: &ToolResult| {
        let mut steps = manifest.steps.iter();
        steps.any(|step| step.tool == tool.name && !is_exact(&step.action))
    };
    let ranged: BTreeMap<&String, &String> = tools
        .iter()
        .filter(|tool| tool.result == ToolState::Installed && open(tool))
        .filter_map(|tool| Some((&tool.name, tool.version.as_ref()?)))
        .collect();
    if !ranged.is_empty() {
        attributes.set("ranged", json!(ranged));
    }
}

/// Whether an action says exactly which version it installs; what apt and dnf install is the mirror's
/// to say, and no range.
fn is_exact(action: &Action) -> bool {
    let number = |version: &str| version.starts_with(|c: char| c.is_ascii_digit());
    match action {
        Action::Npm { packages } => packages.iter().all(|spec| {
            let (_, version) = super::step::npm_package(spec);
            version.is_some_and(|version| number(version) && version.matches('.').count() > 1)
        }),
        Action::Pip { packages } => packages.iter().all(|one| one.contains("==")),
        Action::Cargo { version, .. } => version.is_some(),
        Action::Mise {
            tools, config_file, ..
        } => {
            let exact = |tool: &String| {
                let version = tool.rsplit_once('@').map(|(_, version)| version);
                version.is_some_and(|version| number(version) && version.matches('.').count() > 1)
            };
            config_file.is_none() && tools.iter().all(exact)
        }
        Action::Apt { .. }
        | Action::Dnf { .. }
        | Action::Zypper { .. }
        | Action::Binary { .. }
        | Action::Script { .. } => true,
    }
}
