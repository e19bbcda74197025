//! The daemon inside sandboxes: Connect over JSON.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::Answer;
use super::http::Request;
use super::process;
use super::world::World;

/// How often a process is looked at that prints nothing.
const LOOK: Duration = Duration::from_millis(4);

/// Answers a request; none where it was answered by a stream.
pub(crate) fn act(
    request: &Request,
    stream: &TcpStream,
    world: &Arc<Mutex<World>>,
) -> Option<Answer> {
    let id = request.header("e2b-sandbox-id").unwrap_or_default();
    let mut held = world.lock().unwrap_or_else(PoisonError::into_inner);
    held.pass_time();
    if let Some(refusal) = enter(id, request, &mut held) {
        return Some(refusal);
    }
    let directory = held.directory(id);
    let body = request.json();
    let running = || {
        let number = body["process"]["pid"].as_u64();
        let number = u32::try_from(number.unwrap_or(0)).unwrap_or(0);
        held.processes
            .get(&(id.to_owned(), number))
            .cloned()
            .map(|one| (number, one))
    };
    let done = || Answer::json(200, &json!({}));
    let missing = || trouble(404, "not_found", "no such process");
    Some(match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/health") => Answer::empty(204),
        ("GET", "/files") => read_file(&directory, request),
        ("POST", "/process.Process/Start") => {
            drop(held);
            return start(id, &directory, request, stream, world);
        }
        ("POST", "/process.Process/List") => {
            let own = held.processes.keys().filter(|(of, _)| of == id);
            let own = own.map(|(_, pid)| json!({ "pid": pid, "config": { "cmd": "sh" } }));
            let own: Vec<Value> = own.collect();
            Answer::json(200, &json!({ "processes": own }))
        }
        ("POST", "/process.Process/SendInput") => match running() {
            Some((_, process)) => {
                drop(held);
                let input = &body["input"];
                let text = input["stdin"].as_str().or_else(|| input["pty"].as_str());
                process.feed(&STANDARD.decode(text.unwrap_or_default()).unwrap());
                done()
            }
            None => missing(),
        },
        ("POST", "/process.Process/CloseStdin") => match running() {
            Some((_, process)) => {
                process.close();
                done()
            }
            None => missing(),
        },
        ("POST", "/process.Process/SendSignal") => match running() {
            Some((number, _)) => {
                let kills = body["signal"] == "SIGNAL_SIGKILL" || body["signal"] == 9;
                process::kill(if kills { "KILL" } else { "TERM" }, &[number.to_string()]);
                done()
            }
            None => missing(),
        },
        ("POST", "/process.Process/Update") => match running() {
            Some(_) => done(),
            None => missing(),
        },
        _ => trouble(404, "unimplemented", "no such call"),
    })
}

fn trouble(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "code": code, "message": message }))
}

/// What stands before a sandbox: it must be there and awake, and the token right.
fn enter(id: &str, request: &Request, world: &mut World) -> Option<Answer> {
    let resumes = world
        .sandboxes
        .get(id)
        .is_some_and(|one| one.paused && one.wanted["autoResume"]["enabled"] == true);
    if resumes {
        let seconds = world.sandboxes[id].wanted["timeout"].as_i64();
        world.wake(id, seconds.unwrap_or(300));
    }
    match world.sandboxes.get(id) {
        Some(sandbox) if !sandbox.paused => {
            let open = request.path == "/health";
            let shown = request.header("x-access-token") == Some(&sandbox.token);
            (!open && !shown).then(|| {
                trouble(
                    401,
                    "unauthenticated",
                    "unauthorized access, please provide a valid access token",
                )
            })
        }
        Some(_) | None => {
            let body =
                json!({ "sandboxId": id, "message": "The sandbox was not found", "code": 502 });
            Some(Answer::json(502, &body))
        }
    }
}

