//! One step of a manifest as a shell script.

use super::quote::{add, quote, words};
use super::{apt, download, mise, rpm};
use crate::catalog::{Action, Hook, HookRun, Manifest, UpgradeScript};

/// A step's script, and how the runner treats it.
#[derive(Debug)]
pub(super) struct Body {
    /// The script.
    pub(super) text: String,
    /// Whether another try may help where the first one failed; where not, only if its last words
    /// tell of a bad network.
    pub(super) network: bool,
    /// The lock it needs: a package manager that only one job may use.
    pub(super) lock: Option<&'static str>,
}

/// Why a step can't be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unbuilt {
    /// The script isn't in the extension's folder.
    Script(String),
    /// A download that can't be verified.
    Checksum(String),
    /// A repository whose key can't be verified.
    Fingerprint(String),
    /// A release that isn't named by its version and file.
    Release(String),
}

/// The script of one action.
pub(super) fn body(manifest: &Manifest, action: &Action) -> Result<Body, Unbuilt> {
    match action {
        Action::Apt {
            packages,
            repositories,
            update_first,
        } => Ok(Body {
            text: apt::script(manifest, packages, repositories, *update_first)?,
            network: true,
            lock: Some("apt"),
        }),
        Action::Npm { packages } => Ok(Body {
            text: npm(packages),
            network: true,
            lock: Some("npm"),
        }),
        Action::Pip { packages } => Ok(Body {
            text: pip(manifest, packages),
            network: true,
            lock: None,
        }),
        Action::Cargo {
            crate_,
            version,
            features,
            locked,
        } => Ok(Body {
            text: cargo(crate_, version.as_deref(), features, *locked),
            network: true,
            // cargo has a lock of its own, on its cache and on the root it installs to.
            lock: None,
        }),
        Action::Script { path, args, env } => {
            let content = manifest
                .files
                .get(path)
                .ok_or_else(|| Unbuilt::Script(path.clone()))?;
            let mut text = String::new();
            for (name, value) in env {
                add(&mut text, &format!("export {name}={}\n", quote(value)));
            }
            add(
                &mut text,
                &format!("exec {}\n", script(path, content, args)),
            );
            Ok(Body {
                text,
                network: false,
                lock: packages_named(manifest).then_some("apt"),
            })
        }
        Action::Binary { downloads } => Ok(Body {
            text: download::script(downloads)?,
            network: true,
            lock: None,
        }),
        Action::Mise {
            tools,
            config_file,
            reshim,
        } => Ok(Body {
            text: mise::script(manifest, tools, config_file.as_deref(), *reshim)?,
            network: true,
            // mise locks what it writes, but not our part of its configuration.
            lock: Some("mise"),
        }),
        Action::Dnf { packages } => Ok(Body {
            text: rpm::script(manifest, rpm::Tool::Dnf, packages)?,
            network: true,
            lock: Some("rpm"),
        }),
        Action::Zypper { packages } => Ok(Body {
            text: rpm::script(manifest, rpm::Tool::Zypper, packages)?,
            network: true,
            lock: Some("rpm"),
        }),
    }
}

/// The script that upgrades in place.
pub(super) fn upgrade(manifest: &Manifest, upgrade: &UpgradeScript) -> Result<String, Unbuilt> {
    let content = manifest
        .files
        .get(&upgrade.path)
        .ok_or_else(|| Unbuilt::Script(upgrade.path.clone()))?;
    Ok(format!(
        "exec {}\n",
        script(&upgrade.path, content, &upgrade.args)
    ))
}

/// The script of a hook.
pub(super) fn hook(manifest: &Manifest, hook: &Hook) -> Result<String, Unbuilt> {
    match &hook.run {
        HookRun::Command(line) => Ok(format!("exec sh -c {}\n", quote(line))),
        HookRun::Script(path) => {
            let content = manifest
                .files
                .get(path)
                .ok_or_else(|| Unbuilt::Script(path.clone()))?;
            Ok(format!("exec {}\n", script(path, content, &[])))
        }
    }
}

