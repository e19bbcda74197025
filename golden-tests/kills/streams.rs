//! Streams that nobody reads, that are full, or that were closed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::ground::{Ground, SINDRI};

const FLEET: &str = "version: \"3.0\"\nname: many\ndeployment: {provider: local, volumes: {}}\n\
                     machines: {m: {count: 900}}\n";

fn plan(ground: &Ground, arguments: &[&str]) -> Command {
    let mut command = Command::new(SINDRI);
    command
        .arg("plan")
        .args(arguments)
        .env_clear()
        .envs(&ground.environment)
        .current_dir(ground.path("."))
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_reader_that_leaves_hears_no_complaint() {
    let ground = Ground::new();
    ground.write("sindri.yaml", FLEET);
    let mut running = plan(&ground, &[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut reader = BufReader::new(running.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    assert!(first.contains("many"), "{first}");
    let ended = running.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn an_answer_that_has_no_room_is_an_error_in_every_format() {
    let ground = Ground::new();
    ground.write("sindri.yaml", FLEET);
    for arguments in [&[][..], &["--json"], &["--format", "markdown"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = plan(&ground, arguments).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.contains("cli::output"), "{arguments:?}: {said}");
        assert_eq!(ended.status.code(), Some(1));
    }
}
