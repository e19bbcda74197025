//! What can be said before anything is touched.

use super::removal::removable;
use super::step::{self, Unbuilt};
use crate::address::{Address, Name};
use crate::catalog::{Action, Manifest};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{MachineSpec, ProviderKind, Settings};

/// Checks whether extensions can be installed in a machine: methods this version has, downloads
/// that can be verified, nothing that reaches out of a `local` machine.
pub fn check<'a>(
    machine: &Name,
    spec: &MachineSpec,
    manifests: impl IntoIterator<Item = &'a Manifest>,
) -> Diagnostics {
    let mut findings = Vec::new();
    for manifest in manifests {
        let address = Address::Extension(machine.clone(), manifest.name.clone());
        let mut say = |finding: Diagnostic| findings.push(finding.on(address.clone()));
        steps(manifest, &mut say);
        if spec.provider == ProviderKind::Local {
            on_this_host(manifest, spec, &mut say);
        }
        for path in &manifest.remove.paths {
            if !removable(path) {
                say(Diagnostic::error(
                    Code::new("install::unsafe-path"),
                    format!("extension `{}` would remove `{path}`", manifest.name),
                )
                .help("name something below the home or the root, without `..`"));
            }
        }
    }
    findings
}

impl Unbuilt {
    /// What can't be done, in words.
    pub(super) fn describe(&self, tool: &str) -> String {
        match self {
            Self::Script(path) => format!("its folder has no `{path}`"),
            Self::Checksum(name) => format!("the download `{name}` has no checksum"),
            Self::Fingerprint(name) => {
                format!("the key of the repository `{name}` of `{tool}` has no fingerprint")
            }
            Self::Release(name) => {
                format!("the download `{name}` names no version or no file of its release")
            }
        }
    }

    fn finding(&self, manifest: &Manifest, tool: &str) -> Diagnostic {
        let (code, help) = match self {
            Self::Script(_) => (
                "install::no-script",
                "put the script beside `extension.yaml`",
            ),
            Self::Checksum(_) => (
                "install::no-checksum",
                "add `sha256:` to the download's `source`; what can't be verified isn't run",
            ),
            Self::Fingerprint(_) => (
                "install::no-fingerprint",
                "add `fingerprint:` beside `gpgKey`; what can't be verified isn't added",
            ),
            Self::Release(_) => (
                "install::no-release",
                "give the download's `source` its `version`, other than `latest`, and its `asset`",
            ),
        };
        let text = format!("extension `{}`: {}", manifest.name, self.describe(tool));
        Diagnostic::error(Code::new(code), text).help(help)
    }
}

fn steps(manifest: &Manifest, say: &mut dyn FnMut(Diagnostic)) {
    for step in &manifest.steps {
        if let Err(why) = step::body(manifest, &step.action) {
            say(why.finding(manifest, &step.tool));
        }
    }
    let hooks = &manifest.capabilities.hooks;
    for hook in [&hooks.pre_install, &hooks.post_install]
        .into_iter()
        .flatten()
    {
        if let Err(why) = step::hook(manifest, hook) {
            say(why.finding(manifest, "hooks"));
        }
    }
}

/// A `local` machine is a directory: what lies outside it is the host's.
fn on_this_host(manifest: &Manifest, spec: &MachineSpec, say: &mut dyn FnMut(Diagnostic)) {
    let host_packages = match &spec.settings {
        Settings::Local(local) => local.reaches_host(),
        Settings::Docker(_) | Settings::E2b(_) | Settings::Fly(_) => false,
    };
    if host_packages {
        return;
    }
    let apt: Vec<&str> = manifest
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Apt { packages, .. } => Some(packages.iter().map(String::as_str)),
            Action::Dnf { packages } | Action::Zypper { packages } => {
                Some(packages.names.iter().map(String::as_str))
            }
            Action::Npm { .. }
            | Action::Pip { .. }
            | Action::Cargo { .. }
            | Action::Script { .. }
            | Action::Binary { .. }
            | Action::Mise { .. } => None,
        })
        .flatten()
        .collect();
    if !apt.is_empty() {
        say(Diagnostic::error(
            Code::new("install::needs-host-packages"),
            format!(
                "extension `{}` installs packages on this very host: {}",
                manifest.name,
                apt.join(", ")
            ),
        )
        .help(
            "set `providers.local.hostPackages: true` to let apt change this host; \
             with `--allow` the extension works only if the packages are there already",
        )
        .allowable());
    }
    let templates = manifest.configure.templates.iter().map(|t| &t.destination);
    for path in templates.chain(&manifest.remove.paths) {
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            say(Diagnostic::error(
                Code::new("install::outside-machine"),
                format!(
                    "extension `{}` reaches out of the machine: `{path}`",
                    manifest.name
                ),
            )
            .help("on `local`, paths lie under the machine's home: write `~/…`"));
        }
    }
}
