//! A person's session in a machine.

use std::future::pending;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::ResizeExecOptions;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::classify::{Effect, LOOKING, classify, within};
use super::exec::{Attached, attach, exit_code, spec};
use super::{Docker, request};
use crate::diagnostic::Code;
use crate::provider::{Class, Interactive, MachineRef, ProviderError, TerminalSize};

/// What a terminal sends when a person types Ctrl-D.
const END_OF_INPUT: u8 = 4;
/// How often it is sent once the person is gone, until the session ends.
const INSISTING: Duration = Duration::from_millis(500);

/// Opens a session, copies its streams until it ends, and returns its exit code.
pub(super) async fn connect(
    docker: &Docker,
    machine: &MachineRef,
    session: Interactive,
) -> Result<i32, ProviderError> {
    let Interactive {
        known: _,
        command,
        terminal,
        mut resized,
        mut stdin,
        mut stdout,
        mut stderr,
    } = session;
    let body = request::exec::session(spec(machine)?, command.as_deref(), terminal);
    let Attached {
        id,
        mut output,
        mut input,
    } = attach(docker, machine.id.as_str(), body).await?;
    let typing = async {
        let mut buffer = [0; 8 * 1024];
        loop {
            match stdin.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    let sent = input.write_all(&buffer[..count]).await;
                    if sent.and(input.flush().await).is_err() {
                        break;
                    }
                }
            }
        }
        if terminal.is_none() {
            drop(input.shutdown().await);
        }
        // A shell that is just setting up its terminal throws away what was typed before.
        while terminal.is_some() && input.write_all(&[END_OF_INPUT]).await.is_ok() {
            drop(input.flush().await);
            tokio::time::sleep(INSISTING).await;
        }
        pending::<()>().await;
    };
    let sizing = async {
        if let Some(size) = terminal {
            resize(docker, &id, size).await;
        }
        while let Some(size) = resized.recv().await {
            resize(docker, &id, size).await;
        }
        pending::<()>().await;
    };
    let showing = async {
        while let Some(line) = output.next().await {
            let line = line.map_err(|e| classify(Effect::Acts, "follow a session", e))?;
            let shown = match line {
                LogOutput::StdErr { message } => {
                    stderr.write_all(&message).await.and(stderr.flush().await)
                }
                LogOutput::StdOut { message } | LogOutput::Console { message } => {
                    stdout.write_all(&message).await.and(stdout.flush().await)
                }
                LogOutput::StdIn { .. } => Ok(()),
            };
            shown.map_err(|error| {
                ProviderError::new(
                    Class::Failed,
                    Code::new("docker::session"),
                    "could not show what the session printed",
                )
                .source(error)
            })?;
        }
        Ok::<_, ProviderError>(())
    };
    tokio::select! {
        ended = showing => ended?,
        () = typing => {}
        () = sizing => {}
    }
    exit_code(docker, &id).await
}

/// Tells the session's terminal its size; a session that has just ended needs none.
async fn resize(docker: &Docker, id: &str, size: TerminalSize) {
    if let Ok(client) = docker.client().await {
        let options = ResizeExecOptions {
            height: size.rows,
            width: size.columns,
        };
        let resizing = client.resize_exec(id, options);
        drop(within(Effect::Reads, "resize a terminal", LOOKING, resizing).await);
    }
}
