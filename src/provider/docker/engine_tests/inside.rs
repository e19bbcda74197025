//! What happens inside a machine: commands, files, sessions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::world::World;
use crate::address::{Name, NameRule};
use crate::provider::{
    Command, Delivery, File, Interactive, MachineRef, Provider, Reader, Stream, TerminalSize,
};
use crate::resource::Power;

fn sh(line: &str) -> Command {
    Command {
        argv: ["sh", "-c", line].map(ToOwned::to_owned).to_vec(),
        ..Command::default()
    }
}

async fn deliver(world: &World, here: &MachineRef, name: &str, value: &str) {
    let secret = Delivery {
        name: Name::parse(NameRule::Secret, name).unwrap(),
        value: value.as_bytes().to_vec().into(),
        target: None,
    };
    world.docker.deliver(here, &secret).await.unwrap();
}

#[tokio::test]
async fn commands_have_streams_codes_and_an_environment() {
    let world = World::new("exec").await;
    let (_, here) = world.dev().await;
    let said = world.sh(&here, "echo out; echo err >&2; exit 7").await;
    assert_eq!(
        (said.code, &*said.stdout, &*said.stderr),
        (7, &b"out\n"[..], &b"err\n"[..])
    );
    let command = Command {
        env: BTreeMap::from([("GREETING".to_owned(), "a 'b' $c".to_owned())]),
        directory: Some("/tmp".to_owned()),
        ..sh("pwd; echo \"$GREETING\"")
    };
    let said = world.docker.ask(&here, &command).await.unwrap();
    assert_eq!(said.stdout, b"/tmp\na 'b' $c\n");
    assert_eq!(world.sh(&here, "pwd").await.stdout, b"/root\n");
    let absent = Command {
        argv: vec!["no-such-program".to_owned()],
        ..Command::default()
    };
    assert_eq!(world.docker.ask(&here, &absent).await.unwrap().code, 127);
    let nowhere = Command {
        directory: Some("/nowhere".to_owned()),
        ..sh("pwd")
    };
    assert_eq!(world.docker.ask(&here, &nowhere).await.unwrap().code, 126);
    let killed = world.sh(&here, "kill -9 $$").await;
    assert_eq!(killed.code, 137);
}

#[tokio::test]
async fn secrets_are_exported_where_asked_for() {
    let world = World::new("export").await;
    let (_, here) = world.dev().await;
    deliver(&world, &here, "PLAIN", "p'\"$x `y`").await;
    deliver(&world, &here, "LINES", "one\ntwo\n\n").await;
    let show = "printf '%s|%s|' \"$PLAIN\" \"$LINES\"; tr '\\0' ' ' </proc/self/cmdline";
    let with = Command {
        secrets: true,
        ..sh(show)
    };
    let said = world.docker.ask(&here, &with).await.unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(text.starts_with("p'\"$x `y`|one\ntwo\n\n|"), "{text}");
    let said = world.docker.ask(&here, &sh(show)).await.unwrap();
    assert!(said.stdout.starts_with(b"||"));
}

#[tokio::test]
async fn a_command_reads_what_it_is_given() {
    let world = World::new("stdin").await;
    let (_, here) = world.dev().await;
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|n| u8::try_from(n % 251).unwrap())
        .collect();
    let mut got = Vec::new();
    let command = Command {
        stdin: Some(bytes.clone()),
        ..sh("cat")
    };
    let code = world
        .docker
        .exec(&here, &command, &mut |stream, chunk| {
            assert_eq!(stream, Stream::Stdout);
            got.extend_from_slice(chunk);
        })
        .await
        .unwrap();
    assert_eq!(code, 0);
    assert!(got == bytes, "{} bytes came back", got.len());
    // One that ends without reading is no error.
    let command = Command {
        stdin: Some(bytes),
        ..sh("exit 3")
    };
    assert_eq!(world.docker.ask(&here, &command).await.unwrap().code, 3);
    assert_eq!(
        world.sh(&here, "cat").await.code,
        0,
        "without input there is an end"
    );
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_hundred_megabytes_stream_through_without_staying() {
    let world = World::new("flood").await;
    let (_, here) = world.dev().await;
    let before = resident_kib();
    let mut count = 0_usize;
    let code = world
        .docker
        .exec(
            &here,
            &sh("head -c 104857600 /dev/zero"),
            &mut |_, chunk| count += chunk.len(),
        )
        .await
        .unwrap();
    assert_eq!((code, count), (0, 100 << 20));
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 30 << 10, "grew by {grown} KiB");
    let asked = world.sh(&here, "head -c 5000000 /dev/zero").await;
    assert_eq!(asked.stdout.len(), 1 << 20, "collected output is bounded");
}

#[tokio::test]
async fn a_command_whose_time_is_up_is_killed_with_its_children() {
    let world = World::new("timeout").await;
    let (_, here) = world.dev().await;
    let command = Command {
        timeout: Some(Duration::from_secs(1)),
        ..sh("sleep 4711 & sh -c 'sleep 4712' & sleep 4713")
    };
    let started = Instant::now();
    let error = world.docker.ask(&here, &command).await.unwrap_err();
    assert_eq!(error.code.as_str(), "docker::exec-timeout");
    assert!(started.elapsed() < Duration::from_secs(15));
    let said = world.sh(&here, "ps | grep -c 'sleep 471[123]'").await;
    assert_eq!(said.stdout, b"0\n");
    assert_eq!(world.sh(&here, "echo alive").await.stdout, b"alive\n");
}

