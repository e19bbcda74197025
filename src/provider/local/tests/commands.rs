use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::ground::*;
use crate::provider::{Class, Command, Interactive, Provider, Reader, Stream};

fn sh(script: &str) -> Command {
    Command {
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        ..Command::default()
    }
}

#[tokio::test]
async fn a_command_runs_in_the_machines_own_environment() {
    let ground = Ground::with(&[
        ("HTTPS_PROXY", "http://p"),
        ("AWS_TOKEN", "no"),
        ("TERM", "dumb"),
    ]);
    let machine = ground.machine().await;
    let out = ground.shell(&machine, "env; pwd").await;
    let lines: Vec<&str> = text(&out).lines().collect();
    let home = format!("{}/home", machine.id);
    let variables: BTreeMap<&str, &str> = lines
        .iter()
        .filter_map(|line| line.split_once('='))
        .collect();
    assert_eq!(variables["HOME"], home);
    assert_eq!(
        variables["PATH"],
        format!("{home}/.local/bin:/usr/local/bin:/usr/bin:/bin")
    );
    assert_eq!(variables["TMPDIR"], format!("{}/tmp", machine.id));
    assert_eq!(variables["SINDRI_MACHINE"], machine.id.as_str());
    assert_eq!(variables["HTTPS_PROXY"], "http://p");
    assert_eq!(variables["TERM"], "dumb");
    assert!(!variables.contains_key("AWS_TOKEN"));
    assert_eq!(*lines.last().unwrap(), home);
}

#[tokio::test]
async fn directory_variables_and_codes_are_the_commands_own() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    ground.shell(&machine, "mkdir -p project").await;
    let command = Command {
        env: [("GREETING".to_owned(), "hi".to_owned())].into(),
        directory: Some("~/project".to_owned()),
        ..sh("echo $GREETING; basename $PWD; exit 3")
    };
    let out = ground.local.ask(&machine, &command).await.unwrap();
    assert_eq!((out.code, text(&out)), (3, "hi\nproject"));
    let mut missing = sh("true");
    missing.directory = Some("~/none".to_owned());
    let error = ground.local.ask(&machine, &missing).await.unwrap_err();
    assert_eq!(error.code.as_str(), "local::no-directory");
}

#[tokio::test]
async fn a_program_that_is_not_there_ends_as_in_a_shell() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    let command = Command {
        argv: vec!["no-such-program".to_owned()],
        ..Command::default()
    };
    let out = ground.local.ask(&machine, &command).await.unwrap();
    assert_eq!(out.code, 127);
    assert!(
        String::from_utf8(out.stderr)
            .unwrap()
            .starts_with("no-such-program: ")
    );
    let error = ground
        .local
        .ask(&machine, &Command::default())
        .await
        .unwrap_err();
    assert_eq!(error.code.as_str(), "local::exec");
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_with_what_it_started() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    let command = Command {
        timeout: Some(Duration::from_millis(200)),
        ..sh("(sleep 1.5; touch survived) & sleep 60")
    };
    let begun = Instant::now();
    let error = ground.local.ask(&machine, &command).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Failed, "local::exec-timeout")
    );
    assert_eq!(
        error.to_string(),
        "the command was ended after 0.2 s, its time limit"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    tokio::time::sleep(Duration::from_millis(1800)).await;
    assert_eq!(text(&ground.shell(&machine, "ls").await), "");
}

#[tokio::test]
async fn a_hundred_megabytes_stream_and_only_one_is_kept() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    let command = sh("head -c 104857600 /dev/zero; echo err >&2");
    let mut counts = (0, 0);
    let code = ground
        .local
        .exec(&machine, &command, &mut |stream, bytes| match stream {
            Stream::Stdout => counts.0 += bytes.len(),
            Stream::Stderr => counts.1 += bytes.len(),
        })
        .await
        .unwrap();
    assert_eq!((code, counts), (0, (104_857_600, 4)));
    let out = ground.local.ask(&machine, &command).await.unwrap();
    assert_eq!((out.stdout.len(), out.stderr.len()), (1 << 20, 4));
}

#[tokio::test]
async fn what_made_itself_a_session_outlives_the_command() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    let script = "setsid sh -c 'sleep 0.3; touch done' >/dev/null 2>&1 < /dev/null &";
    ground.shell(&machine, script).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(text(&ground.shell(&machine, "ls").await), "done");
}

#[tokio::test]
async fn a_session_passes_its_exit_code_on() {
    let ground = Ground::new();
    let machine = ground.machine().await;
    let (_, resized) = tokio::sync::mpsc::unbounded_channel();
    let session = Interactive {
        known: crate::resource::Attributes::default(),
        command: Some("test \"$PWD\" = \"$HOME\" && exit 5".to_owned()),
        terminal: None,
        resized,
        stdin: Box::new(tokio::io::empty()),
        stdout: Box::new(tokio::io::sink()),
        stderr: Box::new(tokio::io::sink()),
    };
    assert!(ground.local.owns_terminal());
    assert_eq!(ground.local.connect(&machine, session).await.unwrap(), 5);
}
