//! What a file means.

use super::{meaning, read_text, told};
use crate::config::{GpuTier, ProviderSettings};
use crate::resource::{ProviderKind, RestartPolicy, SecretSource, Size};

#[test]
fn the_least_file_means_a_local_machine_with_a_workspace() {
    let config = meaning("version: \"3.0\"\nname: dev\n");
    let machine = &config.machines[0];
    assert_eq!(
        (machine.name.as_str(), machine.real_name.as_str()),
        ("dev", "dev")
    );
    assert_eq!(machine.provider, ProviderKind::Local);
    assert_eq!((machine.cpus, machine.memory), (None, None));
    assert_eq!(machine.volumes[0].path, "workspace");
    assert_eq!(machine.volumes[0].size, Some(Size::gib(10)));
    assert_eq!(machine.place.as_ref().unwrap().line, 2);
}

#[test]
fn the_whole_host_has_volumes_only_where_some_are_written() {
    let with = |written: &str| {
        let text = format!(
            "version: \"4.0\"\nname: dev\nproviders: {{ local: {{ wholeHost: true }} }}\n{written}"
        );
        meaning(&text).machines.remove(0).volumes.len()
    };
    assert_eq!(with(""), 0);
    assert_eq!(with("deployment: { volumes: { workspace: } }\n"), 1);
}

#[test]
fn volumes_are_as_written() {
    let with = |volumes: &str, provider: &str| {
        let text = format!(
            "version: \"3.0\"\nname: dev\ndeployment: {{ provider: {provider}, volumes: {volumes} }}\n"
        );
        let machine = meaning(&text).machines.remove(0);
        machine
            .volumes
            .iter()
            .map(|volume| format!("{} {} {}", volume.name, volume.path, volume.size.unwrap()))
            .collect::<Vec<_>>()
    };
    assert!(with("{}", "docker").is_empty());
    let home = "/alt/home/developer";
    assert_eq!(
        with("{ workspace: }", "docker"),
        [format!("workspace {home}/workspace 10GB")]
    );
    let two = "{ cache: { path: /var/cache/, size: 1GB }, workspace: { size: 2GB } }";
    assert_eq!(
        with(two, "docker"),
        [
            "cache /var/cache 1GB".to_owned(),
            format!("workspace {home}/workspace 2GB")
        ]
    );
    assert_eq!(
        with(two, "local"),
        ["cache var/cache 1GB", "workspace workspace 2GB"]
    );
    let below = format!("{{ workspace: {{ path: {home}/src }} }}");
    assert_eq!(with(&below, "local"), ["workspace src 10GB"]);
}

#[test]
fn an_explicit_gpu_kind_wins_over_the_tier() {
    let head = "version: 1.0\nname: dev\ndeployment:\n  provider: fly\n";
    let explicit = "providers: { fly: { gpuKind: l40s } }\n";
    let gpu = "  resources: { gpu: { enabled: true, count: 2, tier: gpu-small } }\n";
    let of = |text: String| meaning(&text).machines.remove(0).gpu;
    let both = of(format!("{head}{gpu}{explicit}")).unwrap();
    assert_eq!((both.kind.as_deref(), both.count), (Some("l40s"), 2));
    let tier = of(format!("{head}{gpu}")).unwrap();
    assert_eq!((tier.kind, tier.tier), (None, Some(GpuTier::Small)));
    assert_eq!(
        of(format!("{head}{explicit}")).unwrap().kind.as_deref(),
        Some("l40s")
    );
    assert!(of(head.to_owned()).is_none());
}

#[test]
fn a_block_that_is_not_enabled_is_told() {
    let (config, findings) = read_text(
        "version: \"3.0\"\nname: dev\ndeployment:\n  provider: docker\n  resources:\n    gpu: { count: 2 }\nproviders:\n  docker:\n    dind: { mode: sysbox }\n",
    );
    assert!(config.unwrap().machines[0].gpu.is_none());
    insta::assert_snapshot!(told(&findings), @r#"
    sindri.yaml:6:10 config::no-effect `gpu` has no effect without `enabled: true` / add `enabled: true`
    sindri.yaml:9:11 config::no-effect `dind` has no effect without `enabled: true` / add `enabled: true`
    "#);
}

#[test]
fn words_that_yaml_could_take_for_something_else_stay_words() {
    let config = meaning(
        "version: 3.10\nname: dev\ndeployment: { provider: docker }\nproviders:\n  docker: { restart: no, ports: [8080:3000, '[::1]:53:53/udp'] }\n",
    );
    assert_eq!((config.version.major, config.version.minor), (3, 10));
    let ProviderSettings::Docker(docker) = &*config.machines[0].settings else {
        panic!("docker")
    };
    assert_eq!(docker.restart, RestartPolicy::No);
    assert_eq!(
        (docker.ports[0].host, docker.ports[0].container),
        (8080, 3000)
    );
    assert_eq!(docker.ports[1].address.as_deref(), Some("::1"));
}

#[test]
fn secrets_of_all_sources_are_read() {
    let text = include_str!("../testdata/v3/docker.yaml");
    let config = meaning(text);
    let secrets = &config.machines[0].secrets;
    let words: Vec<&str> = secrets
        .iter()
        .map(|secret| secret.source.as_str())
        .collect();
    assert_eq!(words, ["env", "file", "vault", "s3"]);
    assert_eq!(secrets[1].target.as_ref().unwrap().mode, "0644");
    let SecretSource::Vault { mount, .. } = &secrets[2].source else {
        panic!("vault")
    };
    assert_eq!(mount, "kv");
}

#[test]
fn an_image_is_one_reference_however_it_was_written() {
    let of = |fields: &str| {
        let text =
            format!("version: \"3.0\"\nname: dev\ndeployment:\n  provider: docker\n  {fields}\n");
        meaning(&text).machines.remove(0).image.unwrap()
    };
    assert_eq!(of("image: debian:12").reference, "debian:12");
    let digest = format!("sha256:{}", "a".repeat(64));
    let pinned = of(&format!(
        "image_config: {{ registry: x.io/dev, digest: \"{digest}\" }}"
    ));
    assert_eq!(pinned.reference, format!("x.io/dev@{digest}"));
    let tagged = of("imageConfig: { registry: x.io/dev, tagOverride: 1.20 }");
    assert_eq!(tagged.reference, "x.io/dev:1.20");
    let chosen = of("image_config: { registry: x.io/dev, version: ^3.0 }");
    assert_eq!(chosen.reference, "x.io/dev");
    assert_eq!(
        chosen.choice.clone().unwrap().version.as_deref(),
        Some("^3.0")
    );
}