/// A name as a file or section may have it.
pub(super) fn file_name(said: Option<&str>, manifest: &Manifest, index: usize) -> String {
    said.map_or_else(|| format!("{}-{}", manifest.name, index + 1), str::to_owned)
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// Whether anything in the extension's folder names a tool of Debian's packages, of which only one
/// may run at a time; comments count not.
fn packages_named(manifest: &Manifest) -> bool {
    let names = |line: &str| {
        !line.trim_start().starts_with('#')
            && line
                .split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
                .any(|word| matches!(word, "apt" | "apt-get" | "aptitude" | "dpkg"))
    };
    let mut files = manifest.files.values();
    files.any(|content| String::from_utf8_lossy(content).lines().any(names))
}

/// A call of a script of the extension's folder, through the interpreter it names: the folder may
/// lie where nothing can be executed.
pub(super) fn script(path: &str, content: &[u8], args: &[String]) -> String {
    let first = content.split(|b| *b == b'\n').next().unwrap_or_default();
    let interpreter = first
        .strip_prefix(b"#!")
        .and_then(|line| std::str::from_utf8(line).ok())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .unwrap_or("sh");
    let mut call = words(interpreter.split_whitespace());
    add(
        &mut call,
        &format!(" \"$SINDRI_JOB\"/files/{}", quote(path)),
    );
    for arg in args {
        call.push(' ');
        call.push_str(&quote(arg));
    }
    call
}

/// Name and version of `name@version`; the name may have a scope.
pub(super) fn npm_package(spec: &str) -> (&str, Option<&str>) {
    match spec.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => (&spec[..at], Some(&spec[at + 1..])),
        None => (spec, None),
    }
}

