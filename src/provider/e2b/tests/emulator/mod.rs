//! An E2B of the tests' own: it holds what E2B holds and answers what its documents say, over real
//! HTTP on this host. The commands of its sandboxes really run, each sandbox's in mounts of its own.

mod answer;
mod daemon;
mod events;
mod http;
mod lists;
mod process;
mod sandboxes;
mod templates;
mod world;

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use answer::Answer;
use http::Request;

pub(crate) use world::{Fault, Trouble, World};

/// The key that it knows.
pub(crate) const KEY: &str = "e2b_0123456789abcdef0123456789abcdef01234567";

/// A running emulator; its sandboxes end with it.
pub(crate) struct Emulator {
    /// Where it answers, for the interface and for sandboxes.
    pub(crate) address: String,
    world: Arc<Mutex<World>>,
}

impl Emulator {
    /// Starts one on a free port.
    pub(crate) fn start() -> Self {
        Self::listen("127.0.0.1:0")
    }

    /// Starts one on a port.
    pub(crate) fn listen(at: &str) -> Self {
        let listener = TcpListener::bind(at).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World::new()));
        let inside = Arc::clone(&world);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let world = Arc::clone(&inside);
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    stream.set_nodelay(true).unwrap();
                    converse(&stream, &world);
                });
            }
        });
        Self { address, world }
    }

    /// What it holds, to look at and to change.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let world = self.world();
        for id in world.sandboxes.keys() {
            process::signal_all(&world.directory(id), "KILL");
        }
    }
}

/// Answers the requests of one connection.
fn converse(stream: &TcpStream, world: &Arc<Mutex<World>>) {
    let mut reader = std::io::BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader) {
        let mut held = world.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = held.hear(&request);
        if let Some(answer) = trouble.as_ref().and_then(Trouble::instead) {
            drop(held);
            if answer.write(stream).is_err() {
                return;
            }
            continue;
        }
        if matches!(trouble, Some(Trouble::HangUp)) {
            return;
        }
        let answer = if request.header("e2b-sandbox-id").is_some() {
            drop(held);
            match daemon::act(&request, stream, world) {
                Some(answer) => answer,
                // A stream was written, and the connection with it is over.
                None => return,
            }
        } else {
            let answer = act(&request, &mut held);
            drop(held);
            answer
        };
        let written = match trouble {
            None => answer.write(stream),
            Some(trouble) => trouble.spoil(answer).write(stream),
        };
        if written.is_err() {
            return;
        }
    }
}

/// Answers a request to the interface.
fn act(request: &Request, world: &mut World) -> Answer {
    if request.header("x-api-key") != Some(KEY) {
        return Answer::error(
            401,
            "Invalid API key, please visit the dashboard to get one.",
        );
    }
    world.pass_time();
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["v2", "sandboxes"]) => lists::list(request, world),
        ("POST", ["v2", "sandboxes"]) if world.before_keys => {
            Answer::error(405, "method not allowed")
        }
        ("POST", ["v2", "sandboxes"] | ["sandboxes"]) => sandboxes::create(request, world),
        ("GET", ["sandboxes", id]) => lists::detail(id, world),
        ("GET", ["events", "sandboxes", id]) if !world.forgetful => {
            events::list(id, request, world)
        }
        ("DELETE", ["sandboxes", id]) => sandboxes::delete(id, world),
        ("POST", ["sandboxes", id, "pause"]) => sandboxes::pause(id, world),
        ("POST", ["sandboxes", id, "connect"] | ["v2", "sandboxes", id, "connect"]) => {
            sandboxes::connect(id, request, world)
        }
        ("POST", ["sandboxes", id, "timeout"]) => sandboxes::timeout(id, request, world),
        ("PUT", ["sandboxes", id, "network"]) => sandboxes::network(id, request, world),
        ("GET", ["templates", "aliases", alias]) => templates::alias(alias, world),
        ("GET", ["templates", id]) => templates::versions(id, world),
        ("POST", ["v3", "templates"]) => templates::register(request, world),
        ("POST", ["v2", "templates", id, "builds", build]) => {
            templates::begin(id, build, request, world)
        }
        ("GET", ["templates", id, "builds", build, "status"]) => {
            templates::status(id, build, request, world)
        }
        _ => Answer::error(404, "no matching operation was found"),
    }
}
