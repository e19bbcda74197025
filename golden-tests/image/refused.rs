//! What goes wrong, and how it is said.

use std::process::Command;

use super::desk::{Desk, base, docker, run};

#[test]
fn a_failed_step_is_shown_with_its_last_lines() {
    let desk = Desk::new();
    // Debian without what makes it one.
    let stripped = format!("{}:stripped", desk.name);
    let script = format!(
        "printf 'FROM {}\\nRUN rm /usr/bin/apt-get\\n' | docker build -q -t {stripped} -",
        base()
    );
    run(Command::new("sh").args(["-c", &script])).ended(0);
    let ran = desk
        .sindri(&[
            "image",
            "build",
            "--tag",
            &format!("{}:local", desk.name),
            "--base",
            &stripped,
        ])
        .ended(1);
    let ran = ran
        .says("docker::build-failed")
        .says("it must be Debian or Ubuntu");
    assert!(ran.stderr.contains("failed: RUN set -eu;"), "{ran:#?}");
    let json = desk
        .sindri(&[
            "image",
            "build",
            "--json",
            "--tag",
            &format!("{}:local", desk.name),
            "--base",
            &stripped,
        ])
        .ended(1);
    let last: serde_json::Value =
        serde_json::from_str(json.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "diagnostic", "{json:#?}");
    // Nothing has taken the name.
    let images = docker(&["images", "--format", "{{.Tag}}", &desk.name]);
    assert!(!images.lines().any(|tag| tag == "local"), "{images}");
}

#[test]
fn without_an_engine_or_a_base_it_says_so() {
    let desk = Desk::new();
    let base = base();
    let words = ["image", "build", "--tag", "a:1", "--base", &base];
    let mut command = desk.command(&words);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    run(&mut command).ended(1).says("docker::unreachable");

    let absent = "127.0.0.1:1/nothing:1";
    let tag = format!("{}:local", desk.name);
    let ran = desk
        .sindri(&["image", "build", "--tag", &tag, "--base", absent])
        .ended(1);
    ran.says("docker::registry-unreachable")
        .says("the base image `127.0.0.1:1/nothing:1`");
    desk.sindri(&["image", "build", "--tag", "Not A Name"])
        .ended(1)
        .says("docker::image-reference");
    desk.sindri(&["image", "build", "--push"])
        .ended(1)
        .says("--tag");
    desk.sindri(&["image", "build", "--target", "cloud"])
        .ended(1)
        .says("[possible values: local, remote]");
}