/// Installs packages of npm.
///
/// One that fetches hundreds of others asks for each by itself: were the first failure the end of the
/// attempt, on a bad network no attempt would come to its end. So npm tries each request again, soon.
fn npm(packages: &[String]) -> String {
    let mut text = String::from(
        "command -v npm >/dev/null || { echo \"npm isn't on this machine's PATH\" && exit 127; }
# has NAME VERSION
has() {
  if [ -n \"$SINDRI_RENEW\" ]; then
    rm -rf \"$HOME/.local/lib/node_modules/$1\"
    return 1
  fi
  grep -q \"\\\"version\\\": *\\\"$2\\\"\" \"$HOME/.local/lib/node_modules/$1/package.json\" 2>/dev/null
}
set --
",
    );
    for spec in packages {
        let (name, version) = npm_package(spec);
        match version {
            Some(version) => add(
                &mut text,
                &format!(
                    "has {} {} || set -- \"$@\" {}\n",
                    quote(name),
                    quote(version),
                    quote(spec)
                ),
            ),
            None => add(&mut text, &format!("set -- \"$@\" {}\n", quote(spec))),
        }
    }
    text.push_str(
        "[ $# -gt 0 ] || { : >\"$SINDRI_JOB/found\" && exit 0; }
exec npm install --global --prefix \"$HOME/.local\" --no-fund --no-audit --no-update-notifier \\
  --fetch-retries=3 --fetch-retry-mintimeout=500 --fetch-retry-maxtimeout=5000 --loglevel=warn -- \"$@\"
",
    );
    text
}

/// The project's name in a requirement such as `ruff[fmt]==0.14.0`.
pub(super) fn pip_project(requirement: &str) -> &str {
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(requirement.len());
    &requirement[..end]
}

/// Links the commands that the named projects bring; those of their dependencies stay hidden.
const PIP_LINKS: &str = r#"
import os, sys
from importlib.metadata import distribution
from pathlib import Path
venv, target = Path(sys.argv[1]), Path(sys.argv[2])
for link in target.iterdir():
    if link.is_symlink() and not link.exists() and os.readlink(link).startswith(str(venv) + "/"):
        link.unlink()
for name in sys.argv[3:]:
    for file in distribution(name).files or []:
        if file.parent.name == "bin" and (venv / "bin" / file.name).is_file():
            fresh = target / (".sindri-" + file.name)
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(venv / "bin" / file.name)
            fresh.replace(target / file.name)
"#;

fn pip(manifest: &Manifest, packages: &[String]) -> String {
    format!(
        "command -v python3 >/dev/null || {{ echo \"python3 isn't on this machine's PATH\" && exit 127; }}
venv=$HOME/.local/share/sindri/venv/{name}
if ! \"$venv/bin/python\" -m pip --version >/dev/null 2>&1; then
  rm -rf \"$venv\"
  python3 -m venv \"$venv\" || exit
fi
\"$venv/bin/python\" -m pip install --no-input --disable-pip-version-check --no-warn-script-location \\
  --progress-bar off --retries 1 ${{SINDRI_RENEW:+--force-reinstall}} -- {packages} || exit
exec \"$venv/bin/python\" -c {links} \"$venv\" \"$HOME/.local/bin\" {projects}
",
        name = manifest.name,
        packages = words(packages),
        links = quote(PIP_LINKS),
        projects = words(packages.iter().map(|package| pip_project(package))),
    )
}

/// rustup keeps its toolchains in the home of whoever installed it, which needn't be the machine's.
pub(super) const CARGO: &str = "\
cargo=$(command -v cargo) || { echo \"cargo isn't on this machine's PATH\" && exit 127; }
owner=${cargo%/.cargo/bin/cargo}
if [ -z \"${RUSTUP_HOME:-}\" ] && [ \"$owner\" != \"$cargo\" ] && [ -d \"$owner/.rustup\" ]; then
  export RUSTUP_HOME=\"$owner/.rustup\"
fi
";

/// A mirror lies in the configuration of the machine's home, which cargo doesn't read where it keeps
/// its own things elsewhere.
const MIRRORED: &str = "\
mirrored=$SINDRI_BASE/network/cargo.toml
set --
if [ -f \"$mirrored\" ] && [ \"${CARGO_HOME:-$HOME/.cargo}\" != \"$HOME/.cargo\" ]; then
  set -- --config \"$mirrored\"
fi
";

fn cargo(crate_: &str, version: Option<&str>, features: &[String], locked: bool) -> String {
    let mut text = String::from(CARGO);
    if let Some(version) = version {
        add(
            &mut text,
            &format!(
                "if [ -z \"$SINDRI_RENEW\" ] && grep -qF {} \"$HOME/.local/.crates.toml\" 2>/dev/null; then
  : >\"$SINDRI_JOB/found\" && exit 0
fi
",
                quote(&format!("\"{crate_} {version} ("))
            ),
        );
    }
    text.push_str(MIRRORED);
    text.push_str("exec cargo \"$@\" install --root \"$HOME/.local\" ${SINDRI_RENEW:+--force}");
    if locked {
        text.push_str(" --locked");
    }
    if !features.is_empty() {
        add(
            &mut text,
            &format!(" --features {}", quote(&features.join(","))),
        );
    }
    let spec = version.map_or_else(|| crate_.to_owned(), |v| format!("{crate_}@{v}"));
    add(&mut text, &format!(" -- {}\n", quote(&spec)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names_are_told_from_versions() {
        assert_eq!(npm_package("@a/b@1.2"), ("@a/b", Some("1.2")));
        assert_eq!(npm_package("@a/b"), ("@a/b", None));
        assert_eq!(npm_package("b@^1"), ("b", Some("^1")));
        assert_eq!(pip_project("ruff[fmt]==0.14.0"), "ruff");
        assert_eq!(pip_project("zope.interface>=5"), "zope.interface");
    }

    #[test]
    fn a_script_runs_through_the_interpreter_it_names() {
        let args = ["a b".to_owned()];
        assert_eq!(
            script("in stall.sh", b"#!/usr/bin/env bash\nx", &args),
            "/usr/bin/env bash \"$SINDRI_JOB\"/files/'in stall.sh' 'a b'"
        );
        assert_eq!(script("x", b"", &[]), "sh \"$SINDRI_JOB\"/files/x");
    }
}
