//! What is installed in a machine and what isn't: checks, soft dependencies, omissions, variants.

use super::fixture::{catalog, manifest, name, needs, show, wanted};
use crate::catalog::{
    Catalog, Ground, Incompatible, LeftOut, Profile, Room, Selection, derive, select,
};
use crate::resource::{ProviderKind, Size};

const NOT_ON_FLY: &str = "  compatibility:
    providers: {fly: unsupported}
    reason: it needs a daemon
    alternatives: {fly: use one elsewhere}
";

fn with(name: &str, metadata: &str, requirements: &str) -> String {
    manifest(name, metadata) + "requirements:\n" + requirements
}

/// The seed's case: a daemon that can't run there, what needs it, and a GPU nobody asked for.
fn seed() -> Catalog {
    catalog(&[
        ("docker", manifest("docker", NOT_ON_FLY)),
        ("supabase", manifest("supabase", &needs(&["docker"]))),
        (
            "ollama",
            with(
                "ollama",
                "",
                "  gpu: {required: true, type: nvidia}\n  diskSpace: 2GB\n",
            ),
        ),
        (
            "nodejs",
            with("nodejs", "", "  installTime: 60\n  diskSpace: 300\n"),
        ),
        (
            "tool",
            with(
                "tool",
                &needs(&["nodejs"]),
                "  installTime: 30\n  secrets: [api_key]\n",
            ),
        ),
    ])
}

fn ground(provider: ProviderKind) -> Ground {
    Ground {
        machine: Some(name("dev")),
        secrets: Some(std::collections::BTreeSet::new()),
        ..Ground::on(provider)
    }
}

fn names(selection: &Selection) -> Vec<&str> {
    let installs = selection.outlook.installs.iter();
    installs.map(|one| one.name.as_str()).collect()
}

fn left(selection: &Selection) -> Vec<String> {
    let say = |one: &LeftOut| format!("{}: {}", one.name, one.reason);
    selection.outlook.left_out.iter().map(say).collect()
}

#[test]
fn all_obstacles_are_told_together() {
    let all = wanted(&["supabase", "ollama", "tool"]);
    let found = select(
        &seed(),
        &all,
        &ground(ProviderKind::Fly),
        Incompatible::Error,
    );
    assert_eq!(
        show(&found.findings),
        "error[catalog::incompatible]: `docker` doesn't work on fly
  because: it needs a daemon
  because: `docker` comes in through supabase → docker
  help: use one elsewhere
error[catalog::gpu-needed]: `ollama` needs an NVIDIA GPU; the machine has none
  because: Fly.io withdrew its GPUs on 2026-08-01
  help: `runpod` and `northflank` sell GPUs, `kubernetes` and `devpod` use those of your nodes and cloud, and `docker` those of its host
warning[catalog::secret-not-given]: `tool` uses the secret API_KEY, which isn't given
  help: list what you use of it under `secrets`
"
    );
    assert_eq!(
        left(&found),
        [
            "docker: it needs a daemon",
            "supabase: it needs `docker`, which isn't installed",
            "ollama: it needs an NVIDIA GPU, and Fly.io withdrew its GPUs on 2026-08-01"
        ]
    );
}

#[test]
fn skipping_leaves_out_what_can_not_be_there_and_what_needs_it() {
    let all = wanted(&["supabase", "ollama", "tool"]);
    let found = select(
        &seed(),
        &all,
        &ground(ProviderKind::Fly),
        Incompatible::Skip,
    );
    assert_eq!(names(&found), ["nodejs", "tool"]);
    assert!(found.findings.iter().all(|one| !one.is_error()));
    assert!(
        found
            .outlook
            .left_out
            .iter()
            .all(|one| one.codes.is_empty())
    );
    let expected = found.outlook.expected();
    assert_eq!(expected.in_turn.as_secs(), 90);
    assert_eq!(expected.side_by_side.as_secs(), 90);
    assert_eq!(expected.disk, Size::mib(300).as_bytes());
    let said = show(&found.findings);
    assert!(said.contains("warning[catalog::left-out]: `supabase` is left out: it needs `docker`"));
}

#[test]
fn a_soft_dependency_comes_along_where_it_can() {
    let soft = "  softDependencies: [{name: docker, without: use the cloud}]\n";
    let catalog = catalog(&[
        ("docker", manifest("docker", NOT_ON_FLY)),
        ("supabase", manifest("supabase", soft)),
    ]);
    let all = wanted(&["supabase"]);
    let here = select(
        &catalog,
        &all,
        &ground(ProviderKind::Docker),
        Incompatible::Error,
    );
    assert_eq!(names(&here), ["docker", "supabase"]);
    assert_eq!(here.resolution.extensions[1].soft, [name("docker")]);
    let there = select(
        &catalog,
        &all,
        &ground(ProviderKind::Fly),
        Incompatible::Error,
    );
    assert_eq!(names(&there), ["supabase"]);
    assert_eq!(
        show(&there.findings),
        "advice[catalog::soft-dependency]: `supabase` is installed without `docker`
  because: it needs a daemon
  help: use the cloud
"
    );
}

