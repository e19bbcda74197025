//! Many commands at once on one state, in each store.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use super::ground::Ground;
use super::http_server::Server;
use super::life::tell_text;
use super::remote::{CREDENTIALS, server, variable};

const COMMANDS: usize = 50;

/// Runs them all, and tells how that went as a row of a table.
fn crowd(store: &str, state: &str, variables: &[(&str, &str)]) {
    let mut ground = Ground::new();
    let variables = variables.iter().copied();
    ground
        .environment
        .extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut text = format!(
        "version: \"4.0\"\nname: crowd\n{state}deployment: {{provider: local}}\nmachines:\n"
    );
    for number in 0..COMMANDS {
        writeln!(text, "  m{number}: {{}}").unwrap();
    }
    ground.write("sindri.yaml", &text);
    let began = Instant::now();
    let target = |number: usize| format!("machine.m{number}");
    // Each makes its own machine, knowing nothing of the others but what the state says.
    let running: Vec<_> = (0..COMMANDS)
        .map(|number| {
            let target = target(number);
            let wait = ["--lock-timeout", "110", "--target", &target];
            ground.start(&[&["apply", "--auto-approve"], &wait[..]].concat())
        })
        .collect();
    let mut failed = 0;
    let mut waits = 0;
    let mut said = String::new();
    for one in running {
        let ran = one.wait();
        waits += usize::from(ran.stderr.contains("Waiting: "));
        if ran.code != Some(0) || !ran.stdout.contains("2 added") {
            failed += 1;
            said = ran.to_string();
        }
    }
    let elapsed = began.elapsed();
    let pulled = ground.sindri(&["state", "pull"]).ended(0);
    let state = sindri::state::read_document(pulled.stdout.as_bytes()).unwrap();
    assert_eq!(sindri::state::invariants(&state), Vec::<String>::new());
    let machines: BTreeSet<String> = state
        .resources
        .keys()
        .map(ToString::to_string)
        .filter(|address| address.starts_with("machine."))
        .collect();
    let wanted: BTreeSet<String> = (0..COMMANDS).map(target).collect();
    let lost = wanted.difference(&machines).count();
    tell_text(&format!(
        "\n| store | applies at once | lost | failed | had to wait | all done after |\n\
         |---|---|---|---|---|---|\n\
         | {store} | {COMMANDS} | {lost} | {failed} | {waits} | {:.1} s |\n",
        elapsed.as_secs_f64()
    ));
    assert_eq!((lost, failed), (0, 0), "{said}");
    // Two events a step, two steps a command: a write of any of them that was overwritten would
    // be missing here.
    assert_eq!(state.serial.0, 4 * COMMANDS as u64);
    ground.settled();
    ground.sindri(&["drift"]).ended(0);
}

#[test]
fn fifty_applies_at_once_run_one_after_the_other_and_none_is_lost() {
    crowd("local", "", &[]);
}

#[test]
fn fifty_applies_at_once_on_a_bucket_run_one_after_the_other_and_none_is_lost() {
    let prefix = sindri::digest::hex(&sindri::sys::Random::system().bytes::<8>());
    let state = format!(
        "state: {{store: object, bucket: sindri-test, prefix: {prefix}, endpoint: \"{}\"}}\n",
        server()
    );
    crowd("S3 (LocalStack)", &state, &CREDENTIALS);
}

#[test]
fn fifty_applies_at_once_on_a_server_run_one_after_the_other_and_none_is_lost() {
    let server = Server::start(&["Bearer crowded"]);
    let state = format!(
        "state: {{store: http, address: \"{}/dev\"}}\n",
        server.address
    );
    crowd(
        "HTTP (of the tests)",
        &state,
        &[("SINDRI_HTTP_TOKEN", "crowded")],
    );
}

#[test]
fn fifty_applies_at_once_in_a_database_run_one_after_the_other_and_none_is_lost() {
    let name = sindri::digest::hex(&sindri::sys::Random::system().bytes::<8>());
    let state = format!(
        "state: {{store: postgres, address: \"postgres://{}/sindri/{name}\"}}\n",
        variable("SINDRI_TEST_POSTGRES")
    );
    let login = [("PGUSER", "sindri"), ("SINDRI_POSTGRES_PASSWORD", "test")];
    crowd("Postgres", &state, &login);
}

#[test]
fn fifty_applies_at_once_on_azure_run_one_after_the_other_and_none_is_lost() {
    let prefix = sindri::digest::hex(&sindri::sys::Random::system().bytes::<8>());
    let state = format!(
        "state: {{store: object, protocol: azure, bucket: sindri-test, prefix: {prefix}, \
         endpoint: \"{}\"}}\n",
        variable("SINDRI_TEST_AZURE")
    );
    let login = [
        ("AZURE_STORAGE_ACCOUNT_NAME", "sindri"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "dGVzdA=="),
    ];
    crowd("Azure (Azurite)", &state, &login);
}
