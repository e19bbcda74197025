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

/// Machines without anything in them, and their state on a server, in a place of its own.
pub(super) struct Shared {
    pub(super) ground: Ground,
    /// Where the state is, as `SINDRI_STATE` has it.
    address: String,
}

impl Shared {
    fn on_a_bucket() -> Self {
        let server = server();
        let ground = Ground::new();
        let prefix = name_of(&ground);
        let state = format!(
            "{{store: object, bucket: sindri-test, prefix: {prefix}, endpoint: \"{server}\"}}"
        );
        let address = format!("s3://sindri-test/{prefix}?endpoint={server}");
        Self::on(ground, &state, address, &CREDENTIALS)
    }

    pub(super) fn on_postgres() -> Self {
        let server = variable("SINDRI_TEST_POSTGRES");
        let ground = Ground::new();
        let address = format!("postgres://{server}/sindri/{}", name_of(&ground));
        let state = format!("{{store: postgres, address: \"{address}\"}}");
        let login = [("PGUSER", "sindri"), ("SINDRI_POSTGRES_PASSWORD", "test")];
        Self::on(ground, &state, address, &login)
    }

    fn on(mut ground: Ground, state: &str, address: String, login: &[(&str, &str)]) -> Self {
        ground.write(
            "sindri.yaml",
            &format!(
                "version: \"4.0\"\nname: many\ndeployment:\n  provider: local\n  \
                 volumes: {{data: {{path: /srv/data}}}}\n\
                 machines: {{one: {{}}, two: {{count: 40, dependsOn: [one]}}}}\n\
                 state: {state}\n"
            ),
        );
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ground.environment.extend(login.iter().map(owned));
        Self { ground, address }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.ground.command(arguments)
    }

    #[track_caller]
    pub(super) fn sindri(&self, arguments: &[&str]) -> Ran {
        let ran = self.ground.launch(self.command(arguments)).wait();
        ran.never_says("test-canary-secret")
    }

    pub(super) fn store(&self) -> Store {
        let world = World {
            environment: std::sync::Arc::new(Environment::of(self.ground.environment.clone())),
            ..World::real()
        };
        let place = Place::parse(&self.address, self.ground.room()).unwrap();
        place.open(&world).unwrap()
    }
}

fn name_of(ground: &Ground) -> String {
    let name = ground.room().file_name().unwrap().to_str().unwrap();
    name.to_owned()
}

pub(super) fn server() -> String {
    variable("SINDRI_TEST_S3")
}

pub(super) fn variable(name: &str) -> String {
    let environment = Environment::of_process();
    let Some(value) = environment.get(name) else {
        panic!("{name} names no server: run the tests with `golden-tests/run`");
    };
    value.to_owned()
}

/// The id of the lock, from what a refused command says.
pub(super) fn lock_id(refused: &Ran) -> String {
    let text = refused.stderr.split_whitespace().collect::<Vec<_>>();
    let at = text.iter().position(|word| word.ends_with("force-unlock"));
    let id = text[at.expect("it says how to unlock") + 1];
    id.trim_matches('`').to_owned()
}

#[test]
fn a_killed_holder_is_replaced_and_nothing_is_lost_or_doubled() {
    let shared = Shared::on_a_bucket();
    kills(&shared, |refused| {
        let id = lock_id(&refused.says("it comes free at"));
        shared.sindri(&["force-unlock", "no-such-id"]).ended(1);
        shared.sindri(&["force-unlock", &id]).ended(0);
    });
}

/// There the lock ends with its connection: nobody has to take it away.
#[test]
fn a_killed_holder_on_postgres_is_replaced_and_nothing_is_lost_or_doubled() {
    let shared = Shared::on_postgres();
    kills(&shared, |refused| {
        refused.says("or its connection does");
        let wait = ["apply", "--auto-approve", "--lock-timeout", "30"];
        shared.sindri(&wait).ended(0);
    });
}

/// What is done by hand after all that is taken back by the version that was kept before it.
fn can_be_undone(shared: &Shared, state: &sindri::state::State) {
    let versions = shared.store().versions(&state.lineage).unwrap();
    assert_eq!(versions[0].serial, state.serial);
    let serial = state.serial.to_string();
    let undo = format!("sindri state restore {serial}");
    shared
        .sindri(&["state", "rm", "machine.two-40"])
        .ended(0)
        .says(&undo);
    let restore = ["state", "restore", &serial, "--auto-approve"];
    shared.sindri(&restore).ended(0);
    let history = shared.sindri(&["state", "history"]).ended(0);
    for command in ["apply", "state rm", "state restore"] {
        assert!(history.stdout.contains(command), "{history}");
    }
    shared
        .sindri(&["plan", "--detailed-exitcode"])
        .ended(0)
        .says("No changes");
}

/// Kills applies at several instants; a command that meets the lock is handed over.
fn kills(shared: &Shared, met: impl Fn(Ran)) {
    for delay in [40, 80, 120, 160, 220, 300] {
        let running = shared
            .ground
            .launch(shared.command(&["apply", "--auto-approve"]));
        sleep(Duration::from_millis(delay));
        running.kill();
        let next = shared.sindri(&["apply", "--auto-approve", "--target", "machine.one"]);
        if next.code != Some(0) {
            met(next.says("store::held"));
        }
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
    can_be_undone(shared, &state);
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
    let shared = Shared::on_a_bucket();
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
    let mut shared = Shared::on_a_bucket();
    let passphrase = ("SINDRI_STATE_PASSPHRASE", "test-canary-passphrase");
    let (name, value) = passphrase;
    let environment = &mut shared.ground.environment;
    environment.insert(name.to_owned(), value.to_owned());
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
    let shared = Shared::on_a_bucket();
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
