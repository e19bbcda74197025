//! How an extension goes out of a machine again, as shell scripts.

use super::quote::{add, path, quote, words};
use super::rpm::Tool;
use super::step::{self, Unbuilt};
use super::{apt, configure, drop, mise, rpm, service};
use crate::catalog::{Action, Manifest, RemoveStep, RpmPackages};

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
/// remembers it; what was found is left alone), then paths and configuration.
pub(super) fn steps(manifest: &Manifest) -> Result<Vec<RemovalStep>, (String, Unbuilt)> {
    let mut steps = vec![RemovalStep {
        seconds: 300,
        text: service::removal(manifest),
        lock: None,
    }];
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
    let mut brought = String::new();
    for (index, step) in manifest.steps.iter().enumerate() {
        let undone = undo(manifest, &step.action).unwrap_or_default();
        let text = undone + &drop::deleted(step);
        if !text.is_empty() {
            add(
                &mut brought,
                &format!(
                    "if [ -f \"$SINDRI_BASE/brought/$SINDRI_EXTENSION/{}\" ]; then\n{text}fi\n",
                    index + 1
                ),
            );
        }
    }
    brought.push_str("rm -rf \"$SINDRI_BASE/brought/$SINDRI_EXTENSION\"\n");
    steps.push(RemovalStep {
        seconds: 600,
        text: brought,
        lock: Some("apt"),
    });
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

/// Takes back what one install step brought; a script's effect is the manifest's to undo.
pub(super) fn undo(manifest: &Manifest, action: &Action) -> Option<String> {
    match action {
        Action::Apt {
            packages,
            repositories,
            update_first: _,
        } => Some(format!(
            "{}{}",
            apt::removal(packages, false),
            apt::without(manifest, repositories)
        )),
        Action::Dnf { packages } => Some(rpms(manifest, Tool::Dnf, packages)),
        Action::Zypper { packages } => Some(rpms(manifest, Tool::Zypper, packages)),
        Action::Mise {
            tools, reshim: _, ..
        } => Some(mise::removal(tools, true)),
        Action::Npm { packages } => Some(format!(
            "npm uninstall --global --prefix \"$HOME/.local\" --no-fund --no-audit -- {} || exit\n",
            words(packages.iter().map(|spec| step::npm_package(spec).0))
        )),
        Action::Pip { .. } => Some(format!(
            "venv=$HOME/.local/share/sindri/venv/{}
for link in \"$HOME/.local/bin/\"*; do
  case $(readlink \"$link\") in
    \"$venv\"/*) rm -f \"$link\" ;;
  esac
done
rm -rf \"$venv\"
",
            quote(manifest.name.as_str())
        )),
        Action::Cargo { crate_, .. } => Some(format!(
            "{}cargo uninstall --root \"$HOME/.local\" -- {} || exit\n",
            step::CARGO,
            quote(crate_)
        )),
        Action::Binary { downloads } => {
            let mut text = String::new();
            for download in downloads {
                let name = quote(&download.name);
                let line = match (&download.destination, &download.extract) {
                    (None, crate::catalog::Extract::All) => {
                        format!("rm -rf \"$HOME\"/.local/share/sindri/opt/{name}\n")
                    }
                    (None, _) => format!("rm -f \"$HOME\"/.local/bin/{name}\n"),
                    // A folder may hold more than ours: of it only the one file goes.
                    (Some(to), _) => {
                        let to = path(to);
                        format!("if [ -d {to} ]; then rm -f {to}/{name}; else rm -f {to}; fi\n")
                    }
                };
                text.push_str(&line);
            }
            Some(text)
        }
        Action::Script { .. } => None,
    }
}

fn rpms(manifest: &Manifest, tool: Tool, packages: &RpmPackages) -> String {
    format!(
        "{}{}",
        rpm::removal(tool, &packages.names),
        rpm::without(manifest, tool, packages)
    )
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
