//! Ctrl-C once and twice, the system's wish to end, and time limits.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sindri::state::violations;

use super::ground::Ground;
use super::http_server::Server;

/// Two machines, the second after the first, each with an extension that takes its time.
fn slow_project(seconds: &str) -> Ground {
    let ground = Ground::new();
    ground.write(
        "sindri.yaml",
        "version: \"3.0\"\nname: slow\ndeployment: {provider: local}\n\
         extensions: {active: [sleepy, later]}\n",
    );
    let tool = |name: &str| {
        format!(
            "mkdir -p \"$HOME/.local/bin\"\n\
             printf '#!/bin/sh\\necho {name} 1.0.0\\n' >\"$HOME/.local/bin/{name}\"\n\
             chmod 755 \"$HOME/.local/bin/{name}\"\n"
        )
    };
    let script = format!(
        "#!/bin/sh\nset -eu\ntouch \"$HOME/started\"\nsleep {seconds}\n{}",
        tool("sleepy")
    );
    ground.extension("sleepy", "1.0.0", 60, &script);
    ground.extension(
        "later",
        "1.0.0",
        60,
        &format!("#!/bin/sh\nset -eu\n{}", tool("later")),
    );
    let manifest = std::fs::read_to_string(ground.path("extensions/later/extension.yaml")).unwrap();
    let manifest = manifest.replace(
        "category: productivity",
        "category: productivity, dependencies: [sleepy]",
    );
    ground.write("extensions/later/extension.yaml", &manifest);
    ground
}

#[track_caller]
fn is_sound(ground: &Ground) {
    assert_eq!(violations(&ground.state().unwrap()), []);
}

fn recorded(ground: &Ground, address: &str) -> bool {
    ground
        .state()
        .unwrap()
        .current(&address.parse().unwrap())
        .is_some()
}

/// The first signal lets what runs come to its end, and starts nothing new.
fn gently(signal: Signal) {
    let ground = slow_project("2");
    let mut running = ground.start(&["apply", "--auto-approve"]);
    running.until_it_says("extension.slow.sleepy: Creating");
    running.signal(signal);
    running.wait().ended(130);
    is_sound(&ground);
    assert!(ground.state().unwrap().pending.is_empty());
    assert!(
        recorded(&ground, "extension.slow.sleepy"),
        "what ran wasn't recorded"
    );
    assert!(
        !recorded(&ground, "extension.slow.later"),
        "something new was started"
    );
    ground.apply().ended(0).says("1 added");
    ground.settled();
}

#[test]
fn the_first_ctrl_c_finishes_what_runs_and_starts_nothing() {
    gently(Signal::INT);
}

#[test]
fn a_termination_finishes_what_runs_and_starts_nothing() {
    gently(Signal::TERM);
}

#[test]
fn the_second_ctrl_c_stops_at_once_and_the_next_apply_goes_on() {
    let ground = slow_project("5");
    let mut running = ground.start(&["apply", "--auto-approve"]);
    running.until_there_is(&ground, "started");
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!running.has_ended(), "the first Ctrl-C stopped what runs");
    running.signal(Signal::INT);
    let began = Instant::now();
    running.wait().ended(130);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "the second Ctrl-C didn't stop it at once"
    );
    is_sound(&ground);
    assert!(!recorded(&ground, "extension.slow.sleepy"));
    ground.apply().ended(0);
    ground.settled();
    let starts = ground
        .world()
        .into_iter()
        .filter(|(path, _)| path.ends_with("ledger.jsonl"))
        .map(|(_, ledger)| String::from_utf8(ledger).unwrap().matches("sleepy").count())
        .sum::<usize>();
    assert!(starts >= 1, "the ledger doesn't know the extension");
}

#[test]
fn a_time_limit_ends_a_command_and_loses_nothing() {
    let ground = slow_project("6");
    let began = Instant::now();
    let ran = ground.sindri(&["apply", "--auto-approve", "--timeout", "2"]);
    ran.ended(1).says("cli::timeout");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        began.elapsed()
    );
    is_sound(&ground);
    ground.apply().ended(0);
    ground.settled();
}

#[test]
fn a_time_limit_that_suffices_changes_nothing() {
    let ground = slow_project("0");
    ground
        .sindri(&["apply", "--auto-approve", "--timeout", "100"])
        .ended(0);
    ground.settled();
}