#[tokio::test]
async fn a_command_may_leave_something_running() {
    let world = World::new("detach").await;
    let (_, here) = world.dev().await;
    let started = Instant::now();
    let said = world
        .sh(&here, "sleep 300 >/dev/null 2>&1 </dev/null & echo started")
        .await;
    assert_eq!((said.code, &*said.stdout), (0, &b"started\n"[..]));
    assert!(started.elapsed() < Duration::from_secs(10));
}

fn file(path: &str, content: &[u8], mode: u32) -> File {
    File {
        path: path.to_owned(),
        content: Arc::from(content),
        mode,
    }
}

#[tokio::test]
async fn files_go_in_and_come_out() {
    let world = World::new("files").await;
    let docker = &world.docker;
    let (_, here) = world.dev().await;
    let bytes: Vec<u8> = (0..2_000_000_u32)
        .map(|n| u8::try_from(n % 253).unwrap())
        .collect();
    for power in [Power::Running, Power::Stopped] {
        docker.set_power(&here, power).await.unwrap();
        let files = [
            file("/opt/new/deep/it's here", b"one", 0o640),
            file("/opt/new/large", &bytes, 0o755),
            file("/tmp/empty", b"", 0o600),
        ];
        docker.put(&here, &files).await.unwrap();
        docker.put(&here, &files).await.unwrap();
        for file in &files {
            let got = docker.get(&here, &file.path).await.unwrap();
            assert!(got == *file.content, "{} differs", file.path);
        }
        let missing = docker.get(&here, "/opt/nothing").await.unwrap_err();
        assert_eq!(
            missing.class,
            crate::provider::Class::NotFound,
            "{missing:?}"
        );
        // A link is followed.
        let hosts = docker.get(&here, "/bin/sh").await.unwrap();
        assert!(hosts.len() > 100_000);
        docker.set_power(&here, Power::Running).await.unwrap();
        let said = world
            .sh(&here, "cd /opt/new; stat -c '%a' deep deep/* large /tmp /tmp/empty; rm -r /opt/new; ls /tmp")
            .await;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert_eq!(text, "755\n640\n755\n1777\n600\nempty\n", "{power:?}");
    }
    for path in ["relative", "/a/../etc/passwd", "/", "/folder/"] {
        let error = docker.get(&here, path).await.unwrap_err();
        assert_eq!(error.code.as_str(), "docker::path", "{path}");
    }
    let refused = docker.put(&here, &[file("/tmp", b"x", 0o600)]).await;
    assert_eq!(refused.unwrap_err().code.as_str(), "docker::put-failed");
}

struct Person {
    typing: DuplexStream,
    screen: DuplexStream,
    resize: mpsc::UnboundedSender<TerminalSize>,
    session: Interactive,
}

fn person(command: Option<&str>, terminal: Option<(u16, u16)>) -> Person {
    let (typing, stdin) = duplex(1 << 16);
    let (stdout, screen) = duplex(1 << 16);
    let (resize, resized) = mpsc::unbounded_channel();
    let session = Interactive {
        known: crate::resource::Attributes::default(),
        command: command.map(ToOwned::to_owned),
        terminal: terminal.map(|(rows, columns)| TerminalSize { rows, columns }),
        resized,
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(tokio::io::sink()),
    };
    Person {
        typing,
        screen,
        resize,
        session,
    }
}

async fn until(screen: &mut DuplexStream, text: &str) -> String {
    let mut shown = Vec::new();
    let reading = async {
        let mut buffer = [0; 1024];
        while !String::from_utf8_lossy(&shown).contains(text) {
            let count = screen.read(&mut buffer).await.unwrap();
            assert!(count > 0, "ended: {}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&buffer[..count]);
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), reading).await;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(waited.is_ok(), "`{text}` never came: {shown}");
    shown
}

#[tokio::test]
async fn a_person_gets_a_terminal_of_its_size() {
    let world = World::new("session").await;
    let (_, here) = world.dev().await;
    deliver(&world, &here, "TOKEN", "hush").await;
    let Person {
        mut typing,
        mut screen,
        resize,
        session,
    } = person(None, Some((41, 123)));
    let using = async {
        typing.write_all(b"stty size\n").await.unwrap();
        until(&mut screen, "41 123").await;
        resize
            .send(TerminalSize {
                rows: 50,
                columns: 77,
            })
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        typing
            .write_all(b"stty size; echo t=$TOKEN.\n")
            .await
            .unwrap();
        until(&mut screen, "t=hush.").await;
        typing.write_all(b"exit 5\n").await.unwrap();
    };
    let (code, ()) = tokio::join!(world.docker.connect(&here, session), using);
    assert_eq!(code.unwrap(), 5);
    assert!(!world.docker.owns_terminal());
}

#[tokio::test]
async fn a_line_runs_in_the_machines_shell_and_its_code_is_passed_on() {
    let world = World::new("line").await;
    let (_, here) = world.dev().await;
    let Person {
        mut typing,
        mut screen,
        session,
        ..
    } = person(Some("cat; echo done; exit 9"), None);
    let using = async {
        typing.write_all(b"typed\n").await.unwrap();
        drop(typing);
        until(&mut screen, "typed\ndone\n").await
    };
    let (code, shown) = tokio::join!(world.docker.connect(&here, session), using);
    assert_eq!(code.unwrap(), 9);
    assert_eq!(shown, "typed\ndone\n", "no terminal, no echo");
    // A terminal whose person is gone ends, too.
    let Person {
        typing,
        mut screen,
        session,
        ..
    } = person(None, Some((24, 80)));
    drop(typing);
    let watching = tokio::spawn(async move {
        let mut shown = Vec::new();
        screen.read_to_end(&mut shown).await
    });
    let ended = world.docker.connect(&here, session);
    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
    ended.expect("the session ends").unwrap();
    watching.await.unwrap().unwrap();
}
