//! Running a program without a terminal, its output streamed.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};
use tokio::time::Instant;

use super::ProcessError;
use super::group::Group;
use super::launch::{Launch, code};

/// How long a program has between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long the pipes may be silent after the program's end before they are left to whatever
/// background process still holds them.
const SILENCE: Duration = Duration::from_millis(100);
/// How long the pipes are read after the program's end, however much a background process writes.
const AFTERMATH: Duration = Duration::from_secs(2);
const BUFFER: usize = 64 * 1024;

/// Where output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself or by somebody's signal, which counts as 128 + its number.
    Exited(i32),
    /// By us, because its time was up.
    TimedOut,
}

/// Runs a program to its end.
///
/// When the time is up its whole process group is asked to end and then killed; when the future is
/// dropped it is killed at once. What it left running in the background when it ended by itself is
/// not touched, nor is what made itself a group of its own.
pub async fn run(
    launch: &Launch,
    stdin: Option<&[u8]>,
    timeout: Option<Duration>,
    output: &mut (dyn FnMut(Pipe, &[u8]) + Send),
) -> Result<Ended, ProcessError> {
    let mut command = launch.command()?;
    let mut child = command
        .process_group(0)
        .stdin(if stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| ProcessError::Start {
            program: launch.program(),
            source,
        })?;
    let mut group = Group::of(child.id());
    let feed = feed(child.stdin.take(), stdin.unwrap_or_default());
    let ended = follow(&mut child, &group, timeout, feed, output)
        .await
        .map_err(|source| ProcessError::Follow {
            program: launch.program(),
            source,
        })?;
    match ended {
        Ended::Exited(_) => group.release(),
        // Dropping the group kills what ignored the request to end.
        Ended::TimedOut => {}
    }
    Ok(ended)
}

/// Hands a program what it reads; one that doesn't read to the end is free to do so.
async fn feed(pipe: Option<ChildStdin>, bytes: &[u8]) {
    if let Some(mut pipe) = pipe
        && pipe.write_all(bytes).await.is_ok()
    {
        drop(pipe.shutdown().await);
    }
}

/// One of the program's pipes, until it closes.
struct Source<R> {
    pipe: Option<R>,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Source<R> {
    fn new(pipe: Option<R>) -> Self {
        Self {
            pipe,
            buffer: vec![0; BUFFER],
        }
    }

    /// The next bytes; none where the pipe has closed.
    async fn next(&mut self) -> &[u8] {
        let Some(pipe) = &mut self.pipe else {
            return std::future::pending().await;
        };
        let count = pipe.read(&mut self.buffer).await.unwrap_or(0);
        if count == 0 {
            self.pipe = None;
        }
        &self.buffer[..count]
    }
}

/// What is being waited for.
enum Phase {
    /// The program's end.
    Running,
    /// The program's end, after it was asked to.
    Ending,
    /// The program's end, after it was killed.
    Killed,
    /// The last output, after its end.
    Draining { until: Instant },
}

async fn follow(
    child: &mut Child,
    group: &Group,
    timeout: Option<Duration>,
    feed: impl Future<Output = ()>,
    output: &mut (dyn FnMut(Pipe, &[u8]) + Send),
) -> std::io::Result<Ended> {
    let mut out = Source::new(child.stdout.take());
    let mut err = Source::new(child.stderr.take());
    tokio::pin!(feed);
    let mut feeding = true;
    let mut phase = Phase::Running;
    let mut ended = None;
    let mut deadline = timeout.and_then(|time| Instant::now().checked_add(time));
    loop {
        if let Some(ended) = ended
            && out.pipe.is_none()
            && err.pipe.is_none()
        {
            return Ok(ended);
        }
        let arrived = tokio::select! {
            bytes = out.next() => { output(Pipe::Stdout, bytes); true }
            bytes = err.next() => { output(Pipe::Stderr, bytes); true }
            () = &mut feed, if feeding => { feeding = false; false }
            status = child.wait(), if ended.is_none() => {
                ended = Some(match phase {
                    Phase::Running => Ended::Exited(code(status?)),
                    Phase::Ending | Phase::Killed | Phase::Draining { .. } => Ended::TimedOut,
                });
                phase = Phase::Draining { until: Instant::now() + AFTERMATH };
                true
            }
            () = reached(deadline) => {
                match phase {
                    Phase::Running => {
                        group.signal(Signal::TERM);
                        phase = Phase::Ending;
                        deadline = Some(Instant::now() + GRACE);
                    }
                    Phase::Ending => {
                        group.signal(Signal::KILL);
                        phase = Phase::Killed;
                        deadline = None;
                    }
                    Phase::Killed => deadline = None,
                    Phase::Draining { .. } => return Ok(ended.unwrap_or(Ended::TimedOut)),
                }
                false
            }
        };
        if arrived && let Phase::Draining { until } = phase {
            deadline = Some(until.min(Instant::now() + SILENCE));
        }
    }
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