#[test]
fn soft_dependencies_never_make_a_circle_or_a_conflict() {
    let catalog = catalog(&[
        (
            "one",
            manifest("one", "  softDependencies: [{name: two, without: x}]\n"),
        ),
        (
            "two",
            manifest("two", "  softDependencies: [{name: one, without: x}]\n"),
        ),
        ("old", manifest("old", "  conflicts: [new]\n")),
        ("new", manifest("new", "")),
        (
            "fan",
            manifest("fan", "  softDependencies: [{name: old, without: x}]\n"),
        ),
    ]);
    let all = wanted(&["one", "new", "fan"]);
    let found = select(
        &catalog,
        &all,
        &ground(ProviderKind::Docker),
        Incompatible::Error,
    );
    assert_eq!(names(&found), ["two", "one", "new", "fan"]);
    assert_eq!(left(&found), ["old: it can't be installed beside `new`"]);
}

#[test]
fn a_name_of_earlier_documents_is_understood() {
    let catalog = catalog(&[("ruflo", manifest("ruflo", ""))]);
    let all = wanted(&["claude-flow", "ruflo"]);
    let found = select(
        &catalog,
        &all,
        &ground(ProviderKind::Docker),
        Incompatible::Error,
    );
    assert_eq!(names(&found), ["ruflo"]);
    assert_eq!(
        show(&found.findings),
        "advice[catalog::renamed]: `claude-flow` is `ruflo` today, and that is installed
  help: write `ruflo`
"
    );
}

#[test]
fn needs_systems_networks_and_room_are_looked_at() {
    let catalog = catalog(&[
        ("daemon", with("daemon", "", "  needs: [docker, systemd]\n")),
        ("rpm", manifest("rpm", "  distros: [fedora]\n")),
        ("arm", with("arm", "", "  arch: [aarch64]\n")),
        ("far", with("far", "", "  domains: [far.example]\n")),
        (
            "large",
            with("large", "", "  diskSpace: 9GB\n  memory: 8GB\n"),
        ),
    ]);
    let mut ground = ground(ProviderKind::Fly);
    ground.distro = Some(crate::catalog::Distro::Ubuntu);
    ground.network.blocked = vec!["*.example".into()];
    ground.disk = Some(Room {
        size: Size::gib(10),
        enforced: true,
    });
    ground.memory = Some(Room {
        size: Size::gib(4),
        enforced: true,
    });
    let all = wanted(&["daemon", "rpm", "arm", "far", "large"]);
    let found = select(&catalog, &all, &ground, Incompatible::Error);
    let codes: Vec<String> = found
        .findings
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                if one.is_error() { "error" } else { "warning" },
                one.code
            )
        })
        .collect();
    assert_eq!(
        codes,
        [
            "error catalog::need-unmet",
            "error catalog::need-unmet",
            "error catalog::distro-unsupported",
            "error catalog::arch-unsupported",
            "error catalog::domain-blocked",
            "warning catalog::disk",
            "error catalog::memory"
        ]
    );
}

#[test]
fn a_machine_without_network_takes_what_is_handed_over() {
    let fetched = |name: &str, known: &str| {
        let npm = manifest(name, "");
        let (head, _) = npm.split_once("install:").unwrap();
        format!(
            "{head}requirements:\n  domains: [vendor.example.org]\ninstall:\n  method: binary\n  binary:\n    \
             downloads:\n      - name: {name}\n        source: {{type: direct-url, url: 'https://vendor.example.org/{name}'}}\n        \
             {known}\nvalidate:\n  commands:\n    - name: {name}\n"
        )
    };
    let sum = "0".repeat(64);
    let catalog = catalog(&[
        ("pinned", fetched("pinned", &format!("sha256: '{sum}'"))),
        (
            "listed",
            fetched(
                "listed",
                "checksums: {url: 'https://vendor.example.org/sums'}",
            ),
        ),
    ]);
    let all = wanted(&["pinned", "listed"]);
    for (provider, expected) in [
        (ProviderKind::Docker, &["pinned"][..]),
        (ProviderKind::E2b, &[]),
    ] {
        let mut ground = ground(provider);
        ground.network.open = false;
        let selected = select(&catalog, &all, &ground, Incompatible::Skip);
        assert_eq!(names(&selected), expected, "{provider}");
    }
}

#[test]
fn a_profile_is_derived_with_the_reasons() {
    let catalog = seed();
    let profile = Profile {
        name: name("work"),
        description: "Everything: \"all\" of it".into(),
        extensions: wanted(&["supabase", "ollama", "tool"]),
    };
    let derived = derive(&catalog, &profile, &Ground::on(ProviderKind::Fly)).unwrap();
    assert_eq!(
        derived.text,
        r#"# The profile `work` for fly, as `sindri profile derive` wrote it: edit it as you like.
description: "Everything: \"all\" of it, for fly"
extensions:
  # supabase is left out: it needs `docker`, which isn't installed
  # ollama is left out: it needs an NVIDIA GPU, and Fly.io withdrew its GPUs on 2026-08-01
  #   Instead: `runpod` and `northflank` sell GPUs, `kubernetes` and `devpod` use those of your nodes
  #   and cloud, and `docker` those of its host
  - tool
  # docker is left out: it needs a daemon (through supabase -> docker)
  #   Instead: use one elsewhere
"#
    );
    assert_eq!(derived.name, name("work-fly"));
}
