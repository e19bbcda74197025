//! What goes wrong, and how it is said.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

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

#[test]
fn an_interrupted_build_says_so_and_leaves_no_image() {
    let desk = Desk::new();
    let tag = format!("{}:local", desk.name);
    // A base that nothing was built from yet: its first step takes long.
    let own = format!("{}:own", desk.name);
    let script = format!(
        "printf 'FROM {}\\nLABEL own={}\\n' | docker build -q -t {own} -",
        base(),
        desk.name
    );
    run(Command::new("sh").args(["-c", &script])).ended(0);
    let mut building = desk
        .command(&["image", "build", "--tag", &tag, "--base", &own])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(building.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("RUN set -eu;") {
        assert_ne!(said.read_line(&mut text).unwrap(), 0, "{text}");
    }
    let id = building.id().to_string();
    run(Command::new("kill").args(["-INT", &id])).ended(0);
    said.read_to_string(&mut text).unwrap();
    assert_eq!(building.wait().unwrap().code(), Some(130), "{text}");
    assert!(text.contains("cli::interrupted"), "{text}");
    let image = run(Command::new("docker").args(["image", "inspect", &tag]));
    image.ended(1);
}
