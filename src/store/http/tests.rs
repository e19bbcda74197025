//! A server of Terraform's protocol, as small as it can be, and what only this store owes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::HttpPlace;
use crate::store::contract_tests::{Ground, begun, intent, read, take};
use crate::store::{Place, StoreError};
use crate::sys::{Environment, World};

/// States and locks by their paths.
#[derive(Debug, Default)]
struct Shelf {
    states: BTreeMap<String, Vec<u8>>,
    locks: BTreeMap<String, Vec<u8>>,
    /// How many requests of a method go without an answer, and whether they are done all the same.
    silent: BTreeMap<&'static str, (usize, bool)>,
}

impl Shelf {
    /// Whether a request goes without an answer: then, whether it is done all the same.
    fn falls_silent(&mut self, method: &str) -> Option<bool> {
        let (left, done) = self.silent.get_mut(method).filter(|(left, _)| *left > 0)?;
        *left -= 1;
        Some(*done)
    }
}

/// Starts a server that knows one user; it ends with the process. Gives its address.
fn serve() -> String {
    serve_from(&Arc::default())
}

fn serve_from(shelf: &Arc<Mutex<Shelf>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shelf = Arc::clone(shelf);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let shelf = Arc::clone(&shelf);
            std::thread::spawn(move || answer(stream.unwrap(), &shelf));
        }
    });
    format!("http://{address}")
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
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let silent = shelf.lock().unwrap().falls_silent(&method);
        if silent == Some(false) {
            return;
        }
        let (status, text) = if ["Basic YWRhOmxvdmVsYWNl", "Bearer lovelace"].contains(&&*login) {
            act(&method, &path, &query, body, &mut shelf.lock().unwrap())
        } else {
            (401, Vec::new())
        };
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
            Some(_) | None => {
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
        "UNLOCK" | "DELETE" => match held {
            Some(lock) if id(&lock) == query => {
                shelf.locks.remove(&state);
                (200, Vec::new())
            }
            Some(lock) => (409, lock),
            None => (409, b"{}".to_vec()),
        },
        _ => (405, Vec::new()),
    }
}

fn world(variables: &[(&str, &str)]) -> World {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    World {
        environment: Arc::new(Environment::of(variables.iter().map(owned))),
        ..World::real()
    }
}

/// A ground on a server of its own.
pub(in crate::store) fn ground() -> Ground {
    let place = Place::parse(&format!("{}/dev", serve()), "/".as_ref()).unwrap();
    let login = [
        ("TF_HTTP_USERNAME", "ada"),
        ("SINDRI_HTTP_PASSWORD", "lovelace"),
    ];
    Ground::on(place, world(&login))
}

/// A ground whose server falls silent on command.
fn shaky() -> (Ground, Arc<Mutex<Shelf>>) {
    let shelf = Arc::new(Mutex::new(Shelf::default()));
    let place = Place::parse(&format!("{}/dev", serve_from(&shelf)), "/".as_ref()).unwrap();
    let ground = Ground::on(place, world(&[("SINDRI_HTTP_TOKEN", "lovelace")]));
    (ground, shelf)
}

/// Longer than anybody asks.
const FOR_EVER: usize = 1000;

#[test]
fn a_write_without_an_answer_that_arrived_counts() {
    let (ground, shelf) = shaky();
    let store = ground.open();
    let mut locked = begun(&store);
    shelf.lock().unwrap().silent.insert("POST", (4, true));
    locked.commit(intent(1)).unwrap();
    locked.commit(intent(2)).unwrap();
    let written = locked.state().clone();
    drop(locked);
    assert_eq!(store.lock_left(), None);
    assert_eq!(take(&ground.open()).unwrap().state(), &written);
}

#[test]
fn a_write_without_an_answer_that_did_not_arrive_is_the_last_and_the_lock_is_given_back() {
    let (ground, shelf) = shaky();
    let store = ground.open();
    let mut locked = begun(&store);
    let written = locked.state().clone();
    shelf.lock().unwrap().silent.insert("POST", (4, false));
    let error = locked.commit(intent(1)).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    let error = locked.commit(intent(1)).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned(_)), "{error:?}");
    drop(locked);
    assert_eq!(store.lock_left(), None);
    assert_eq!(take(&ground.open()).unwrap().state(), &written);
}

