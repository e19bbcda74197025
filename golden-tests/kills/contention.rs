//! Many commands at once on one state.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use super::ground::Ground;
use super::life::tell_text;

const COMMANDS: usize = 50;

#[test]
fn fifty_applies_at_once_run_one_after_the_other_and_none_is_lost() {
    let ground = Ground::new();
    let mut text =
        "version: \"3.0\"\nname: crowd\ndeployment: {provider: local}\nmachines:\n".to_owned();
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
            let wait = ["--lock-timeout", "100", "--target", &target];
            ground.start(&[&["apply", "--auto-approve"], &wait[..]].concat())
        })
        .collect();
    for one in running {
        one.wait().ended(0).says("2 added");
    }
    let elapsed = began.elapsed();
    let state = ground.state().unwrap();
    assert_eq!(sindri::state::invariants(&state), Vec::<String>::new());
    let machines: BTreeSet<String> = state
        .resources
        .keys()
        .map(ToString::to_string)
        .filter(|address| address.starts_with("machine."))
        .collect();
    assert_eq!(machines, (0..COMMANDS).map(target).collect());
    // Two events a step, two steps a command: a write of any of them that was overwritten would
    // be missing here.
    assert_eq!(state.serial.0, 4 * COMMANDS as u64);
    ground.settled();
    ground.sindri(&["drift"]).ended(0);
    tell_text(&format!(
        "\n| store | applies at once | lost | failed | all done after |\n|---|---|---|---|---|\n\
         | local | {COMMANDS} | 0 | 0 | {:.1} s |\n",
        elapsed.as_secs_f64()
    ));
}
