//! Resolution and compatibility: orders, chains, and what people see.

use super::fixture::{catalog, manifest, name, needs, show, wanted};
use crate::catalog::{Catalog, Ground, Resolution, Wanted, compatibility, resolve};
use crate::diagnostic::Source;
use crate::resource::{GpuVendor, ProviderKind};

fn order(resolution: &Resolution) -> Vec<String> {
    resolution
        .extensions
        .iter()
        .map(|resolved| resolved.manifest.name.to_string())
        .collect()
}

fn said(catalog: &Catalog, names: &[&str]) -> String {
    show(&resolve(catalog, &wanted(names)).1)
}

fn ground(provider: ProviderKind, gpus: u32) -> Ground {
    Ground {
        machine: Some(name("dev")),
        gpus,
        ..Ground::on(provider)
    }
}

#[test]
fn dependencies_come_first_all_the_way_down() {
    let catalog = catalog(&[
        ("base", manifest("base", "")),
        ("middle", manifest("middle", &needs(&["base"]))),
        ("top", manifest("top", &needs(&["middle", "base"]))),
        ("other", manifest("other", "")),
    ]);
    let (resolution, diagnostics) = resolve(&catalog, &wanted(&["top", "other", "top"]));
    assert_eq!(show(&diagnostics), "");
    assert_eq!(order(&resolution), ["base", "middle", "top", "other"]);
    let base = resolution.get(&name("base")).unwrap();
    assert_eq!(base.wanted_by, Some(name("top")));
    let middle = resolution.get(&name("middle")).unwrap();
    assert_eq!(middle.requires, [name("base")]);
    assert_eq!(
        resolution.chain(&name("middle")),
        [name("top"), name("middle")]
    );
}

#[test]
fn a_cycle_is_told_with_its_chain() {
    let catalog = catalog(&[
        ("one", manifest("one", &needs(&["two"]))),
        ("two", manifest("two", &needs(&["three"]))),
        ("three", manifest("three", &needs(&["two"]))),
        ("self", manifest("self", &needs(&["self"]))),
    ]);
    assert_eq!(
        said(&catalog, &["one", "self"]),
        "error[catalog::cycle]: extensions need each other in a circle: two → three → two
  extensions/three/extension.yaml:6:18 |   dependencies: [two]
  help: drop one of these dependencies
error[catalog::cycle]: extensions need each other in a circle: self → self
  extensions/self/extension.yaml:6:18 |   dependencies: [self]
  help: drop one of these dependencies
"
    );
}

#[test]
fn a_conflict_is_told_once_with_what_drags_it_in() {
    let catalog = catalog(&[
        ("bundle", manifest("bundle", &needs(&["old"]))),
        ("old", manifest("old", "  conflicts: [new]\n")),
        ("new", manifest("new", "  conflicts: [old, absent]\n")),
    ]);
    assert_eq!(
        said(&catalog, &["bundle", "new"]),
        "error[catalog::conflict]: `new` and `old` can't be installed side by side
  because: `old` comes in through bundle → old
  help: ask for one of them only
"
    );
    assert_eq!(said(&catalog, &["new"]), "");
}

#[test]
fn unknown_names_are_told_with_a_way_on() {
    let catalog = catalog(&[
        (
            "uses-codepro",
            manifest("uses-codepro", &needs(&["claude-codepro", "nodejs"])),
        ),
        ("broken", manifest("broken", &needs(&["missing-thing"]))),
    ]);
    let source = Source::new("sindri.yaml", "active:\n  - nodjs\n");
    let typo = Wanted::whole(name("nodjs"), Some(source.place(12, 5)));
    let mut all = vec![typo];
    all.extend(wanted(&["uses-codepro", "broken"]));
    let (_, diagnostics) = resolve(&catalog, &all);
    assert_eq!(
        show(&diagnostics),
        "error[catalog::unknown-extension]: there is no extension `nodjs`
  sindri.yaml:2:5 |   - nodjs
  help: did you mean `nodejs`? to add an extension, write `extensions/nodjs/extension.yaml` beside the config
error[catalog::unknown-extension]: the extension `claude-codepro` of version 3 is not in this version's catalog
  extensions/uses-codepro/extension.yaml:6:18 |   dependencies: [claude-codepro, nodejs]
  because: `claude-codepro` comes in through uses-codepro → claude-codepro
  help: to add it, write `extensions/claude-codepro/extension.yaml` beside the config; a version 3 manifest works
error[catalog::unknown-extension]: there is no extension `missing-thing`
  extensions/broken/extension.yaml:6:18 |   dependencies: [missing-thing]
  because: `missing-thing` comes in through broken → missing-thing
  help: to add it, write `extensions/missing-thing/extension.yaml` beside the config
"
    );
}

#[test]
fn unknown_profiles_are_told_with_those_there_are() {
    let catalog = catalog(&[]);
    let said = |text: &str| show(&catalog.profile(&name(text)).unwrap_err());
    assert_eq!(
        said("minimol"),
        "error[catalog::unknown-profile]: there is no profile `minimol`
  help: did you mean `minimal`? there are anthropic-dev, anthropic-dev-2025, anthropic-dev-fly, anthropic-dev-gpu, devops, enterprise, fullstack, kubernetes, minimal, mobile, systems, terminal, web
"
    );
}

