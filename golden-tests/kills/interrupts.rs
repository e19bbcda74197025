//! Ctrl-C once and twice, the system's wish to end, and time limits.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sindri::state::violations;

use super::ground::Ground;

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