#[test]
fn a_lock_that_cannot_be_given_back_is_told_by_its_id() {
    let (ground, shelf) = shaky();
    let store = ground.open();
    let mut locked = begun(&store);
    for method in ["POST", "GET", "UNLOCK"] {
        shelf
            .lock()
            .unwrap()
            .silent
            .insert(method, (FOR_EVER, false));
    }
    let error = locked.commit(intent(1)).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    drop(locked);
    shelf.lock().unwrap().silent.clear();
    let left = store.lock_left().expect("a lock is left");
    let error = take(&ground.open()).unwrap_err();
    assert!(matches!(error, StoreError::HeldWithoutEnd(_)), "{error:?}");
    assert_eq!(store.force_unlock(&left.id).unwrap().id, left.id);
    take(&ground.open()).unwrap();
}

#[test]
fn a_lock_that_was_given_without_an_answer_is_given_back() {
    let (ground, shelf) = shaky();
    drop(begun(&ground.open()));
    // The server takes the first request, and hears no other.
    shelf.lock().unwrap().silent.insert("LOCK", (4, true));
    let error = take(&ground.open()).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    take(&ground.open()).unwrap();
}

/// As GitLab has it: another address for the lock, and other methods.
#[test]
fn the_lock_may_have_its_own_address_and_methods() {
    let server = serve();
    let place = HttpPlace {
        lock_address: Some(format!("{server}/dev/lock")),
        unlock_address: Some(format!("{server}/dev/lock")),
        lock_method: Some("POST".to_owned()),
        unlock_method: Some("DELETE".to_owned()),
        ..HttpPlace::at(&format!("{server}/dev"))
    };
    let ground = Ground::on(
        Place::Http(place),
        world(&[("SINDRI_HTTP_TOKEN", "lovelace")]),
    );
    let store = ground.open();
    let mut locked = begun(&store);
    locked.commit(intent(1)).unwrap();
    let error = take(&ground.open()).unwrap_err();
    assert!(matches!(error, StoreError::HeldWithoutEnd(_)), "{error:?}");
    drop(locked);
    assert_eq!(take(&ground.open()).unwrap().state(), &read(&store));
}

/// The server knows whose lock it is, and tells a holder that lost it.
#[test]
fn a_lock_that_was_taken_away_is_noticed_at_the_next_write() {
    let ground = ground();
    let store = ground.open();
    let mut locked = begun(&store);
    let StoreError::HeldWithoutEnd(info) = take(&ground.open()).unwrap_err() else {
        panic!("it isn't held")
    };
    assert!(matches!(
        store.force_unlock("other"),
        Err(StoreError::OtherHolder(_))
    ));
    assert_eq!(store.force_unlock(&info.id).unwrap().id, info.id);
    assert!(matches!(
        store.force_unlock(&info.id),
        Err(StoreError::NotHeld(_))
    ));
    for _ in 0..2 {
        let error = locked.commit(intent(1)).unwrap_err();
        assert!(matches!(error, StoreError::Lost(_)), "{error:?}");
    }
    drop(locked);
    assert!(!store.abilities().fenced && !store.abilities().leased);
}

#[test]
fn a_login_is_needed_and_never_shown() {
    let address = format!("{}/dev?token=canary", serve());
    let place = Place::parse(&address, "/".as_ref()).unwrap();
    let ground = Ground::on(place, world(&[("SINDRI_HTTP_TOKEN", "canary")]));
    let store = ground.open();
    let error = take(&store).unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
    assert!(!format!("{error:?} {error} {}", store.name()).contains("canary"));
    let nobody = HttpPlace::at("http://127.0.0.1:9/canary?token=canary");
    let ground = Ground::on(Place::Http(nobody), world(&[]));
    let error = ground.open().read().unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("token"), "{error:?}");
}