/// A small project with its state on a server whose locks never end by themselves.
fn on_a_server(server: &Server) -> Ground {
    let mut ground = Ground::new();
    ground.write(
        "sindri.yaml",
        &format!(
            "version: \"4.0\"\nname: far\ndeployment:\n  provider: local\n  \
             volumes: {{data: {{path: /srv/data}}}}\nstate: {{store: http, address: \"{}/far\"}}\n",
            server.address
        ),
    );
    let token = ("SINDRI_HTTP_TOKEN".to_owned(), "ends".to_owned());
    ground.environment.extend([token]);
    ground
}

/// How often a server was asked in some way.
fn heard(server: &Server, method: &str) -> usize {
    let heard = server.heard();
    let lines = heard.iter().map(|(line, _, _)| line);
    lines.filter(|line| line.starts_with(method)).count()
}

/// The command is told to end when the server has given it the lock, and it hasn't heard so yet.
#[track_caller]
fn ends_without_a_lock(arguments: &[&str], signal: Signal, code: i32) {
    let server = Server::start(&["Bearer ends"]);
    let ground = on_a_server(&server);
    ground.apply().ended(0);
    let (locks, unlocks) = (heard(&server, "LOCK"), heard(&server, "UNLOCK"));
    server.falls_silent("LOCK", 2, true);
    let running = ground.start(arguments);
    let began = Instant::now();
    while heard(&server, "LOCK") == locks {
        assert!(began.elapsed() < Duration::from_mins(1), "it never locked");
        std::thread::sleep(Duration::from_millis(2));
    }
    running.signal(signal);
    let ran = running.wait().ended(code);
    ran.never_says("store::lock-left");
    assert_eq!(heard(&server, "UNLOCK"), unlocks + 1);
    ground.apply().ended(0);
    ground.settled();
}

#[test]
fn every_command_that_is_told_to_end_gives_its_lock_back() {
    for arguments in [
        &["apply", "--auto-approve"][..],
        &["destroy", "--auto-approve"],
        &["stop"],
        &["refresh", "--auto-approve"],
    ] {
        ends_without_a_lock(arguments, Signal::TERM, 130);
    }
    ends_without_a_lock(&["start"], Signal::INT, 130);
    // What takes no time is done.
    ends_without_a_lock(&["taint", "machine.far"], Signal::TERM, 0);
}

#[test]
fn who_waits_for_a_lock_is_told_for_whom_and_ends_when_told_to() {
    let ground = slow_project("4");
    let mut holding = ground.start(&["apply", "--auto-approve"]);
    holding.until_there_is(&ground, "started");
    for arguments in [
        &["apply", "--auto-approve"][..],
        &["stop"],
        &["refresh"],
        &["taint", "machine.slow"],
        &["state", "rekey"],
    ] {
        let patient = [arguments, &["--lock-timeout", "60"]].concat();
        let mut waiting = ground.start(&patient);
        waiting.until_it_says("Waiting: `apply`");
        waiting.signal(Signal::TERM);
        waiting.wait().ended(130).says("cli::interrupted");
    }
    holding.wait().ended(0);
    ground.settled();
}

/// Programs read one document: what is told besides is on the side.
#[test]
fn the_document_of_a_verb_stands_alone_whatever_is_to_be_told() {
    let server = Server::start(&["Bearer ends"]);
    let ground = on_a_server(&server);
    ground.apply().ended(0);
    for arguments in [
        &["taint", "machine.far", "--json"][..],
        &["untaint", "machine.far", "--json"],
        &["refresh", "--auto-approve", "--json"],
        &["state", "rm", "machine.far", "--json"],
    ] {
        let ran = ground.sindri(arguments).ended(0).says("store::unfenced");
        assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
        let document: Result<serde_json::Value, _> = serde_json::from_str(&ran.stdout);
        assert!(document.is_ok(), "{ran}");
    }
}

#[test]
fn an_apply_that_nobody_approved_leaves_nothing_behind() {
    let ground = slow_project("0");
    ground.sindri(&["apply"]).ended(1).says("cli::no-terminal");
    assert!(!ground.path(".sindri").exists());
    let server = Server::start(&["Bearer ends"]);
    let ground = on_a_server(&server);
    ground.sindri(&["apply"]).ended(1).says("cli::no-terminal");
    assert_eq!(heard(&server, "POST"), 0);
    assert!(!ground.path(".sindri").exists());
}