fn read_file(directory: &std::path::Path, request: &Request) -> Answer {
    let path = request.query("path").unwrap_or_default();
    match std::fs::read(process::place(directory, path)) {
        Ok(content) => Answer::of(200, "application/octet-stream", content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Answer::error(404, &format!("path '{path}' does not exist"))
        }
        Err(error) => Answer::error(500, &error.to_string()),
    }
}

/// Starts a process and streams what it does.
fn start(
    id: &str,
    directory: &std::path::Path,
    request: &Request,
    mut stream: &TcpStream,
    world: &Arc<Mutex<World>>,
) -> Option<Answer> {
    let message = request.body.get(5..).unwrap_or_default();
    let Ok(wanted) = serde_json::from_slice::<Value>(message) else {
        return Some(trouble(
            400,
            "invalid_argument",
            "no message in the envelope",
        ));
    };
    let (mut child, running) = match process::start(directory, &wanted) {
        Ok(started) => started,
        Err(error) => return Some(trouble(400, "invalid_argument", &error.to_string())),
    };
    let number = child.id();
    let key = (id.to_owned(), number);
    let with = |change: &dyn Fn(&mut World)| {
        change(&mut world.lock().unwrap_or_else(PoisonError::into_inner));
    };
    with(&|world| {
        world.processes.insert(key.clone(), running.clone());
    });
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/connect+json\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let mut written = stream.write_all(head.as_bytes());
    let mut tell = |event: Value| {
        if written.is_ok() {
            written = envelope(stream, 0, &json!({ "event": event }));
        }
    };
    tell(json!({ "start": { "pid": number } }));
    let terminal = wanted["pty"].is_object();
    for (name, bytes) in printed(&mut child) {
        let name = if terminal { "pty" } else { name };
        tell(json!({ "data": { name: STANDARD.encode(bytes) } }));
    }
    if let Ok(status) = child.wait() {
        tell(json!({ "end": process::end(status) }));
    }
    with(&|world| {
        world.processes.remove(&key);
    });
    if written.is_ok() {
        drop(envelope(stream, 2, &json!({})).and_then(|()| stream.write_all(b"0\r\n\r\n")));
    }
    None
}

/// What a process prints until it has ended, as it comes; what it left running may hold its pipes for
/// ever, and isn't waited for.
fn printed(child: &mut Child) -> impl Iterator<Item = (&'static str, Vec<u8>)> + '_ {
    let mut pipes: Vec<(&'static str, Box<dyn Read>)> = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        patient(&pipe);
        pipes.push(("stdout", Box::new(pipe)));
    }
    if let Some(pipe) = child.stderr.take() {
        patient(&pipe);
        pipes.push(("stderr", Box::new(pipe)));
    }
    let mut buffer = vec![0; 32 << 10];
    std::iter::from_fn(move || {
        loop {
            // Whoever has ended has written all of it.
            let ended = child.try_wait().is_ok_and(|end| end.is_some());
            let mut at = 0;
            while let Some((name, pipe)) = pipes.get_mut(at) {
                match pipe.read(&mut buffer) {
                    Ok(count) if count > 0 => return Some((*name, buffer[..count].to_vec())),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => at += 1,
                    Ok(_) | Err(_) => drop(pipes.remove(at)),
                }
            }
            if ended || pipes.is_empty() {
                return None;
            }
            std::thread::sleep(LOOK);
        }
    })
}

/// Lets reads of a pipe tell that there is nothing yet.
fn patient(pipe: &impl AsFd) {
    rustix::fs::fcntl_setfl(pipe, rustix::fs::OFlags::NONBLOCK).unwrap();
}

/// Sends an envelope as one chunk.
fn envelope(mut stream: &TcpStream, flag: u8, message: &Value) -> io::Result<()> {
    let message = message.to_string();
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    let mut bytes = format!("{:x}\r\n", message.len() + 5).into_bytes();
    bytes.push(flag);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(message.as_bytes());
    bytes.extend_from_slice(b"\r\n");
    stream.write_all(&bytes)
}
