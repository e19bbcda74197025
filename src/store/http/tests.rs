//! What only this store owes.

mod server;

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use server::Server;

use super::HttpPlace;
use crate::store::contract_tests::{Ground, begun, intent, read, take};
use crate::store::{Keeping, Place, Store, StoreError};
use crate::sys::{Environment, World};

/// The logins its servers know.
const LOGINS: [&str; 2] = ["Basic YWRhOmxvdmVsYWNl", "Bearer lovelace"];

/// Starts a server that knows one user; it ends with the process. Gives its address.
fn serve() -> String {
    Server::start(&LOGINS).address
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
fn shaky() -> (Ground, Server) {
    let server = Server::start(&LOGINS);
    let place = Place::parse(&format!("{}/dev", server.address), "/".as_ref()).unwrap();
    let ground = Ground::on(place, world(&[("SINDRI_HTTP_TOKEN", "lovelace")]));
    (ground, server)
}

/// Longer than anybody asks.
const FOR_EVER: usize = 1000;

#[test]
fn a_write_without_an_answer_that_arrived_counts() {
    let (ground, server) = shaky();
    let store = ground.open();
    let mut locked = begun(&store);
    server.falls_silent("POST", 4, true);
    locked.commit(intent(1)).unwrap();
    locked.commit(intent(2)).unwrap();
    let written = locked.state().clone();
    drop(locked);
    assert_eq!(store.lock_left(), None);
    assert_eq!(take(&ground.open()).unwrap().state(), &written);
}

#[test]
fn a_write_without_an_answer_that_did_not_arrive_is_the_last_and_the_lock_is_given_back() {
    let (ground, server) = shaky();
    let store = ground.open();
    let mut locked = begun(&store);
    let written = locked.state().clone();
    server.falls_silent("POST", 4, false);
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
    let (ground, server) = shaky();
    let store = ground.open();
    let mut locked = begun(&store);
    for method in ["POST", "GET", "UNLOCK"] {
        server.falls_silent(method, FOR_EVER, false);
    }
    let error = locked.commit(intent(1)).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    drop(locked);
    server.speaks_again();
    let left = store.lock_left().expect("a lock is left");
    let error = take(&ground.open()).unwrap_err();
    assert!(matches!(error, StoreError::HeldWithoutEnd(_)), "{error:?}");
    assert_eq!(store.force_unlock(&left.id).unwrap().id, left.id);
    take(&ground.open()).unwrap();
}

#[test]
fn a_lock_that_was_given_without_an_answer_is_given_back() {
    let (ground, server) = shaky();
    drop(begun(&ground.open()));
    // The server takes the first request, and hears no other.
    server.falls_silent("LOCK", 4, true);
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

/// Each host keeps what it found and what it wrote, and says that it is this host only.
#[test]
fn versions_are_kept_on_the_host_that_writes() {
    let ground = ground();
    let (here, there) = (ground.open_on("here"), ground.open_on("there"));
    let mut locked = begun(&here);
    for number in 1..=2 {
        locked.commit(intent(number)).unwrap();
        locked.compact().unwrap();
    }
    let first = locked.state().clone();
    drop(locked);
    let serials = |store: &Store| -> Vec<u64> {
        let versions = store.versions(&first.lineage).unwrap();
        versions.iter().map(|version| version.serial.0).collect()
    };
    assert_eq!((serials(&here), serials(&there)), (vec![2, 1], vec![]));
    let mut locked = take(&there).unwrap();
    locked.commit(intent(3)).unwrap();
    locked.compact().unwrap();
    drop(locked);
    // What the other host's command found can be gone back to there.
    assert_eq!((serials(&here), serials(&there)), (vec![2, 1], vec![3, 2]));
    let version = there.version(&first.lineage, first.serial).unwrap();
    assert_eq!(version, Some(first.clone()));
    let Keeping::OnThisHost(directory) = there.keeping() else {
        panic!("they are kept here")
    };
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in std::fs::read_dir(&directory).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let beside = directory.parent().unwrap();
    assert_eq!(std::fs::read(beside.join(".gitignore")).unwrap(), b"*\n");
    let nowhere = ground.place.open(&ground.world).unwrap();
    assert_eq!(nowhere.keeping(), Keeping::Nowhere);
    let mut locked = take(&nowhere).unwrap();
    locked.commit(intent(4)).unwrap();
    locked.back_up().unwrap();
}

/// A host without room for versions still records, and says what it couldn't keep.
#[test]
fn a_version_without_room_loses_nothing_and_is_told() {
    let ground = ground();
    let store = ground.open();
    let mut locked = begun(&store);
    let Keeping::OnThisHost(directory) = store.keeping() else {
        panic!("they are kept here")
    };
    std::fs::create_dir_all(directory.parent().unwrap()).unwrap();
    std::fs::write(&directory, "a file in its place").unwrap();
    locked.commit(intent(1)).unwrap();
    locked.compact().unwrap();
    let unkept = store.unkept();
    assert!(
        matches!(unkept, Some(StoreError::NotADirectory(_))),
        "{unkept:?}"
    );
    let error = locked.back_up().unwrap_err();
    assert!(matches!(error, StoreError::NotADirectory(_)), "{error:?}");
    assert_eq!(read(&ground.open()), *locked.state());
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

/// A server in trouble is an error, and what it took before stays.
#[test]
fn what_a_server_took_before_it_failed_stays() {
    let server = Server::start(&["Bearer lovelace"]);
    let place = Place::parse(&format!("{}/dev", server.address), "/".as_ref()).unwrap();
    let ground = Ground::on(place, world(&[("SINDRI_HTTP_TOKEN", "lovelace")]));
    let mut locked = begun(&ground.open());
    locked.commit(intent(1)).unwrap();
    let before = locked.state().clone();
    server.takes(0);
    let error = locked.commit(intent(2)).unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    drop(locked);
    assert_eq!(read(&ground.open()), before);
    // The login goes where it belongs, and nowhere else.
    let said = server.heard();
    assert!(said.iter().all(|(_, login, _)| login == "Bearer lovelace"));
    let elsewhere = said
        .iter()
        .map(|(line, _, body)| (line, String::from_utf8_lossy(body)));
    for (line, body) in elsewhere {
        assert!(!line.contains("lovelace") && !body.contains("lovelace"));
    }
}
