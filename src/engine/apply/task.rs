//! What an installation has to do, from what is recorded and what was found.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::Manifest;
use crate::install::Purpose;
use crate::resource::{ExtensionSpec, Spec};
use crate::state::{Object, Status};

/// Why an extension is worked on, and the tools of it that go.
///
/// Where the manifest is the one that was installed, only what differs is done: tools that failed
/// or don't work any more, and those that were chosen or dropped since.
pub(super) fn task(
    manifest: &Manifest,
    wanted: &Arc<Spec>,
    was: Option<&Object>,
    broken: &[String],
) -> (Purpose, BTreeSet<String>) {
    let nothing = BTreeSet::new();
    let (Some(object), Some(wanted)) = (was, wanted.extension()) else {
        return (Purpose::Install, nothing);
    };
    let Some(stands) = object.spec.extension() else {
        return (Purpose::Install, nothing);
    };
    let failed: BTreeSet<String> = match &object.status {
        Status::Ready => nothing.clone(),
        Status::Partial { failed } => failed.iter().map(|part| part.part.clone()).collect(),
        // Its upgrade didn't end, or nobody lived to record that it did, which the machine knows.
        Status::Tainted if !is_same(stands, wanted) => nothing.clone(),
        // A person wants it made anew.
        Status::Tainted => {
            let all = chosen(manifest, wanted);
            return (Purpose::Heal(all), nothing);
        }
        Status::Deleting | Status::Retained => return (Purpose::Install, nothing),
    };
    let (before, after) = (chosen(manifest, stands), chosen(manifest, wanted));
    let drop: BTreeSet<String> = before.difference(&after).cloned().collect();
    if !is_same(stands, wanted) {
        return (Purpose::Upgrade, drop);
    }
    let steps: BTreeSet<&str> = manifest.tools().into_iter().collect();
    let known = broken.iter().all(|tool| steps.contains(tool.as_str()));
    let mut tools: BTreeSet<String> = after.difference(&before).cloned().collect();
    tools.extend(failed.into_iter().filter(|tool| after.contains(tool)));
    if !broken.is_empty() {
        // What proves no tool alone may be healed by any of them.
        tools.extend(broken.iter().filter(|tool| after.contains(*tool)).cloned());
        let tools = if known { tools } else { after };
        return (Purpose::Heal(tools), drop);
    }
    if tools.is_empty() && drop.is_empty() {
        return (Purpose::Heal(after), drop);
    }
    (Purpose::Retry(tools), drop)
}

/// Whether the manifest is the one that was installed.
fn is_same(stands: &ExtensionSpec, wanted: &ExtensionSpec) -> bool {
    stands.content == wanted.content && stands.version == wanted.version
}

/// The tools that a specification means.
fn chosen(manifest: &Manifest, spec: &ExtensionSpec) -> BTreeSet<String> {
    if spec.tools.is_empty() {
        return manifest.tools().into_iter().map(str::to_owned).collect();
    }
    spec.tools.iter().cloned().collect()
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;