#[test]
fn an_incompatible_extension_is_told_with_reason_and_alternative() {
    let compatibility_lines = "  compatibility:
    providers: {fly: unsupported, kubernetes: unsupported, docker: partial}
    reason: it runs a container engine of its own
    alternatives: {fly: use a remote engine}\n";
    let catalog = catalog(&[
        (
            "supabase-cli",
            manifest("supabase-cli", &needs(&["docker"])),
        ),
        ("docker", manifest("docker", compatibility_lines)),
    ]);
    let (resolution, _) = resolve(&catalog, &wanted(&["supabase-cli"]));
    let said = |provider| show(&compatibility(&resolution, &ground(provider, 0)));
    assert_eq!(
        said(ProviderKind::Fly),
        "error[catalog::incompatible]: `docker` doesn't work on fly
  because: it runs a container engine of its own
  because: `docker` comes in through supabase-cli → docker
  help: use a remote engine
"
    );
    assert_eq!(
        said(ProviderKind::Kubernetes),
        "error[catalog::incompatible]: `docker` doesn't work on kubernetes
  because: it runs a container engine of its own
  because: `docker` comes in through supabase-cli → docker
  help: drop `supabase-cli` for this machine, or leave it out with `extensions.onIncompatible: skip`
"
    );
    assert_eq!(
        said(ProviderKind::Docker),
        "warning[catalog::partly-compatible]: `docker` works on docker in part only
  because: it runs a container engine of its own
  because: `docker` comes in through supabase-cli → docker
"
    );
    assert_eq!(said(ProviderKind::Local), "");
    let finding = &compatibility(&resolution, &ground(ProviderKind::Fly, 0))[0];
    assert!(finding.allowable);
    assert_eq!(
        finding.address.as_ref().unwrap().to_string(),
        "extension.dev.docker"
    );
}

#[test]
fn a_gpu_need_is_held_against_the_machine() {
    let gpu = |lines: &str| {
        manifest("ollama", "").replace(
            "install:",
            &format!("requirements:\n  gpu: {lines}\ninstall:"),
        )
    };
    let said = |lines: &str, ground: &Ground| {
        let catalog = catalog(&[("ollama", gpu(lines))]);
        show(&compatibility(
            &resolve(&catalog, &wanted(&["ollama"])).0,
            ground,
        ))
    };
    let none = ground(ProviderKind::Docker, 0);
    let mut amd = ground(ProviderKind::Docker, 1);
    amd.gpu_vendor = Some(GpuVendor::Amd);
    assert_eq!(
        said("{required: true, type: nvidia}", &none),
        "error[catalog::gpu-needed]: `ollama` needs an NVIDIA GPU; the machine has none
  help: set `deployment.resources.gpu`, or drop the extension
"
    );
    assert_eq!(
        said("{recommended: true, minCount: 2}", &amd),
        "warning[catalog::gpu-recommended]: `ollama` is slow without 2 GPUs; the machine has 1
  help: set `deployment.resources.gpu`, or drop the extension
"
    );
    assert_eq!(
        said("{required: true, type: nvidia}", &amd),
        "error[catalog::gpu-needed]: `ollama` needs an NVIDIA GPU; the machine has 1 of another make
  help: set `deployment.resources.gpu`, or drop the extension
"
    );
    assert_eq!(said("{required: true}", &amd), "");
}

#[test]
fn the_callers_shelf_goes_before_the_embedded_one() {
    let catalog = catalog(&[("tmux-workspace", manifest("tmux-workspace", ""))]);
    let found = catalog.manifest(&name("tmux-workspace")).unwrap().unwrap();
    assert_eq!(found.version, "1.0.0");
    assert!(catalog.manifest(&name("ruff")).unwrap().is_some());
    assert!(catalog.manifest(&name("absent")).unwrap().is_none());
}

#[test]
fn the_content_changes_with_text_and_files() {
    use super::fixture::folder;
    use crate::catalog::Folders;
    let digest = |text: &str, files: &[(&str, &str)]| {
        let mut folders = Folders::default();
        folders
            .extensions
            .insert(name("tool"), folder("tool", text, files));
        let catalog = Catalog::new(std::sync::Arc::new(folders));
        catalog
            .manifest(&name("tool"))
            .unwrap()
            .unwrap()
            .content
            .clone()
    };
    let text = manifest("tool", "");
    let base = digest(&text, &[("a", "1"), ("b", "2")]);
    assert_eq!(base, digest(&text, &[("a", "1"), ("b", "2")]));
    assert_ne!(base, digest(&text, &[("a", "1"), ("b", "3")]));
    assert_ne!(base, digest(&text, &[("a", "12"), ("b", "")]));
    assert_ne!(
        base,
        digest(&format!("{text}#\n"), &[("a", "1"), ("b", "2")])
    );
}
