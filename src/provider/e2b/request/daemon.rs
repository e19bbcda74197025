//! The calls to the daemon inside a sandbox: Connect over JSON.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::{Call, Effect, query};
use crate::provider::TerminalSize;

/// Who runs everything: what extensions install is the machine's, not a person's.
const USER: &str = "root";

/// How often the daemon says that it is still there, in seconds.
const PING: &str = "50";

/// The terminal a process is given.
pub(in crate::provider::e2b) type Size = Option<TerminalSize>;

fn unary(title: &'static str, effect: Effect, method: &str, body: &Value) -> Call {
    let path = format!("/process.Process/{method}");
    Call::plain(title, effect, "POST", path)
        .header("connect-protocol-version", "1")
        .header("authorization", user())
        .json(body)
}

/// The user by whom the daemon is asked: a login without a password.
fn user() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:")))
}

/// Starts a process, its events streamed.
pub(in crate::provider::e2b) fn start(
    argv: &[String],
    env: &BTreeMap<String, String>,
    reads: bool,
    size: Size,
) -> Call {
    let (program, arguments) = argv
        .split_first()
        .map_or(("", &[][..]), |(program, rest)| (program.as_str(), rest));
    let mut body = json!({
        "process": { "cmd": program, "args": arguments, "envs": env },
        "stdin": reads,
    });
    if let Some(size) = size {
        body["pty"] = terminal(size);
    }
    let message = body.to_string().into_bytes();
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut envelope = Vec::with_capacity(message.len() + 5);
    envelope.push(0);
    envelope.extend_from_slice(&length.to_be_bytes());
    envelope.extend_from_slice(&message);
    let path = "/process.Process/Start".to_owned();
    let mut call = Call::plain("start a command", Effect::Makes, "POST", path)
        .header("connect-protocol-version", "1")
        .header("content-type", "application/connect+json")
        .header("keepalive-ping-interval", PING)
        .header("authorization", user());
    call.body = envelope;
    call
}

fn terminal(size: TerminalSize) -> Value {
    json!({ "size": { "cols": size.columns, "rows": size.rows } })
}

fn process(pid: u32) -> Value {
    json!({ "pid": pid })
}

/// Hands a process what it reads, or its terminal what is typed.
pub(in crate::provider::e2b) fn feed(pid: u32, bytes: &[u8], typed: bool) -> Call {
    let input = if typed { "pty" } else { "stdin" };
    let body = json!({ "process": process(pid), "input": { input: STANDARD.encode(bytes) } });
    unary("feed a command", Effect::Makes, "SendInput", &body)
}

/// Tells a process that there is nothing more to read.
pub(in crate::provider::e2b) fn close_stdin(pid: u32) -> Call {
    let body = json!({ "process": process(pid) });
    unary(
        "end a command's input",
        Effect::Settles,
        "CloseStdin",
        &body,
    )
}

/// Tells a process's terminal its size.
pub(in crate::provider::e2b) fn resize(pid: u32, size: TerminalSize) -> Call {
    let body = json!({ "process": process(pid), "pty": terminal(size) });
    unary("resize a terminal", Effect::Settles, "Update", &body)
}

/// Kills a process.
pub(in crate::provider::e2b) fn signal(pid: u32) -> Call {
    let body = json!({ "process": process(pid), "signal": "SIGNAL_SIGKILL" });
    unary("kill a command", Effect::Settles, "SendSignal", &body)
}

/// Whether the daemon answers.
pub(in crate::provider::e2b) fn health() -> Call {
    let path = "/health".to_owned();
    Call::plain("look for a sandbox's daemon", Effect::Reads, "GET", path)
}

/// A file's content.
pub(in crate::provider::e2b) fn read_file(path: &str) -> Call {
    let path = query("/files", &[("path", path), ("username", USER)]);
    Call::plain("read a file", Effect::Reads, "GET", path)
}
