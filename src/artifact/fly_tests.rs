//! What a machine on Fly.io comes to as a `fly.toml`.

use std::sync::Arc;

use super::{Artifact, ArtifactError, Origin, fly_toml, origin_of_fly_toml};
use crate::address::{Name, NameRule};
use crate::config::{self, Overrides};
use crate::desired::{self, Inputs};

fn rendered(text: &str) -> Result<Artifact, ArtifactError> {
    let text = format!("version: \"4.0\"\nname: shop\n{text}");
    let (config, findings) = config::read_bytes("t", text.as_bytes(), Overrides::default());
    let config = config.unwrap_or_else(|| panic!("{findings:?}"));
    let (desired, _) = desired::build(
        &config,
        Inputs {
            extensions: &mut |_, _| Arc::from([]),
            image: &|_| Some("ubuntu:24.04".to_owned()),
        },
    );
    let name = Name::parse(NameRule::Label, "shop").unwrap();
    fly_toml(&desired, &name, &config.machines[0].outbound)
}

/// The lines from a table's head to the next empty one.
fn table<'a>(text: &'a str, head: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| *line != head).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

const FLY: &str = "deployment:\n  provider: fly\n  image: debian:12\n  resources: {cpus: 2, memory: 1GB}\n  volumes:\n    my-work: {path: /work, size: 20GB}\n";

#[test]
fn a_machine_has_its_app_size_volume_and_way_to_ssh() {
    let artifact = rendered(&format!(
        "{FLY}providers:\n  fly: {{region: iad, sshPort: 2222, organization: acme}}\n"
    ))
    .unwrap();
    let text = &artifact.text;
    assert!(
        text.contains("\napp = \"shop\"\nprimary_region = \"iad\"\n"),
        "{text}"
    );
    assert_eq!(table(text, "[build]"), ["image = \"debian:12\""]);
    assert_eq!(
        table(text, "[[mounts]]"),
        [
            "source = \"my_work\"",
            "destination = \"/work\"",
            "initial_size = \"20gb\""
        ]
    );
    assert_eq!(
        table(text, "[[vm]]"),
        [
            "cpu_kind = \"shared\"",
            "cpus = 2",
            "memory = \"1024mb\"",
            "persist_rootfs = \"always\""
        ]
    );
    assert_eq!(
        table(text, "[[services]]"),
        [
            "protocol = \"tcp\"",
            "internal_port = 10022",
            "auto_stop_machines = \"suspend\"",
            "auto_start_machines = true",
            "min_machines_running = 0"
        ]
    );
    assert_eq!(table(text, "[[services.ports]]"), ["port = 2222"]);
    assert_eq!(
        artifact.next,
        ["fly apps create shop --org acme", "fly deploy --ha=false"]
    );
    assert!(artifact.findings.is_empty(), "{:?}", artifact.findings);
}

#[test]
fn secrets_are_commands_and_files_and_never_values() {
    let artifact = rendered(&format!(
        "{FLY}secrets:\n  - {{name: TOKEN, source: env}}\n  - {{name: AUTHORIZED_KEYS, source: file, path: ~/.ssh/id.pub, mountPath: /keys, permissions: \"0400\"}}\n  - {{name: DEEP, source: vault, vaultPath: app/x, vaultKey: k}}\n"
    ))
    .unwrap();
    assert_eq!(
        table(&artifact.text, "[[files]]"),
        [
            "guest_path = \"/keys\"",
            "secret_name = \"SINDRI_FILE_AUTHORIZED_KEYS\""
        ]
    );
    assert_eq!(
        artifact.next[1..4],
        [
            "printf %s \"$TOKEN\" | fly secrets set --app shop --stage TOKEN=-",
            "cat ~/.ssh/id.pub | base64 | tr -d '\\n' | fly secrets set --app shop --stage SINDRI_FILE_AUTHORIZED_KEYS=-",
            "vault kv get -mount=secret -field=k app/x | fly secrets set --app shop --stage DEEP=-",
        ]
    );
    assert_eq!(artifact.findings.len(), 1);
}

#[test]
fn of_several_regions_the_first_is_taken_and_that_is_told() {
    let region = |written: &str| {
        rendered(&format!(
            "{FLY}providers:\n  fly: {{region: \"{written}\"}}\n"
        ))
        .unwrap()
    };
    let artifact = region("any, ord");
    assert!(artifact.text.contains("\nprimary_region = \"ord\"\n"));
    assert_eq!(artifact.findings.len(), 1);
    let artifact = region("any");
    assert!(!artifact.text.contains("primary_region"));
    assert_eq!(artifact.findings.len(), 1);
}

#[test]
fn a_machine_elsewhere_has_none() {
    let error = rendered("deployment: {provider: docker}\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "machine `shop` is on `docker`, and a fly.toml tells of a machine on `fly`"
    );
}

#[test]
fn a_file_is_known_again_until_somebody_edits_it() {
    let text = rendered(FLY).unwrap().text;
    assert_eq!(origin_of_fly_toml(&text), Origin::Rendered);
    let edited = text.replace("shared", "performance");
    assert_eq!(origin_of_fly_toml(&edited), Origin::Edited);
    assert_eq!(origin_of_fly_toml("app = 'x'\n"), Origin::Foreign);
    assert_eq!(origin_of_fly_toml(""), Origin::Foreign);
}
