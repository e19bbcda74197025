//! A state in a database: what a team does with it, and a holder that stands still.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::ground::Running;
use super::remote::{Shared, lock_id};

/// Starts an apply of many machines and freezes it, with its lock, once it has made something.
fn frozen(shared: &Shared) -> Running {
    let text = std::fs::read_to_string(shared.ground.path("sindri.yaml")).unwrap();
    let many = text.replace("count: 40", "count: 300");
    shared.ground.write("sindri.yaml", &many);
    let mut running = shared.ground.start(&["apply", "--auto-approve"]);
    let began = Instant::now();
    while shared.ground.world().is_empty() {
        assert!(began.elapsed() < Duration::from_mins(1), "it never began");
        sleep(Duration::from_millis(2));
    }
    running.signal(Signal::STOP);
    assert!(!running.has_ended());
    running
}

#[test]
fn a_state_in_postgres_serves_a_project_from_its_first_plan_to_its_end() {
    let shared = Shared::on_postgres();
    shared
        .sindri(&["plan", "--detailed-exitcode"])
        .ended(2)
        .says("to add");
    shared.sindri(&["apply", "--auto-approve"]).ended(0);
    let listed = shared.sindri(&["state", "list"]).ended(0);
    assert!(listed.says("machine.two-40").stderr.is_empty());
    let pulled = shared.sindri(&["state", "pull"]).ended(0);
    let state = sindri::state::read_document(pulled.stdout.as_bytes()).unwrap();
    assert_eq!(Some(state), shared.store().read().unwrap());
    shared
        .sindri(&["plan", "--detailed-exitcode"])
        .ended(0)
        .says("No changes");
    assert!(!shared.ground.path(".sindri").exists());
    shared.sindri(&["destroy", "--force", "--volumes"]).ended(0);
}

/// Who waits is told for whom, comes in when the lock is taken away, and isn't overwritten by
/// the one that stood still and knows nothing of it.
#[test]
fn a_lock_in_postgres_is_waited_for_and_taken_from_a_holder_that_stands_still() {
    let shared = Shared::on_postgres();
    let still = frozen(&shared);
    let apply = ["apply", "--auto-approve"];
    let refused = shared.sindri(&apply).ended(1).says("store::held");
    let id = lock_id(&refused.says("or its connection does"));
    let patient = [&apply[..], &["--lock-timeout", "110"]].concat();
    let mut waiting = shared.ground.start(&patient);
    waiting.until_it_says("Waiting: ");
    shared.sindri(&["force-unlock", "no-such-id"]).ended(1);
    shared.sindri(&["force-unlock", &id]).ended(0);
    waiting.wait().ended(0);
    let before = shared.store().read().unwrap().unwrap();
    still.signal(Signal::CONT);
    still.wait().ended(1).says("store::lost");
    assert_eq!(shared.store().read().unwrap().unwrap(), before);
    shared
        .sindri(&["plan", "--detailed-exitcode"])
        .ended(0)
        .says("No changes");
    shared.sindri(&["destroy", "--force", "--volumes"]).ended(0);
}
