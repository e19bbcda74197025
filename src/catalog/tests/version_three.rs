//! Version 3's manifests work, with every field they may have.

use std::time::Duration;

use super::fixture::{folder, name, show};
use crate::catalog::{
    Action, Catalog, Distro, Extract, Folders, Manifest, RemoveStep, TemplateMode,
};
use crate::resource::{GpuVendor, Size, UpgradeStrategy};

const EVERYTHING: &str = include_str!("v3.yaml");

fn read(text: &str) -> Manifest {
    let files = [
        "mise.toml",
        "install.sh",
        "ubuntu.sh",
        "fedora.sh",
        "uninstall.sh",
        "upgrade.sh",
        "config.template",
    ]
    .map(|file| (file, "text"));
    let mut folders = Folders::default();
    folders
        .extensions
        .insert(name("everything"), folder("everything", text, &files));
    let catalog = Catalog::new(std::sync::Arc::new(folders));
    match catalog.manifest(&name("everything")) {
        Ok(manifest) => (*manifest.unwrap()).clone(),
        Err(diagnostics) => panic!("{}", show(&diagnostics)),
    }
}

#[test]
fn every_field_parses_and_means_something() {
    let manifest = read(EVERYTHING);
    assert_eq!(manifest.requirements.disk, Some(Size::mib(500)));
    let gpu = manifest.requirements.gpu.clone().unwrap();
    assert_eq!(
        (gpu.required, gpu.count, gpu.vendor),
        (false, 2, Some(GpuVendor::Nvidia))
    );
    assert_eq!(gpu.cuda.as_deref(), Some("12.4"));
    assert_eq!(manifest.upgrade.strategy, UpgradeStrategy::InPlace);
    assert_eq!(
        manifest.configure.templates[0].mode,
        TemplateMode::SkipIfExists
    );
    assert_eq!(manifest.validate[0].args, ["version", "--client"]);
    assert_eq!(manifest.validate[1].args, ["--version"]);
    assert_eq!(manifest.validate[2].args, ["where", "node"]);
    assert_eq!(manifest.validate[0].timeout, Duration::from_secs(45));
    assert_eq!(manifest.service.unwrap().ports, [8080]);
    assert_eq!(manifest.remove.steps.len(), 5);
    assert!(matches!(
        manifest.remove.steps[0],
        RemoveStep::Script { .. }
    ));
}

#[test]
fn a_hybrid_runs_system_packages_first_and_scripts_last() {
    let manifest = read(EVERYTHING);
    let steps: Vec<(&str, &str, usize)> = manifest
        .steps
        .iter()
        .map(|step| (step.action.method(), step.tool.as_str(), step.distros.len()))
        .collect();
    assert_eq!(
        steps,
        [
            ("apt", "example-tool other-tool", 2),
            ("dnf", "dnf packages", 1),
            ("zypper", "zypper packages", 1),
            ("mise", "mise tools", 0),
            ("npm", "example", 0),
            ("binary", "fetched", 0),
            ("binary", "released", 0),
            ("script", "install.sh", 1),
            ("script", "ubuntu.sh", 2),
            ("script", "fedora.sh", 1),
        ]
    );
    assert!(manifest.installs_on(Distro::Debian) && manifest.steps[0].runs_on(Distro::Debian));
    assert!(!manifest.steps[0].runs_on(Distro::Fedora));
    let last = manifest.steps.last().unwrap();
    assert_eq!(last.distros, [Distro::Fedora]);
    assert_eq!(last.timeout, Duration::from_mins(1));
    assert_eq!(manifest.steps[0].timeout, Duration::from_mins(15));
    let built: Vec<bool> = manifest
        .steps
        .iter()
        .map(|step| step.action.is_built())
        .collect();
    assert!(built.iter().all(|built| *built));
    let Action::Binary { downloads } = &manifest.steps[5].action else {
        panic!("not a binary");
    };
    assert_eq!(
        (&downloads[0].extract, &downloads[0].sha256),
        (&Extract::All, &None)
    );
}

#[test]
fn what_is_left_aside_is_said() {
    assert_eq!(
        show(&read(EVERYTHING).notes),
        "warning[catalog::deprecated]: everything is too much
  extensions/everything/extension.yaml:175:15 |   deprecated: true
  help: use `something` instead
warning[catalog::no-fingerprint]: the key `https://example.com/key.gpg` has no fingerprint, so its repository can't be added
  extensions/everything/extension.yaml:32:9 |       - name: example
  help: add `fingerprint:`, as `gpg --show-keys` prints it for the key
warning[catalog::no-fingerprint]: the key `https://example.com/key.gpg` has no fingerprint, so its repository can't be added
  extensions/everything/extension.yaml:40:9 |       - name: example
  help: add `fingerprint:`, as `gpg --show-keys` prints it for the key
warning[catalog::no-fingerprint]: the key `https://example.com/rpm` has no fingerprint, so its repository can't be added
  extensions/everything/extension.yaml:48:9 |       - name: example
  help: add `fingerprint:`, as `gpg --show-keys` prints it for the key
warning[catalog::no-checksum]: the download of `fetched` has no checksum, so it can't be installed
  extensions/everything/extension.yaml:53:9 |       - name: fetched
  help: add `sha256:` with the output of `sha256sum`
warning[catalog::no-checksum]: the download of `released` has no checksum, so it can't be installed
  extensions/everything/extension.yaml:60:9 |       - name: released
  help: add `sha256:` with the output of `sha256sum`
warning[catalog::not-evaluated]: conditions of templates are not evaluated: the file is written always
  extensions/everything/extension.yaml:83:7 |       condition:
"
    );
}

#[test]
fn both_spellings_of_an_upgrade_in_place_are_read() {
    let other = EVERYTHING.replace("strategy: in-place", "strategy: inplace");
    assert_eq!(read(&other).upgrade.strategy, UpgradeStrategy::InPlace);
}

#[test]
fn seed_fields_are_read() {
    let text = EVERYTHING
        .replace("  distros:", "  compatibility:\n    providers: {docker: supported, fly: unsupported, k8s: partial}\n    reason: no daemon\n    alternatives: {fly: elsewhere}\n  conflicts: [nothing]\n  distros:")
        .replace("  method: hybrid", "  method: hybrid\n  continueOnError: true\n  reportSuccesses: true");
    let manifest = read(&text);
    assert!(manifest.continue_on_error && manifest.report_successes);
    assert_eq!(manifest.conflicts, [name("nothing")]);
    assert_eq!(manifest.compatibility.providers.len(), 3);
    assert!(manifest.steps.iter().all(|step| !step.core));
}
