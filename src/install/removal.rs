//! How an extension goes out of a machine again, as shell scripts.

use super::quote::{add, path};
use super::rpm::Tool;
use super::step::{self, Unbuilt};
use super::{apt, configure, mise, remembered, rpm, service};
use crate::catalog::{Manifest, RemoveStep};

/// One step of a removal.
pub(super) struct RemovalStep {
    /// Its time in seconds.
    pub(super) seconds: u64,
    /// Its script.
    pub(super) text: String,
    /// The lock it needs.
    pub(super) lock: Option<&'static str>,
}

/// The steps of a removal.
///
/// What the manifest names comes first, then what the install steps brought (as the machine
/// remembers it; what was found is left alone), then paths and configuration. Where the machine knows
/// how the installed version wants to be removed, that counts, and not this manifest.
pub(super) fn steps(manifest: &Manifest) -> Result<Vec<RemovalStep>, (String, Unbuilt)> {
    let mut steps = vec![
        RemovalStep {
            seconds: 300,
            text: service::removal(manifest),
            lock: None,
        },
        RemovalStep {
            seconds: 900,
            text: remembered::AS_KEPT.to_owned(),
            lock: Some("apt"),
        },
    ];
    let mut own = own(manifest)?;
    for step in &mut own {
        step.text.insert_str(0, remembered::UNLESS_KEPT);
    }
    let last = own.pop();
    steps.append(&mut own);
    steps.push(RemovalStep {
        seconds: 600,
        text: remembered::everything(),
        lock: Some("apt"),
    });
    steps.extend(last);
    Ok(steps)
}

/// What a manifest itself says of its removal, paths and configuration last.
pub(super) fn own(manifest: &Manifest) -> Result<Vec<RemovalStep>, (String, Unbuilt)> {
    let mut steps = Vec::new();
    for step in &manifest.remove.steps {
        steps.push(RemovalStep {
            seconds: seconds(step),
            text: named(manifest, step).map_err(|why| ("remove".to_owned(), why))?,
            lock: match step {
                RemoveStep::Apt { .. } => Some("apt"),
                RemoveStep::Dnf { .. } | RemoveStep::Zypper { .. } => Some("rpm"),
                RemoveStep::Mise { .. } => Some("mise"),
                RemoveStep::Script { .. } => None,
            },
        });
    }
    steps.push(RemovalStep {
        seconds: 60,
        text: leftovers(manifest),
        lock: None,
    });
    Ok(steps)
}

/// The removal step's own timeout, in seconds.
fn seconds(step: &RemoveStep) -> u64 {
    match step {
        RemoveStep::Script { timeout, .. } => timeout.as_secs().max(1),
        RemoveStep::Apt { .. }
        | RemoveStep::Dnf { .. }
        | RemoveStep::Zypper { .. }
        | RemoveStep::Mise { .. } => 600,
    }
}

fn named(manifest: &Manifest, step: &RemoveStep) -> Result<String, Unbuilt> {
    match step {
        RemoveStep::Script { path, .. } => {
            let content = manifest
                .files
                .get(path)
                .ok_or_else(|| Unbuilt::Script(path.clone()))?;
            Ok(format!("exec {}\n", step::script(path, content, &[])))
        }
        // Only what this extension brought goes; `brought` below knows what that is.
        RemoveStep::Apt { packages, purge } => Ok(apt::removal(packages, *purge)),
        RemoveStep::Dnf { packages } => Ok(rpm::removal(Tool::Dnf, packages)),
        RemoveStep::Zypper { packages } => Ok(rpm::removal(Tool::Zypper, packages)),
        RemoveStep::Mise {
            tools,
            remove_config,
        } => Ok(mise::removal(tools, *remove_config)),
    }
}

fn leftovers(manifest: &Manifest) -> String {
    let mut text = format!("rm -f {}\n", configure::profile(manifest.name.as_str()));
    for written in &manifest.remove.paths {
        if removable(written) {
            add(&mut text, &format!("rm -rf {}\n", path(written)));
        }
    }
    text
}

/// Whether a path names something below the home or the root, and not one of these themselves.
pub(super) fn removable(written: &str) -> bool {
    let inner = written
        .trim_start_matches("~/")
        .trim_start_matches("$HOME/")
        .trim_start_matches("${HOME}/");
    let mut parts = inner
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    let deep = if written.starts_with('/') { 2 } else { 1 };
    !matches!(written, "~" | "$HOME" | "${HOME}")
        && parts.clone().all(|part| part != "..")
        && parts.nth(deep - 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::removable;

    #[test]
    fn a_removal_never_takes_home_or_root_along() {
        for path in ["~/.cache/x", "x", "/opt/x", "$HOME/x"] {
            assert!(removable(path), "{path}");
        }
        for path in [
            "",
            "/",
            "~",
            "~/",
            "$HOME",
            "/usr",
            "/opt/../usr/lib",
            "~/..",
            ".",
            "//usr",
        ] {
            assert!(!removable(path), "{path}");
        }
    }
}
