//! Commands in a sandbox: started, fed, listened to, and killed when their time is up.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use super::E2b;
use super::endpoint::Door;
use super::envelope::{Envelopes, Event, Trouble, refusal};
use super::error::{PAUSE, fail, silence};
use super::inside::{enter, hold, look_in, settings};
use super::request::{self, Size};
use crate::digest::hex;
use crate::provider::shell::{self, MARK};
use crate::provider::{Class, Command, MachineRef, Output, ProviderError, Stream};
use crate::sys::Random;
use crate::sys::http::{HttpError, HttpStream};

/// Where a command's output goes, as it comes.
pub(super) type Sink<'a> = &'a mut (dyn FnMut(Stream, &[u8]) + Send);

/// How much of a stream [`ask`] keeps.
const KEPT: usize = 1 << 20;
/// How much input goes into one call.
const MOUTHFUL: usize = 256 << 10;
/// How long killing may take.
const ENDING: Duration = Duration::from_secs(30);

/// A process in a sandbox.
pub(super) struct Process {
    stream: HttpStream,
    envelopes: Envelopes,
    /// Its number there.
    pub(super) pid: u32,
}

impl Process {
    /// Starts one.
    pub(super) async fn start(
        e2b: &E2b,
        door: &Door,
        argv: &[String],
        env: &BTreeMap<String, String>,
        reads: bool,
        size: Size,
    ) -> Result<Self, ProviderError> {
        let call = request::start(argv, env, reads, size);
        let opened = e2b.stream(door, &call).await;
        let mut stream = opened.map_err(|error| silence(&call, error))?;
        if stream.status != 200 {
            return Err(closed(&mut stream).await);
        }
        let mut process = Self {
            stream,
            envelopes: Envelopes::default(),
            pid: 0,
        };
        while process.pid == 0 {
            match process.next().await? {
                Event::Started(pid) => process.pid = pid,
                Event::Alive => {}
                Event::Printed(..) | Event::Ended(_) => {
                    return Err(fail(
                        Class::Failed,
                        "e2b::protocol",
                        "the sandbox's daemon tells of a command that it hasn't started",
                    ));
                }
            }
        }
        Ok(process)
    }

    /// What it does next.
    pub(super) async fn next(&mut self) -> Result<Event, ProviderError> {
        loop {
            if let Some(event) = self.envelopes.next()? {
                return Ok(event);
            }
            match self.stream.next().await {
                Ok(Some(part)) => self.envelopes.take(&part),
                Ok(None) => return Err(broken_off(None)),
                Err(error) => return Err(broken_off(Some(error))),
            }
        }
    }
}

/// Why the daemon, or what stands before it, doesn't start a command.
async fn closed(stream: &mut HttpStream) -> ProviderError {
    let mut body = Vec::new();
    while let Ok(Some(part)) = stream.next().await {
        body.extend_from_slice(&part);
        if body.len() > 64 << 10 {
            break;
        }
    }
    let trouble: Option<Trouble> = serde_json::from_slice(&body).ok();
    match (stream.status, trouble) {
        // What stands before a sandbox that is gone or asleep answers in its place.
        (404 | 502, _) => fail(
            Class::Retryable,
            "e2b::no-daemon",
            "nobody answers in the sandbox: it is paused or gone",
        ),
        (429, _) => fail(
            Class::Throttled(PAUSE),
            "e2b::throttled",
            "the sandbox has enough commands for now",
        ),
        // It may have begun all the same.
        (500 | 503 | 504, None) => fail(
            Class::Ambiguous,
            "e2b::exec",
            format!("the sandbox answers with status {}", stream.status),
        ),
        (401 | 403, _) => fail(
            Class::Denied,
            "e2b::daemon-refused",
            "the sandbox's daemon doesn't accept the token that E2B gave for it",
        ),
        (_, Some(trouble)) => refusal(&trouble),
        (status, None) => fail(
            Class::Failed,
            "e2b::exec",
            format!("the sandbox's daemon answers with status {status}"),
        ),
    }
}

fn broken_off(error: Option<HttpError>) -> ProviderError {
    let found = fail(
        Class::Retryable,
        "e2b::exec-broken-off",
        "the connection to the command broke off; it may still run",
    );
    match error {
        Some(error) => found.source(error),
        None => found,
    }
}

/// Runs a command in a sandbox, woken if need be, and returns its exit code.
pub(super) async fn run(
    e2b: &E2b,
    machine: &MachineRef,
    command: &Command,
    output: Sink<'_>,
) -> Result<i32, ProviderError> {
    let door = enter(e2b, machine).await?;
    let begun = begin(e2b, &door, machine, command).await;
    let (door, begun) = match begun {
        // Somebody paused it since.
        Err(error) if error.code.as_str() == "e2b::no-daemon" => {
            e2b.forget_door(machine.id.as_str());
            let door = enter(e2b, machine).await?;
            let begun = begin(e2b, &door, machine, command).await?;
            (door, begun)
        }
        other => (door, other?),
    };
    let following = follow(e2b, &door, begun, command, output);
    tokio::select! {
        ended = following => ended,
        () = hold(e2b, machine) => pending().await,
    }
}

