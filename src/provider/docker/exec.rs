//! Commands in a machine: started, fed, listened to, and killed when their time is up.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::classify::{Effect, LOOKING, classify, within};
use super::{Docker, request};
use crate::diagnostic::Code;
use crate::digest::hex;
use crate::provider::{Class, Command, MachineRef, Output, ProviderError, Stream};
use crate::resource::{MachineSpec, Spec};
use crate::sys::Random;

/// Where a command's output goes, as it comes.
pub(super) type Sink<'a> = &'a mut (dyn FnMut(Stream, &[u8]) + Send);

/// How much of a stream [`ask`] keeps.
const KEPT: usize = 1 << 20;
/// How long the Engine may take to notice that a command has ended.
const ENDING: Duration = Duration::from_secs(30);

/// The machine's specification.
pub(super) fn spec(machine: &MachineRef) -> Result<&MachineSpec, ProviderError> {
    match machine.spec.as_ref() {
        Spec::Machine(spec) => Ok(spec),
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => Err(ProviderError::new(
            Class::Invalid,
            Code::new("docker::foreign-address"),
            format!("`{}` is no machine", machine.name),
        )),
    }
}

/// Runs a command, its output handed on as it comes, and returns its exit code.
///
/// A command whose time is up is killed with all it started, and that is an error.
pub(super) async fn run(
    docker: &Docker,
    machine: &MachineRef,
    command: &Command,
    output: Sink<'_>,
) -> Result<i32, ProviderError> {
    let mark = hex(&Random::system().bytes::<8>());
    let body = request::exec::command(spec(machine)?, command, &mark);
    let container = machine.id.as_str();
    let running = run_body(docker, container, body, command.stdin.as_deref(), output);
    let Some(limit) = command.timeout else {
        return running.await;
    };
    if let Ok(ended) = tokio::time::timeout(limit, running).await {
        return ended;
    }
    let mut silent = |_: Stream, _: &[u8]| {};
    let body = request::exec::kill(&mark);
    let killing = run_body(docker, container, body, None, &mut silent);
    let killed = tokio::time::timeout(ENDING, killing).await;
    let error = ProviderError::new(
        Class::Failed,
        Code::new("docker::exec-timeout"),
        format!("the command was killed: it took longer than {limit:?}"),
    );
    match killed {
        Ok(Ok(_)) => Err(error),
        Ok(Err(cause)) => Err(error.source(cause)),
        Err(_) => Err(error.help("it may still run: the Engine didn't answer")),
    }
}

/// Runs a command and collects what it prints, up to a limit.
pub(super) async fn ask(
    docker: &Docker,
    machine: &MachineRef,
    command: &Command,
) -> Result<Output, ProviderError> {
    let mut stdout = Vec::new();
    let mut stderr = Vec::new();
    let code = run(docker, machine, command, &mut |stream, bytes| {
        let kept = match stream {
            Stream::Stdout => &mut stdout,
            Stream::Stderr => &mut stderr,
        };
        let room = KEPT.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..room]);
    })
    .await?;
    Ok(Output {
        code,
        stdout,
        stderr,
    })
}

/// An attached command: its two directions and its id.
pub(super) struct Attached {
    /// Its id, for its size and its exit code.
    pub(super) id: String,
    /// What it prints.
    pub(super) output:
        Pin<Box<dyn futures_util::Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    /// What it reads.
    pub(super) input: Pin<Box<dyn AsyncWrite + Send>>,
}

/// Starts a command and attaches to it.
pub(super) async fn attach(
    docker: &Docker,
    container: &str,
    body: ExecConfig,
) -> Result<Attached, ProviderError> {
    let client = docker.client().await?;
    let tty = body.tty.unwrap_or(false);
    let making = client.create_exec(container, body);
    let id = within(Effect::Reads, "prepare a command", LOOKING, making)
        .await?
        .id;
    let options = StartExecOptions {
        tty,
        ..Default::default()
    };
    let starting = client.start_exec(&id, Some(options));
    match within(Effect::Acts, "start a command", LOOKING, starting).await? {
        StartExecResults::Attached { output, input } => Ok(Attached { id, output, input }),
        StartExecResults::Detached => Err(ProviderError::new(
            Class::Failed,
            Code::new("docker::protocol"),
            "the Engine detached a command that was to be attached",
        )),
    }
}

/// Runs a command as its body says, feeding it while listening to it.
pub(super) async fn run_body(
    docker: &Docker,
    container: &str,
    body: ExecConfig,
    stdin: Option<&[u8]>,
    output: Sink<'_>,
) -> Result<i32, ProviderError> {
    let Attached {
        id,
        output: mut printed,
        mut input,
    } = attach(docker, container, body).await?;
    let feeding = async {
        if let Some(bytes) = stdin {
            // A command may end without reading all of it; its exit code tells the rest.
            let fed = input.write_all(bytes).await;
            drop(fed.and(input.shutdown().await));
        }
        pending::<()>().await;
    };
    let listening = async {
        while let Some(line) = printed.next().await {
            let line = line.map_err(|e| classify(Effect::Acts, "follow a command", e))?;
            match line {
                LogOutput::StdErr { message } => output(Stream::Stderr, &message),
                LogOutput::StdOut { message } | LogOutput::Console { message } => {
                    output(Stream::Stdout, &message);
                }
                LogOutput::StdIn { .. } => {}
            }
        }
        Ok::<_, ProviderError>(())
    };
    tokio::select! {
        ended = listening => ended?,
        () = feeding => {}
    }
    exit_code(docker, &id).await
}

/// The exit code of a command whose output has ended.
pub(super) async fn exit_code(docker: &Docker, id: &str) -> Result<i32, ProviderError> {
    let client = docker.client().await?;
    let mut pause = Duration::from_millis(2);
    let mut waited = Duration::ZERO;
    loop {
        let looking = client.inspect_exec(id);
        let seen = within(Effect::Reads, "look at a command", LOOKING, looking).await?;
        if seen.running != Some(true)
            && let Some(code) = seen.exit_code
        {
            return Ok(i32::try_from(code).unwrap_or(-1));
        }
        if waited > ENDING {
            return Err(ProviderError::new(
                Class::Ambiguous,
                Code::new("docker::exec-lost"),
                "the command's output ended, but the Engine says that it still runs",
            ));
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}
