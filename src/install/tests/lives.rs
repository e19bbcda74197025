//! The life of a job: started, watched, left alone, killed, picked up.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::time::Duration;

use super::ground::{CANARY, Ground, job, manifest, scripts};
use crate::install::{InstallEvent, Job, Outcome, Probe, Purpose, ToolState, probe};
use crate::secret::Redactor;

#[tokio::test]
async fn an_extension_is_installed_validated_and_written_down() {
    let ground = Ground::new().await;
    let job = job(manifest(
        "greeter",
        "install:\n  method: script\n  script: {path: install.sh}\nvalidate:\n  commands:\n    - name: greet\n      expectedPattern: '^greet 1[.]2[.]3$'\n",
        &[(
            "install.sh",
            "printf '#!/bin/sh\\necho greet 1.2.3\\n' >\"$HOME/.local/bin/greet\"\nchmod 755 \"$HOME/.local/bin/greet\"\necho \"hello canary-5f2e91\"; echo $SINDRI_EXTENSION $SINDRI_PROVIDER",
        )],
    ));
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert!(!installed.found);
    assert_eq!(installed.tools[0].version.as_deref(), Some("1.2.3"));
    assert_eq!(ground.printed(), ["hello (sensitive)", "greeter local"]);
    let ledger = ground.read(".local/state/sindri/ledger.jsonl");
    assert!(
        ledger.contains(r#""extension":"greeter","version":"1.0.0""#),
        "{ledger}"
    );
    assert!(ledger.contains(r#""result":"ready""#) && ledger.contains(r#""root":"root-1""#));
    assert!(ground.jobs().is_empty());

    // Once more, as if nothing were recorded: the machine has it.
    let again = ground.install(&job).await.unwrap();
    assert!(again.found);
    assert_eq!(again.note().as_deref(), Some("found, not installed"));
    assert_eq!(again.tools[0].result, ToolState::Found);

    let seen = probe_one(&ground, &job).await;
    assert_eq!(seen.wrong, Vec::<String>::new());
    assert_eq!(seen.versions["greet"], "1.2.3");
    assert_eq!(seen.ledger.unwrap().result, "found");
    fs::remove_file(ground.home.join(".local/bin/greet")).unwrap();
    let seen = probe_one(&ground, &job).await;
    assert_eq!(seen.wrong, ["`greet --version` isn't there"]);
}

async fn probe_one(ground: &Ground, job: &crate::install::Job) -> crate::install::Probed {
    let probes = [Probe {
        proves: true,
        manifest: job.manifest.clone(),
        recorded: None,
        versions: BTreeMap::new(),
        failed: BTreeSet::new(),
    }];
    let mut seen = probe(
        &ground.local,
        &ground.machine,
        &probes,
        &Redactor::default(),
    )
    .await
    .unwrap();
    seen.remove(&job.manifest.name).unwrap()
}

const SLOW: [&str; 3] = [
    "echo one >>\"$HOME/log\"",
    "echo two >>\"$HOME/log\"; echo working; sleep 1; echo two-done >>\"$HOME/log\"",
    "echo three >>\"$HOME/log\"",
];

#[tokio::test]
async fn a_job_goes_on_without_us_and_is_picked_up() {
    let ground = Ground::new().await;
    let job = scripts("slow", &SLOW);
    tokio::select! {
        _ = ground.install(&job) => panic!("the job was too fast"),
        () = ground.wait_for_log(2) => {}
    }
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert_eq!(ground.count(|e| *e == InstallEvent::PickedUp), 1);
    assert_eq!(ground.log(), ["one", "two", "two-done", "three"]);
}

#[tokio::test]
async fn a_job_that_ended_while_nobody_watched_is_not_run_again() {
    let ground = Ground::new().await;
    let job = scripts("slow", &SLOW);
    tokio::select! {
        _ = ground.install(&job) => panic!("the job was too fast"),
        () = ground.wait_for_log(2) => {}
    }
    ground.wait_for_log(4).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    assert_eq!(ground.log().len(), 4);
}

#[tokio::test]
async fn a_job_that_died_resumes_at_its_first_unfinished_step() {
    let ground = Ground::new().await;
    let job = scripts(
        "slow",
        &[
            SLOW[0],
            "echo two >>\"$HOME/log\"\n[ -f \"$HOME/again\" ] || { touch \"$HOME/again\"; sleep 5; }\necho two-done >>\"$HOME/log\"",
            SLOW[2],
        ],
    );
    tokio::select! {
        _ = ground.install(&job) => panic!("the job was too fast"),
        () = ground.wait_for_log(2) => {}
    }
    let folder = ground.jobs().pop().unwrap();
    let pid = fs::read_to_string(folder.join("pid")).unwrap();
    let pid = pid.split(' ').next().unwrap();
    assert!(
        Command::new("kill")
            .args(["-KILL", pid])
            .status()
            .unwrap()
            .success()
    );
    let installed = ground.install(&job).await.unwrap();
    assert_eq!(installed.outcome, Outcome::Ready);
    // The second step's first run, which outlived the job, was ended before it was through.
    assert_eq!(ground.log(), ["one", "two", "two", "two-done", "three"]);
}

#[tokio::test]
async fn killed_at_any_moment_every_step_runs_once() {
    let ground = Ground::new().await;
    let line = |n: usize| format!("echo {n} >>\"$HOME/log\"; sleep 0.1; echo end of {n}");
    let lines: Vec<String> = (0..6).map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = scripts("often-killed", &lines);
    let mut kills = 0;
    let installed = loop {
        // Each life is a little longer than the one before, so that every moment gets its turn.
        let span = Duration::from_millis(5 + 7 * kills);
        match tokio::time::timeout(span, ground.install(&job)).await {
            Ok(result) => break result.unwrap(),
            Err(_) => kills += 1,
        }
    };
    assert!(kills > 3);
    assert_eq!(installed.outcome, Outcome::Ready);
    assert_eq!(ground.log(), ["0", "1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_dead_job_of_another_root_counts_for_nothing() {
    let ground = Ground::new().await;
    let mut job = scripts(
        "slow",
        &[
            "echo one >>\"$HOME/log\"",
            "echo two >>\"$HOME/log\"; [ -f \"$HOME/mended\" ]",
        ],
    );
    assert!(ground.install(&job).await.is_err());
    assert_eq!(ground.log(), ["one", "two"]);
    fs::write(ground.home.join("mended"), "").unwrap();
    job.incarnation = Some("root-2".to_owned());
    job.purpose = Purpose::Upgrade;
    ground.install(&job).await.unwrap();
    assert_eq!(ground.log(), ["one", "two", "one", "two"]);
}

#[tokio::test]
async fn after_a_failure_finished_steps_are_not_repeated() {
    let ground = Ground::new().await;
    let job = scripts(
        "slow",
        &[
            "echo one >>\"$HOME/log\"",
            "echo two >>\"$HOME/log\"; [ -f \"$HOME/mended\" ]",
        ],
    );
    let error = ground.install(&job).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "extension `slow` failed at `tool1` (script): exit code 1"
    );
    fs::write(ground.home.join("mended"), "").unwrap();
    ground.install(&job).await.unwrap();
    assert_eq!(ground.log(), ["one", "two", "two"]);
}

#[tokio::test]
async fn busybox_is_shell_enough() {
    let ground = Ground::of_busybox().await;
    let job = scripts(
        "slow",
        &[
            "echo one >>\"$HOME/log\"; echo said",
            "seq 1 30000; echo two >>\"$HOME/log\"; false",
        ],
    );
    let error = ground.install(&job).await.unwrap_err();
    let crate::install::InstallError::Step(step) = &error else {
        panic!("{error}");
    };
    assert_eq!(step.tail.last().unwrap(), "30000");
    assert_eq!(step.tail.len(), 20);
    assert_eq!(ground.log(), ["one", "two"]);
    assert!(ground.printed().contains(&"said".to_owned()));
    assert!(ground.printed().contains(&"17".to_owned()));
}

#[tokio::test]
async fn package_managers_are_not_shared() {
    let ground = Ground::new().await;
    share_npm(&ground).await;
}

#[tokio::test]
async fn without_flock_they_are_not_shared_either() {
    let ground = Ground::of_busybox().await;
    let locks = ground.home.join(".local/state/sindri/locks");
    // A lock whose holder is gone.
    fs::create_dir_all(locks.join("npm.d")).unwrap();
    fs::write(locks.join("npm.d/pid"), "999999 gone\n").unwrap();
    share_npm(&ground).await;
}

/// A job that npm does.
fn npm(name: &str) -> Job {
    job(manifest(
        name,
        &format!(
            "install:\n  method: npm\n  npm: {{package: {name}@1.0.0}}\nvalidate:\n  commands:\n    - name: cat\n      args: [log]\n"
        ),
        &[],
    ))
}

async fn share_npm(ground: &Ground) {
    ground.tool(
        "npm",
        "mkdir \"$HOME/busy\" || exit 9\nsleep 0.3\nrmdir \"$HOME/busy\"\necho npm >>\"$HOME/log\"",
    );
    let (one, two, three) = (npm("one"), npm("two"), npm("three"));
    let (a, b, c) = tokio::join!(
        ground.install(&one),
        ground.install(&two),
        ground.install(&three)
    );
    for result in [a, b, c] {
        result.unwrap();
    }
    assert_eq!(ground.log().len(), 3);
    assert!(ground.count(|e| matches!(e, InstallEvent::Waiting { lock } if lock == "npm")) > 0);
}

#[tokio::test]
async fn the_most_urgent_of_those_who_wait_comes_first() {
    let ground = Ground::new().await;
    let locks = ground.home.join(".local/state/sindri/locks");
    fs::create_dir_all(locks.join("npm.queue")).unwrap();
    // One that was more urgent than all, and died waiting.
    fs::write(locks.join("npm.queue/900.999999"), "999999 gone\n").unwrap();
    let held = fs::File::create(locks.join("npm")).unwrap();
    held.lock().unwrap();
    ground.tool(
        "npm",
        "for last; do :; done; echo \"$last\" >>\"$HOME/log\"",
    );
    let of = |name: &str, seconds| Job {
        urgency: Duration::from_secs(seconds),
        ..npm(name)
    };
    let waiting = |urgency: u64| {
        let locks = locks.clone();
        async move {
            let begins = format!("{urgency}.");
            let is_there = || {
                let mut tickets = fs::read_dir(locks.join("npm.queue")).unwrap();
                tickets.any(|one| {
                    let name = one.unwrap().file_name();
                    name.to_string_lossy().starts_with(&begins)
                })
            };
            while !is_there() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    let (patient, urgent) = (of("patient", 5), of("urgent", 60));
    let (a, b, ()) = tokio::join!(
        ground.install(&patient),
        async {
            waiting(5).await;
            ground.install(&urgent).await
        },
        async {
            waiting(60).await;
            drop(held);
        }
    );
    a.unwrap();
    b.unwrap();
    assert_eq!(ground.log(), ["urgent@1.0.0", "patient@1.0.0"]);
    assert_eq!(fs::read_dir(locks.join("npm.queue")).unwrap().count(), 0);
}

#[tokio::test]
async fn configuration_is_written_once_and_goes_with_the_extension() {
    let ground = Ground::new().await;
    fs::write(
        ground.home.join("settings.json"),
        r#"{"a": {"x": 1}, "b": 2}"#,
    )
    .unwrap();
    fs::write(ground.home.join("list.txt"), "mine\n").unwrap();
    fs::write(ground.home.join("keep.txt"), "mine\n").unwrap();
    let mut job = job(manifest(
        "configured",
        "install:\n  method: script\n  script: {path: install.sh}\nconfigure:\n  environment:\n    - key: GREETING\n      value: $HOME/it's `id` \"q\"\n  templates:\n    - {source: a.json, destination: ~/settings.json, mode: merge}\n    - {source: a.txt, destination: ~/list.txt, mode: append}\n    - {source: a.txt, destination: keep.txt, mode: skip-if-exists}\n    - {source: a.txt, destination: ~/.config/new/a.txt}\nvalidate:\n  commands:\n    - name: sh\n      args: ['-c', 'echo \"$GREETING\"']\n      expectedPattern: '/home/it.s .id. .q.$'\nremove:\n  paths: [~/.config/new]\n",
        &[
            ("install.sh", "true"),
            ("a.json", r#"{"a": {"y": 3}, "b": 4}"#),
            ("a.txt", "theirs"),
        ],
    ));
    ground.install(&job).await.unwrap();
    job.purpose = Purpose::Upgrade;
    ground.install(&job).await.unwrap();
    let merged: serde_json::Value = serde_json::from_str(&ground.read("settings.json")).unwrap();
    assert_eq!(merged, serde_json::json!({"a": {"x": 1, "y": 3}, "b": 4}));
    assert_eq!(
        ground.read("list.txt"),
        "mine\n# >>> sindri-configured-a-txt\ntheirs\n# <<< sindri-configured-a-txt\n"
    );
    assert_eq!(ground.read("keep.txt"), "mine\n");
    assert_eq!(ground.read(".config/new/a.txt"), "theirs");
    // One line, which finds the tools and the environment of every extension.
    assert_eq!(ground.read(".profile").lines().count(), 1);

    ground.remove(&job).await.unwrap();
    assert!(!ground.home.join(".config/new").exists());
    assert!(
        !ground
            .home
            .join(".config/sindri/profile.d/configured.sh")
            .exists()
    );
    assert!(
        ground
            .read(".local/state/sindri/ledger.jsonl")
            .contains(r#""result":"removed""#)
    );
}

#[tokio::test]
async fn no_secret_lies_in_the_machine_afterwards() {
    let ground = Ground::new().await;
    let job = scripts(
        "leaky",
        &[&format!(
            "echo one >>\"$HOME/log\"; echo {CANARY}; echo {CANARY} >&2; exit 3"
        )],
    );
    let error = ground.install(&job).await.unwrap_err();
    let shown = format!("{error:?} {:?}", ground.printed());
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(shown.contains("(sensitive)"));
}
