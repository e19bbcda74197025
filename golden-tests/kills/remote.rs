//! A state in a bucket: a killed holder, two commands at once, and nobody there.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use sindri::store::{Place, Store};
use sindri::sys::{Environment, World};

use super::ground::{Ground, Ran};
use super::needles::Needles;
use super::trace::traced;

pub(super) const CREDENTIALS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test-canary-secret"),
];

/// Machines without anything in them, and their state under a prefix of its own.
struct Shared {
    ground: Ground,
    prefix: String,
}

impl Shared {
    fn new() -> Self {
        let server = server();
        let ground = Ground::new();
        let prefix = ground.room().file_name().unwrap().to_str().unwrap();
        let prefix = prefix.to_owned();
        ground.write(
            "sindri.yaml",
            &format!(
                "version: \"4.0\"\nname: many\ndeployment:\n  provider: local\n  \
                 volumes: {{data: {{path: /srv/data}}}}\n\
                 machines: {{one: {{}}, two: {{count: 40, dependsOn: [one]}}}}\n\
                 state: {{store: object, bucket: sindri-test, prefix: {prefix}, endpoint: \"{server}\"}}\n"
            ),
        );
        Self { ground, prefix }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.ground.command(arguments);
        command.envs(CREDENTIALS);
        command
    }

    #[track_caller]
    fn sindri(&self, arguments: &[&str]) -> Ran {
        let ran = self.ground.launch(self.command(arguments)).wait();
        ran.never_says("test-canary-secret")
    }

    fn store(&self) -> Store {
        let address = format!("s3://sindri-test/{}?endpoint={}", self.prefix, server());
        let variables = CREDENTIALS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let world = World {
            environment: std::sync::Arc::new(Environment::of(variables)),
            ..World::real()
        };
        let place = Place::parse(&address, self.ground.room()).unwrap();
        place.open(&world).unwrap()
    }
}

pub(super) fn server() -> String {
    let environment = Environment::of_process();
    let Some(server) = environment.get("SINDRI_TEST_S3") else {
        panic!("SINDRI_TEST_S3 names no server: run the tests with `golden-tests/run`");
    };
    server.to_owned()
}

/// The id of the lock, from what a refused command says.
fn lock_id(refused: &Ran) -> String {
    let text = refused.stderr.split_whitespace().collect::<Vec<_>>();
    let at = text.iter().position(|word| word.ends_with("force-unlock"));
    let id = text[at.expect("it says how to unlock") + 1];
    id.trim_matches('`').to_owned()
}

#[test]
fn a_killed_holder_is_replaced_and_nothing_is_lost_or_doubled() {
    let shared = Shared::new();
    for delay in [40, 80, 120, 160, 220, 300] {
        let running = shared
            .ground
            .launch(shared.command(&["apply", "--auto-approve"]));
        sleep(Duration::from_millis(delay));
        running.kill();
        let next = shared.sindri(&["apply", "--auto-approve", "--target", "machine.one"]);
        if next.code == Some(0) {
            continue;
        }
        let id = lock_id(&next.says("store::held").says("it comes free at"));
        shared.sindri(&["force-unlock", "no-such-id"]).ended(1);
        shared.sindri(&["force-unlock", &id]).ended(0);
    }
    shared.sindri(&["apply", "--auto-approve"]).ended(0);
    shared
        .sindri(&["plan", "--detailed-exitcode"])
        .ended(0)
        .says("No changes");
    shared.sindri(&["drift"]).ended(0);
    let state = shared.store().read().unwrap().unwrap();
    assert_eq!(sindri::state::violations(&state), []);
    assert!(state.pending.is_empty());
    assert!(!shared.ground.path(".sindri").exists());
    shared.sindri(&["destroy", "--force", "--volumes"]).ended(0);
    let left: Vec<_> = shared
        .ground
        .world()
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    assert!(left.is_empty(), "{left:?} was left");
}

#[test]
fn commands_on_one_bucket_come_one_after_the_other() {
    let shared = Shared::new();
    let running: Vec<_> = (0..6)
        .map(|_| {
            let command = shared.command(&["apply", "--auto-approve", "--lock-timeout", "120"]);
            shared.ground.launch(command)
        })
        .collect();
    let made = running
        .into_iter()
        .map(|one| one.wait().ended(0))
        .filter(|ran| !ran.stdout.contains("No changes"))
        .count();
    assert_eq!(made, 1);
    shared.sindri(&["plan", "--detailed-exitcode"]).ended(0);
    shared.sindri(&["destroy", "--force", "--volumes"]).ended(0);
}

/// A bucket's credentials sign requests, and an encrypted state is nothing but sealed there too.
#[test]
fn neither_credentials_nor_an_encrypted_state_are_sent_or_written() {
    let mut shared = Shared::new();
    let passphrase = ("SINDRI_STATE_PASSPHRASE", "test-canary-passphrase");
    let variables = CREDENTIALS.into_iter().chain([passphrase]);
    let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    shared.ground.environment.extend(owned);
    let openers = [CREDENTIALS[1], passphrase].map(|(name, value)| (name.to_owned(), value));
    let openers = Needles::of(openers);
    let words = Needles::words(&[
        "machine.two-1",
        "/srv/data",
        "\"current\"",
        "\"generation\"",
    ]);
    for arguments in [
        &[
            "apply",
            "--auto-approve",
            "--target",
            "machine.one",
            "--json",
        ][..],
        &["state", "rekey"],
        &["destroy", "--force", "--volumes"],
    ] {
        let (ran, trace) = traced(&shared.ground, arguments);
        let ran = ran.ended(0);
        assert_eq!(openers.found((ran.stdout + &ran.stderr).as_bytes()), None);
        trace.is_free_of(&openers, &|_| false);
        let sent = trace.written_to(&|path| path.starts_with("socket:") || path.starts_with("TCP"));
        assert!(!sent.is_empty());
        for (_, bytes) in sent {
            assert_eq!(
                words.found(bytes),
                None,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}

#[test]
fn a_bucket_that_is_not_there_is_an_error_before_anything_is_touched() {
    let shared = Shared::new();
    let run = |state: &str| {
        let mut command = shared.command(&["apply", "--auto-approve"]);
        command.env("SINDRI_STATE", state);
        shared.ground.launch(command).wait().ended(1)
    };
    let server = server();
    run(&format!("s3://sindri-missing/x?endpoint={server}")).says("store::no-bucket");
    run("s3://sindri-test/x?endpoint=http://127.0.0.1:9").says("store::unreachable");
    run("s3://sindri-test/x?endpoint=nowhere").says("store::address");
    assert!(shared.ground.world().is_empty());
}