/// Runs a command that only looks in a sandbox that runs, and collects what it prints.
pub(super) async fn ask(
    e2b: &E2b,
    machine: &MachineRef,
    command: &Command,
) -> Result<Output, ProviderError> {
    let door = look_in(e2b, machine).await?;
    let begun = begin(e2b, &door, machine, command).await?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut keep = |stream: Stream, bytes: &[u8]| {
        let kept = match stream {
            Stream::Stdout => &mut stdout,
            Stream::Stderr => &mut stderr,
        };
        let room = KEPT.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..room]);
    };
    let code = follow(e2b, &door, begun, command, &mut keep).await?;
    Ok(Output {
        code,
        stdout,
        stderr,
    })
}

/// A command that runs, and the mark its processes carry.
struct Begun {
    process: Process,
    mark: String,
}

async fn begin(
    e2b: &E2b,
    door: &Door,
    machine: &MachineRef,
    command: &Command,
) -> Result<Begun, ProviderError> {
    let (spec, _) = settings(&machine.spec)?;
    let mark = hex(&Random::system().bytes::<8>());
    let mut env = command.env.clone();
    env.insert(MARK.to_owned(), mark.clone());
    let directory = command.directory.as_deref();
    let argv = shell::wrapped(
        directory.unwrap_or(shell::workspace(spec)),
        command.secrets,
        command.argv.iter().map(String::as_str),
    );
    let reads = command.stdin.is_some();
    let process = Process::start(e2b, door, &argv, &env, reads, None).await?;
    Ok(Begun { process, mark })
}

/// Feeds a command and listens to it to its end; one whose time is up is killed with all it
/// started, and that is an error.
async fn follow(
    e2b: &E2b,
    door: &Door,
    begun: Begun,
    command: &Command,
    output: Sink<'_>,
) -> Result<i32, ProviderError> {
    let Begun { mut process, mark } = begun;
    let pid = process.pid;
    let feeding = async {
        if let Some(bytes) = &command.stdin {
            // A command may end without reading all of it; its exit code tells the rest.
            drop(feed(e2b, door, pid, bytes).await);
        }
        pending::<()>().await;
    };
    let listening = async {
        loop {
            match process.next().await? {
                Event::Printed(stream, bytes) => output(stream, &bytes),
                Event::Ended(code) => return Ok(code),
                Event::Started(_) | Event::Alive => {}
            }
        }
    };
    let time = async {
        match command.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => pending().await,
        }
    };
    tokio::select! {
        ended = listening => return ended,
        () = feeding => {}
        () = time => {}
    }
    Err(kill(e2b, door, pid, &mark, command.timeout.unwrap_or_default()).await)
}

async fn feed(e2b: &E2b, door: &Door, pid: u32, bytes: &[u8]) -> Result<(), ProviderError> {
    for part in bytes.chunks(MOUTHFUL) {
        e2b.knock(door, &request::feed(pid, part, false)).await?;
    }
    e2b.knock(door, &request::close_stdin(pid)).await?;
    Ok(())
}

async fn kill(e2b: &E2b, door: &Door, pid: u32, mark: &str, limit: Duration) -> ProviderError {
    let killing = async {
        drop(e2b.knock(door, &request::signal(pid)).await);
        let argv = shell::kill(mark);
        let mut killer = Process::start(e2b, door, &argv, &BTreeMap::new(), false, None).await?;
        while !matches!(killer.next().await?, Event::Ended(_)) {}
        Ok::<_, ProviderError>(())
    };
    let error = fail(
        Class::Failed,
        "e2b::exec-timeout",
        format!("the command was killed: it took longer than {limit:?}"),
    );
    match tokio::time::timeout(ENDING, killing).await {
        Ok(Ok(())) => error,
        Ok(Err(cause)) => error.source(cause),
        Err(_) => error.help("it may still run: the sandbox's daemon didn't answer"),
    }
}

/// Runs a script with input to its end, in a sandbox that is woken for it; its first line of
/// complaint comes back with its exit code.
pub(super) async fn script(
    e2b: &E2b,
    machine: &MachineRef,
    text: &str,
    arguments: &[&str],
    stdin: Option<&[u8]>,
) -> Result<(i32, String), ProviderError> {
    let words = ["/bin/sh", "-c", text, "sindri"];
    let argv = words.iter().chain(arguments);
    let command = Command {
        argv: argv.map(ToString::to_string).collect(),
        stdin: stdin.map(<[u8]>::to_vec),
        ..Command::default()
    };
    let mut said = Vec::new();
    let mut hear = |stream: Stream, bytes: &[u8]| {
        if stream == Stream::Stderr {
            said.extend_from_slice(&bytes[..bytes.len().min(500)]);
        }
    };
    let code = run(e2b, machine, &command, &mut hear).await?;
    let said = String::from_utf8_lossy(&said);
    let why = said.lines().next().unwrap_or("no reason given").to_owned();
    Ok((code, why))
}
