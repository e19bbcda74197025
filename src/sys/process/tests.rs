use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::*;

fn shell(script: &str) -> Launch {
    Launch {
        argv: ["sh", "-c", script].map(OsString::from).to_vec(),
        env: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
        directory: "/".into(),
    }
}

async fn collect(launch: &Launch, stdin: Option<&[u8]>) -> (Ended, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ended = run(launch, stdin, None, &mut |pipe, bytes| match pipe {
        Pipe::Stdout => out.extend_from_slice(bytes),
        Pipe::Stderr => err.extend_from_slice(bytes),
    })
    .await
    .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended, text(out), text(err))
}

#[tokio::test]
async fn streams_codes_and_input_come_through() {
    let launch = shell("read line; echo out $line; echo err >&2; exit 7");
    let (ended, out, err) = collect(&launch, Some(b"hello\n")).await;
    assert_eq!(ended, Ended::Exited(7));
    assert_eq!((out.as_str(), err.as_str()), ("out hello\n", "err\n"));
}

#[tokio::test]
async fn a_signal_counts_as_128_and_its_number() {
    assert_eq!(
        collect(&shell("kill -9 $$"), None).await.0,
        Ended::Exited(137)
    );
}

#[tokio::test]
async fn the_environment_is_the_given_one_alone() {
    let (_, out, _) = collect(&shell("env"), None).await;
    for line in out.lines() {
        let name = line.split('=').next().unwrap();
        assert!(
            ["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(&name),
            "{line}"
        );
    }
}

#[tokio::test]
async fn more_input_than_is_read_does_no_harm() {
    let input = vec![b'x'; 1 << 20];
    assert_eq!(
        collect(&shell("exit 3"), Some(&input)).await.0,
        Ended::Exited(3)
    );
}

#[tokio::test]
async fn a_hundred_megabytes_flow_through() {
    let mut count = 0;
    let ended = run(
        &shell("head -c 104857600 /dev/zero"),
        None,
        None,
        &mut |_, bytes| count += bytes.len(),
    )
    .await
    .unwrap();
    assert_eq!((ended, count), (Ended::Exited(0), 104_857_600));
}

#[tokio::test]
async fn a_timeout_ends_the_whole_group() {
    let room = tempfile::tempdir().unwrap();
    let mut launch = shell("(trap '' TERM; sleep 1.5; touch survived) & sleep 30");
    launch.directory = room.path().to_path_buf();
    let begun = Instant::now();
    let time = Some(Duration::from_millis(200));
    let ended = run(&launch, None, time, &mut |_, _| ()).await.unwrap();
    assert_eq!(ended, Ended::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(5));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!room.path().join("survived").exists());
}

#[tokio::test]
async fn one_that_ignores_the_request_to_end_is_killed() {
    let launch = shell("trap '' TERM; while :; do sleep 0.05; done");
    let time = Some(Duration::from_millis(100));
    let ended = run(&launch, None, time, &mut |_, _| ()).await.unwrap();
    assert_eq!(ended, Ended::TimedOut);
}

#[tokio::test]
async fn dropping_the_future_kills_the_group() {
    let room = tempfile::tempdir().unwrap();
    let mut launch = shell("(sleep 1; touch survived) & wait");
    launch.directory = room.path().to_path_buf();
    {
        let mut ignore = |_: Pipe, _: &[u8]| ();
        let running = run(&launch, None, None, &mut ignore);
        assert!(
            tokio::time::timeout(Duration::from_millis(300), running)
                .await
                .is_err()
        );
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!room.path().join("survived").exists());
}

#[tokio::test]
async fn a_background_process_does_not_hold_the_end_up() {
    let begun = Instant::now();
    let (ended, out, _) = collect(&shell("sleep 20 & echo done"), None).await;
    assert_eq!((ended, out.as_str()), (Ended::Exited(0), "done\n"));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_missing_program_is_an_error_that_names_it() {
    let mut launch = shell("");
    launch.argv = vec!["no-such-program".into()];
    let error = run(&launch, None, None, &mut |_, _| ()).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to start `no-such-program`");
}

#[tokio::test]
async fn processes_are_found_by_a_variable_and_ended() {
    let mark = format!("{}-census", std::process::id());
    let mut launch = shell("setsid sleep 60 >/dev/null 2>&1 & echo $!");
    launch
        .env
        .push(("SINDRI_TEST_MARK".into(), mark.clone().into()));
    let (ended, _, _) = collect(&launch, None).await;
    assert_eq!(ended, Ended::Exited(0));
    let end = || end_those_with("SINDRI_TEST_MARK", &mark, Duration::from_secs(2));
    assert_eq!(end(), 1);
    assert_eq!(end(), 0);
}
