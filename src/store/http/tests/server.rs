//! A server of Terraform's protocol, as small as it can be, that keeps what it hears.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// The first line of a request with its headers, what its login was, and its body.
pub(super) type Heard = (String, String, Vec<u8>);

/// States and locks by their paths.
#[derive(Debug)]
struct Shelf {
    logins: Vec<String>,
    states: BTreeMap<String, Vec<u8>>,
    locks: BTreeMap<String, Vec<u8>>,
    heard: Vec<Heard>,
    /// How many more states it takes before it is in trouble.
    takes: u32,
    /// How many requests of a method go without an answer, and whether they are done all the same.
    silent: BTreeMap<&'static str, (usize, bool)>,
}

impl Shelf {
    /// Whether a request goes without an answer: then, whether it is done all the same.
    fn is_silent(&mut self, method: &str) -> Option<bool> {
        let (left, done) = self.silent.get_mut(method).filter(|(left, _)| *left > 0)?;
        *left -= 1;
        Some(*done)
    }
}

/// A server; it ends with the process.
pub(super) struct Server {
    pub(super) address: String,
    shelf: Arc<Mutex<Shelf>>,
}

impl Server {
    /// Starts one that knows these values of the `Authorization` header.
    pub(super) fn start(logins: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shelf = Arc::new(Mutex::new(Shelf {
            logins: logins.iter().map(ToString::to_string).collect(),
            states: BTreeMap::new(),
            locks: BTreeMap::new(),
            heard: Vec::new(),
            takes: u32::MAX,
            silent: BTreeMap::new(),
        }));
        let inside = Arc::clone(&shelf);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shelf = Arc::clone(&inside);
                std::thread::spawn(move || answer(stream.unwrap(), &shelf));
            }
        });
        Self { address, shelf }
    }

    /// Everything it was sent so far.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.shelf.lock().unwrap().heard.clone()
    }

    /// Lets it take so many more states, and fail then.
    pub(super) fn takes(&self, states: u32) {
        self.shelf.lock().unwrap().takes = states;
    }

    /// Lets so many requests of a method go without an answer, done all the same or not.
    pub(super) fn falls_silent(&self, method: &'static str, requests: usize, done: bool) {
        let silence = (requests, done);
        self.shelf.lock().unwrap().silent.insert(method, silence);
    }

    /// Lets it answer everything again.
    pub(super) fn speaks_again(&self) {
        self.shelf.lock().unwrap().silent.clear();
    }
}

/// Answers the requests of one connection.
fn answer(mut stream: TcpStream, shelf: &Mutex<Shelf>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut words = line.split_whitespace();
        let (method, url) = (words.next().unwrap().to_owned(), words.next().unwrap());
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let (mut length, mut login) = (0, String::new());
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let Some((name, value)) = header.trim().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "authorization" => value.clone_into(&mut login),
                _ => line.push_str(&header),
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut shelf = shelf.lock().unwrap();
        shelf.heard.push((line, login.clone(), body.clone()));
        let silent = shelf.is_silent(&method);
        if silent == Some(false) {
            return;
        }
        let (status, text) = if shelf.logins.contains(&login) {
            act(&method, &path, &query, body, &mut shelf)
        } else {
            (401, Vec::new())
        };
        drop(shelf);
        if silent.is_some() {
            return;
        }
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        let written = stream.write_all(head.as_bytes());
        if written.and_then(|()| stream.write_all(&text)).is_err() {
            return;
        }
    }
}

fn act(method: &str, path: &str, query: &str, body: Vec<u8>, shelf: &mut Shelf) -> (u16, Vec<u8>) {
    let state = path.trim_end_matches("/lock").to_owned();
    let id = |lock: &[u8]| {
        let value: Value = serde_json::from_slice(lock).unwrap();
        format!("ID={}", value["ID"].as_str().unwrap())
    };
    let held = shelf.locks.get(&state).cloned();
    match method {
        "GET" => match shelf.states.get(&state) {
            Some(found) => (200, found.clone()),
            None => (404, Vec::new()),
        },
        "POST" if path == state => match held {
            Some(lock) if !query.is_empty() && id(&lock) != query => (409, lock),
            None if !query.is_empty() => (409, b"{}".to_vec()),
            Some(_) | None if shelf.takes == 0 => (500, Vec::new()),
            Some(_) | None => {
                shelf.takes -= 1;
                shelf.states.insert(state, body);
                (200, Vec::new())
            }
        },
        "LOCK" | "POST" => {
            if let Some(lock) = held {
                return (423, lock);
            }
            shelf.locks.insert(state, body);
            (200, Vec::new())
        }
        // Terraform says whose lock it gives back in the body, and nowhere else.
        "UNLOCK" | "DELETE" => match held {
            Some(lock) if id(&lock) == id(&body) => {
                shelf.locks.remove(&state);
                (200, Vec::new())
            }
            Some(lock) => (409, lock),
            None => (409, b"{}".to_vec()),
        },
        _ => (405, Vec::new()),
    }
}
