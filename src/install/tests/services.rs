//! Hooks and services.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::ground::{Ground, job, manifest};
use crate::install::{InstallError, Job, Purpose};

fn service(start: &str, rest: &str) -> Job {
    job(manifest(
        "pulse",
        &format!(
            "install:\n  method: script\n  script: {{path: install.sh}}\ncapabilities:\n  hooks:\n    pre-install: {{command: 'echo before >>log'}}\n    post-install: {{script: after.sh}}\nservice:\n  enabled: true\n  start: {start}\n{rest}validate:\n  commands:\n    - name: pulse\n"
        ),
        &[
            (
                "install.sh",
                "echo install >>\"$HOME/log\"\ncat >\"$HOME/.local/bin/pulse\" <<'END'\n#!/bin/sh\n[ \"$1\" = serve ] || { echo pulse 1.0.0; exit; }\necho \"$2 began as $$\"\necho $$ >\"$HOME/beats\"\ntrap 'echo ended >>\"$HOME/log\"; exit' TERM\nwhile :; do sleep 0.1; done\nEND\nchmod 755 \"$HOME/.local/bin/pulse\"",
            ),
            ("after.sh", "echo after >>\"$HOME/log\""),
        ],
    ))
}

const SERVE: &str = "{command: pulse serve, args: ['a b']}";
const READY: &str = "  readiness: {check: test -s beats, timeout: 10}\n";

fn beats(ground: &Ground) -> Option<String> {
    let pid = fs::read_to_string(ground.home.join("beats")).ok()?;
    let pid = pid.trim().to_owned();
    // A process that nobody has buried yet is dead all the same.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let runs = !stat.rsplit_once(") ")?.1.starts_with('Z');
    runs.then_some(pid)
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..200 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came");
}

#[tokio::test]
async fn a_service_lives_with_its_machine_and_goes_with_its_extension() {
    let ground = Ground::new().await;
    let mut job = service(SERVE, READY);
    ground.install(&job).await.unwrap();
    assert_eq!(ground.log(), ["before", "install", "after"]);
    let first = beats(&ground).unwrap();
    let log = ".local/state/sindri/services/pulse.log";
    assert_eq!(ground.read(log), format!("a b began as {first}\n"));

    // Found: neither hooks nor steps run, and what runs is left alone.
    assert!(ground.install(&job).await.unwrap().found);
    assert_eq!(beats(&ground).as_ref(), Some(&first));
    assert_eq!(ground.log().len(), 3);

    // The machine is restarted: whoever comes first starts what it should run.
    Command::new("kill").args(["-9", &first]).status().unwrap();
    until(|| beats(&ground).is_none()).await;
    let session = Command::new("sh")
        .args(["-c", ". \"$HOME/.config/sindri/profile\""])
        .env_clear()
        .env("HOME", &ground.home)
        .env("PATH", "/usr/bin:/bin")
        .status()
        .unwrap();
    assert!(session.success());
    until(|| beats(&ground).is_some_and(|pid| pid != first)).await;
    let second = beats(&ground).unwrap();

    job = service(SERVE, &format!("{READY}# newer\n"));
    job.purpose = Purpose::Upgrade;
    ground.install(&job).await.unwrap();
    assert_ne!(beats(&ground).unwrap(), second);

    ground.remove(&job).await.unwrap();
    assert!(beats(&ground).is_none());
    assert_eq!(ground.log().iter().filter(|l| *l == "ended").count(), 2);
    assert!(
        !ground
            .home
            .join(".local/state/sindri/services/pulse.sh")
            .exists()
    );
}

#[tokio::test]
async fn a_service_that_ends_or_never_gets_ready_fails_with_its_log() {
    let ground = Ground::new().await;
    for (start, rest, expected) in [
        (
            "{command: 'echo no port; exit 3'}",
            "",
            "pulse ended with exit code 3; its log ends:",
        ),
        (
            SERVE,
            "  readiness: {check: 'false', timeout: 1}\n",
            "pulse isn't ready after 1 s; its log ends:",
        ),
    ] {
        let Err(InstallError::Step(failure)) = ground.install(&service(start, rest)).await else {
            panic!("it was installed");
        };
        assert!(
            failure.tail.iter().any(|line| line == expected),
            "{:?}",
            failure.tail
        );
        assert!(beats(&ground).is_none());
    }
}

#[tokio::test]
async fn a_service_without_what_it_requires_waits_for_it() {
    let ground = Ground::new().await;
    let job = service(SERVE, &format!("{READY}  requires-env: [PULSE_KEY]\n"));
    ground.install(&job).await.unwrap();
    assert!(beats(&ground).is_none());
    let secrets = ground.home.join("../run/secrets");
    fs::create_dir_all(&secrets).unwrap();
    fs::write(secrets.join("PULSE_KEY"), "k").unwrap();
    assert!(ground.install(&job).await.unwrap().found);
    assert!(beats(&ground).is_some());
    ground.remove(&job).await.unwrap();
}

#[tokio::test]
async fn a_hook_that_fails_stops_the_installation() {
    let ground = Ground::new().await;
    let mut job = service(SERVE, READY);
    job.manifest = manifest(
        "hooked",
        "install:\n  method: script\n  script: {path: a.sh}\ncapabilities:\n  hooks:\n    pre-install: {command: 'echo not here; exit 9'}\nvalidate:\n  commands:\n    - name: cat\n      args: [log]\n",
        &[("a.sh", "echo a >>\"$HOME/log\"")],
    );
    let Err(InstallError::Step(failure)) = ground.install(&job).await else {
        panic!("it was installed");
    };
    assert_eq!((failure.method, failure.code), ("pre-install", 9));
    assert_eq!(failure.tail, ["not here"]);
    assert!(ground.log().is_empty());
}
