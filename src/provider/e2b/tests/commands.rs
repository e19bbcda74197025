//! Commands, sessions and files in a sandbox.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use super::ground::{Ground, machine, shell};
use crate::address::{Name, NameRule};
use crate::provider::{Class, Command, Delivery, Interactive, Provider, Reader, TerminalSize};
use crate::resource::FileTarget;

#[tokio::test]
async fn a_command_has_its_input_environment_directory_and_code() {
    let ground = Ground::furnished().await;
    let (machine, _) = ground.made(machine(&json!({}))).await;
    let input = vec![b'x'; 600 << 10];
    let command = Command {
        argv: [
            "sh",
            "-c",
            "printf '%s in ' \"$A\"; pwd; wc -c; echo oops >&2; exit 3",
        ]
        .map(str::to_owned)
        .to_vec(),
        stdin: Some(input),
        env: BTreeMap::from([("A".to_owned(), "it's".to_owned())]),
        directory: Some("/usr".to_owned()),
        ..Command::default()
    };
    let output = ground.e2b.ask(&machine, &command).await.unwrap();
    assert_eq!(output.code, 3);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "it's in /usr\n614400\n"
    );
    assert_eq!(output.stderr, b"oops\n");
    assert_eq!(ground.run(&machine, "kill -9 $$").await.code, 137);
    assert_eq!(
        ground.run(&machine, "exec nowhere-to-be-found").await.code,
        127
    );
}

#[tokio::test]
async fn a_command_whose_time_is_up_is_killed_with_all_it_started() {
    let ground = Ground::furnished().await;
    let (machine, _) = ground.made(machine(&json!({}))).await;
    let mut command = shell("sleep 300 & echo $! >child; sleep 300");
    command.timeout = Some(Duration::from_secs(1));
    let started = Instant::now();
    let error = ground.e2b.ask(&machine, &command).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Failed, "e2b::exec-timeout")
    );
    assert!(started.elapsed() < Duration::from_secs(20));
    // One that nobody has waited for yet is dead all the same.
    let dead = "p=$(cat child); [ ! -d /proc/$p ] || grep -q '^State:.*Z' /proc/$p/status";
    assert_eq!(ground.run(&machine, dead).await.code, 0, "a child is left");
}

#[tokio::test]
async fn secrets_lie_where_they_lie_everywhere_and_nowhere_else() {
    let ground = Ground::furnished().await;
    let (machine, object) = ground.made(machine(&json!({}))).await;
    let secret = Delivery {
        name: Name::parse(NameRule::Secret, "TOKEN").unwrap(),
        value: Zeroizing::new(b"hush\n".to_vec()),
        target: Some(FileTarget {
            path: "/root/.token".to_owned(),
            mode: "0640".to_owned(),
        }),
    };
    ground.e2b.deliver(&machine, &secret).await.unwrap();
    let line = "stat -c '%a %n' /run/secrets /run/secrets/TOKEN /root/.token; cat /root/.token";
    let output = ground.run(&machine, line).await;
    let expected = "700 /run/secrets\n400 /run/secrets/TOKEN\n640 /root/.token\nhush\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    {
        let world = ground.emulator.world();
        let wanted = &world.sandboxes[object.id.as_str()].wanted;
        assert_eq!(wanted["envVars"], json!(null));
        assert!(!wanted.to_string().contains("hush"));
    }
    let taking = ground
        .e2b
        .withdraw(&machine, &secret.name, secret.target.as_ref());
    taking.await.unwrap();
    let output = ground.run(&machine, "ls /run/secrets /root/.token").await;
    assert_ne!(output.code, 0);
}

#[tokio::test]
async fn a_session_has_a_terminal_and_hands_its_code_back() {
    let ground = Ground::furnished().await;
    let (machine, _) = ground.made(machine(&json!({}))).await;
    let (mut keyboard, stdin) = tokio::io::duplex(1024);
    let (mut screen, stdout) = tokio::io::duplex(64 << 10);
    let (_resize, resized) = tokio::sync::mpsc::unbounded_channel();
    let session = Interactive {
        known: crate::resource::Attributes::default(),
        command: Some(
            "test -t 0 && echo terminal of $(stty size); read line; exit ${#line}".to_owned(),
        ),
        terminal: Some(TerminalSize {
            rows: 33,
            columns: 99,
        }),
        resized,
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(tokio::io::sink()),
    };
    keyboard.write_all(b"four\n").await.unwrap();
    let code = ground.e2b.connect(&machine, session).await.unwrap();
    assert_eq!(code, 4);
    let mut shown = String::new();
    screen.read_to_string(&mut shown).await.unwrap();
    assert!(shown.contains("terminal of 33 99"), "{shown:?}");
}

#[tokio::test]
async fn a_session_without_a_terminal_keeps_its_streams_apart() {
    let ground = Ground::furnished().await;
    let (machine, _) = ground.made(machine(&json!({}))).await;
    let (mut out, stdout) = tokio::io::duplex(1024);
    let (mut err, stderr) = tokio::io::duplex(1024);
    let (_resize, resized) = tokio::sync::mpsc::unbounded_channel();
    let session = Interactive {
        known: crate::resource::Attributes::default(),
        command: Some("cat; echo apart >&2; exit 5".to_owned()),
        terminal: None,
        resized,
        stdin: Box::new(&b"piped\n"[..]),
        stdout: Box::new(stdout),
        stderr: Box::new(stderr),
    };
    assert_eq!(ground.e2b.connect(&machine, session).await.unwrap(), 5);
    let (mut shown, mut said) = (String::new(), String::new());
    out.read_to_string(&mut shown).await.unwrap();
    err.read_to_string(&mut said).await.unwrap();
    assert_eq!((shown.as_str(), said.as_str()), ("piped\n", "apart\n"));
}
