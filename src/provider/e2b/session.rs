//! A person's session in a sandbox.

use std::collections::BTreeMap;
use std::future::pending;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::envelope::Event;
use super::error::fail;
use super::exec::Process;
use super::inside::{enter, hold, settings};
use super::{E2b, request};
use crate::provider::{Class, Interactive, MachineRef, ProviderError, Stream, shell};

/// What a terminal sends when a person types Ctrl-D.
const END_OF_INPUT: &[u8] = &[4];

/// Opens a session, copies its streams until it ends, and returns its exit code.
pub(super) async fn connect(
    e2b: &E2b,
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
    let (spec, _) = settings(&machine.spec)?;
    let door = enter(e2b, machine).await?;
    let argv = shell::session(spec, command.as_deref(), terminal);
    let mut env = BTreeMap::new();
    if terminal.is_some() {
        env.insert("TERM".to_owned(), "xterm-256color".to_owned());
    }
    let mut process = Process::start(e2b, &door, &argv, &env, true, terminal).await?;
    let pid = process.pid;
    let typed = terminal.is_some();
    let typing = async {
        let mut buffer = vec![0; 32 << 10];
        loop {
            match stdin.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    let call = request::feed(pid, &buffer[..count], typed);
                    if e2b.knock(&door, &call).await.is_err() {
                        break;
                    }
                }
            }
        }
        let last = if typed {
            request::feed(pid, END_OF_INPUT, true)
        } else {
            request::close_stdin(pid)
        };
        drop(e2b.knock(&door, &last).await);
        pending::<()>().await;
    };
    let sizing = async {
        while let Some(size) = resized.recv().await {
            // A session that has just ended needs none.
            drop(e2b.knock(&door, &request::resize(pid, size)).await);
        }
        pending::<()>().await;
    };
    let showing = async {
        loop {
            let shown = match process.next().await? {
                Event::Printed(Stream::Stdout, bytes) => {
                    stdout.write_all(&bytes).await.and(stdout.flush().await)
                }
                Event::Printed(Stream::Stderr, bytes) => {
                    stderr.write_all(&bytes).await.and(stderr.flush().await)
                }
                Event::Ended(code) => return Ok(code),
                Event::Started(_) | Event::Alive => Ok(()),
            };
            shown.map_err(|error| {
                fail(
                    Class::Failed,
                    "e2b::session",
                    "could not show what the session printed",
                )
                .source(error)
            })?;
        }
    };
    tokio::select! {
        ended = showing => ended,
        () = typing => pending().await,
        () = sizing => pending().await,
        () = hold(e2b, machine) => pending().await,
    }
}
