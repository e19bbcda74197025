//! The emulator's server: one thread a connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::fault::{Trouble, meet};
use super::world::{Answer, NARROW, TOKEN, World, as_booleans, doze, no};
use super::{apps, command, machines, organizations, volumes};

/// A running emulator; it ends with the process.
pub(crate) struct Emulator {
    /// Where it listens.
    pub(crate) address: String,
    world: Arc<Mutex<World>>,
}

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) parts: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) nonce: Option<String>,
    pub(super) body: Value,
    login: String,
    target: String,
}

impl Request {
    /// The first value of a word of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let mut query = self.query.iter();
        query.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    /// A text of the body.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

impl Emulator {
    /// Starts one whose machines work below a directory, on a port or any.
    pub(crate) fn start(root: &Path, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let address = format!("http://{}", listener.local_addr()?);
        let world = Arc::new(Mutex::new(World::new(root.to_owned())));
        let inside = Arc::clone(&world);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let world = Arc::clone(&inside);
                std::thread::spawn(move || serve(stream, &world));
            }
        });
        Ok(Self { address, world })
    }

    /// What it holds.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// Lets machines fall asleep that may, so long after the last connection.
    pub(crate) fn rest_after(&self, patience: Duration) {
        let first = self.world().rests_after.replace(patience).is_none();
        let world = Arc::clone(&self.world);
        if first {
            std::thread::spawn(move || {
                loop {
                    std::thread::sleep(Duration::from_millis(20));
                    doze(&mut lock(&world));
                }
            });
        }
    }

    /// Lets it count calls against Fly's limits.
    pub(crate) fn enforce_limits(&self) {
        self.world().limits.enforce();
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection, until there is something wrong with it.
fn serve(stream: TcpStream, world: &Mutex<World>) {
    let Ok(reader) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(reader);
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        if !answer(&mut stream, &request, world) {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let method = words.next()?.to_owned();
    let target = words.next()?.to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (mut length, mut login, mut nonce) = (0, String::new(), None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut login),
            "fly-machine-lease-nonce" => nonce = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    // prism sends what it validated without `/v1`.
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let parts = path.split('/').filter(|part| !part.is_empty());
    let query = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), value.replace("%3A", ":")))
    });
    Some(Request {
        parts: parts.map(str::to_owned).collect(),
        query: query.collect(),
        nonce,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        login,
        method,
        target,
    })
}

/// Answers one request; false where the connection is no more.
fn answer(stream: &mut TcpStream, request: &Request, world: &Mutex<World>) -> bool {
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    let (trouble, early) = {
        let mut world = lock(world);
        world
            .heard
            .push(format!("{} {}", request.method, request.target));
        let early = world.limits.early(&request.method, &parts);
        if early.is_some() {
            world.throttled += 1;
        }
        let path = format!("/{}", parts.join("/"));
        (meet(&mut world.faults, &request.method, &path), early)
    };
    if let Some(early) = early {
        let wait = early.as_millis().div_ceil(1000);
        let text = json!({ "error": "rate limit exceeded" }).to_string();
        return write(
            stream,
            429,
            &format!("retry-after: {wait}\r\n"),
            text.as_bytes(),
        );
    }
    let (status, mut body) = match &trouble {
        Some(Trouble::Status(status, false)) => no(*status, "that went wrong"),
        _ if request.login == NARROW && request.method != "GET" => {
            no(403, "this token may only look")
        }
        _ if request.login == TOKEN || request.login == NARROW => route(request, &parts, world),
        _ => no(401, "the token isn't valid"),
    };
    if !lock(world).words {
        as_booleans(&mut body);
    }
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    match trouble {
        Some(Trouble::Page) => write(stream, 200, "", b"<html><body>Sign in</body></html>"),
        Some(Trouble::Cut) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
                text.len()
            );
            drop(stream.write_all(head.as_bytes()));
            drop(stream.write_all(&text.as_bytes()[..text.len() / 2]));
            false
        }
        Some(Trouble::WrongType) => {
            let text = text
                .replace("\"id\":\"", "\"id\":[\"")
                .replacen("\",", "\"],", 1);
            let text = if serde_json::from_str::<Value>(&text).is_ok() {
                text
            } else {
                "[7]".to_owned()
            };
            write(stream, status, "", text.as_bytes())
        }
        Some(Trouble::Status(status, true)) => {
            write(stream, status, "", b"{\"error\":\"that took too long\"}")
        }
        Some(Trouble::Silence) => false,
        Some(Trouble::Status(_, false)) | None => write(stream, status, "", text.as_bytes()),
    }
}

fn write(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> bool {
    let kind = if body.is_empty() {
        ""
    } else {
        "content-type: application/json\r\n"
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nfly-request-id: 01EMULATED-test\r\n{kind}{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    let mut whole = head.into_bytes();
    whole.extend_from_slice(body);
    stream.write_all(&whole).is_ok()
}

fn route(request: &Request, parts: &[&str], shared: &Mutex<World>) -> Answer {
    let method = request.method.as_str();
    // What takes its time must not keep others waiting.
    match (method, parts) {
        ("POST", ["apps", app, "machines", id, "exec"]) => {
            return command::exec(request, app, id, shared);
        }
        ("GET", ["apps", app, "machines", id, "wait"]) => {
            return machines::wait(request, app, id, shared);
        }
        _ => {}
    }
    let world = &mut *lock(shared);
    match parts {
        ["tokens", "current"] => organizations::token(),
        ["platform", "placements"] => organizations::placements(world, request),
        ["platform", "regions"] => organizations::regions(),
        ["orgs", organization, what] => organizations::page(world, request, organization, what),
        ["apps"] if method == "GET" => apps::list(world, request),
        ["apps"] => apps::create(world, request),
        ["apps", app, rest @ ..] => {
            if world.foreign.iter().any(|foreign| foreign == app) {
                return no(403, "unauthorized");
            }
            if !world.apps.contains_key(*app) {
                return no(404, "app not found");
            }
            match (method, rest) {
                (_, []) => apps::one(world, request, app),
                (_, ["ip_assignments", rest @ ..]) => apps::addresses(world, request, app, rest),
                (_, ["secrets", rest @ ..]) => apps::secrets(world, request, app, rest),
                (_, ["volumes", rest @ ..]) => volumes::route(world, request, app, rest),
                (_, ["machines", rest @ ..]) => machines::route(world, request, app, rest),
                _ => no(404, "no such thing"),
            }
        }
        _ => no(404, "no such thing"),
    }
}
