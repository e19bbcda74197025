//! What is built.

use std::collections::BTreeSet;
use std::process::Command;

use super::desk::{Desk, docker, run};

fn layers(image: &str) -> Vec<String> {
    let told = docker(&[
        "image",
        "inspect",
        "--format",
        "{{json .RootFS.Layers}}",
        image,
    ]);
    serde_json::from_str(&told).unwrap()
}

fn inside(image: &str, script: &str) -> String {
    docker(&[
        "run",
        "--rm",
        "--entrypoint",
        "/bin/sh",
        image,
        "-c",
        script,
    ])
}

#[test]
fn both_targets_share_the_base_and_the_local_one_has_nothing_of_the_other() {
    let desk = Desk::new();
    let (local, remote) = (desk.build("local", &[]), desk.build("remote", &[]));
    let (of_local, of_remote) = (layers(&local), layers(&remote));
    // The local target adds no layer: it is the base.
    assert_eq!(of_remote[..of_local.len()], of_local);
    assert!(of_remote.len() > of_local.len(), "{of_remote:?}");

    let found = inside(
        &local,
        "ls /usr/sbin/sshd /usr/local/lib/sindri /etc/profile.d/sindri.sh 2>/dev/null; id -un; pwd; git --version >/dev/null && touch here && echo mine",
    );
    assert_eq!(found, "developer\n/alt/home/developer/workspace\nmine");
    let found = inside(
        &remote,
        "ls /etc/ssh/ssh_host_* 2>/dev/null; id -un; test -x /usr/sbin/sshd && echo sshd; command -v sudo fail2ban-server; grep -c ^developer: /etc/passwd",
    );
    assert_eq!(found, "root\nsshd\n1");
}

#[test]
fn a_build_tells_its_steps_and_takes_what_it_built_before() {
    let desk = Desk::new();
    let tag = desk.build("local", &[]);
    let id = docker(&["image", "inspect", "--format", "{{.Id}}", &tag]);
    let base = super::desk::base();
    let again = ["image", "build", "--tag", &tag, "--base", &base];
    let ran = desk.sindri(&again).ended(0).says(&id);
    assert!(ran.stderr.contains("FROM ${BASE} AS base"), "{ran:#?}");
    assert!(ran.stderr.contains("RUN set -eu;"), "{ran:#?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:#?}");

    let told = desk.sindri(&[&again[..], &["--json"]].concat()).ended(0);
    let events: Vec<serde_json::Value> = told
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: BTreeSet<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert!(kinds.contains("image_step"), "{kinds:?}");
    let last = events.last().unwrap();
    assert_eq!(last["type"], "image_complete");
    assert_eq!(last["image"]["id"], id.as_str());
    assert_eq!(last["image"]["target"], "local");
    assert_eq!(last["image"]["digest"], serde_json::Value::Null);
    assert_eq!(told.stderr, "");
}

#[test]
fn without_a_name_it_is_the_projects() {
    let desk = Desk::new();
    let text = format!(
        "version: \"4.0\"\nname: {}\ndeployment: {{provider: local}}\nextensions: {{active: []}}\n",
        desk.name
    );
    std::fs::write(desk.path().join("project/sindri.yaml"), text).unwrap();
    let base = super::desk::base();
    let ran = desk
        .sindri(&["image", "build", "--base", &base, "--quiet"])
        .ended(0);
    assert!(
        ran.stdout
            .starts_with(&format!("Built {}:local from {base}", desk.name)),
        "{ran:#?}"
    );
    assert_eq!(ran.stderr, "");
    let named = format!("{}:local", desk.name);
    run(Command::new("docker").args(["image", "inspect", &named])).ended(0);
}
