//! What single kills leave behind, made by hand: each was found by killing at random.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sindri::address::Address;
use sindri::resource::{Power, Spec};
use sindri::state::{Event, Intent, OperationId, StepKind};
use sindri::store::{LockRequest, Store};
use sindri::sys::World;

use super::ground::Ground;

fn lay(ground: &Ground, memory: &str) {
    ground.write(
        "sindri.yaml",
        &format!(
            "version: \"3.0\"\nname: dev\ndeployment: {{provider: local, resources: {{memory: {memory}}}}}\n"
        ),
    );
}

fn project() -> Ground {
    let ground = Ground::new();
    lay(&ground, "1GB");
    ground.apply().ended(0);
    ground
}

fn machine() -> Address {
    "machine.dev".parse().unwrap()
}

/// The machine's directory.
fn directory(ground: &Ground) -> PathBuf {
    let state = ground.state().unwrap();
    PathBuf::from(state.current(&machine()).unwrap().id.as_str())
}

/// Writes the intent of a step that no process is left to finish.
fn begin(ground: &Ground, step: StepKind, alter: impl Fn(&mut Spec)) {
    let store = Store::local(&ground.path(".sindri"), &World::real());
    let request = LockRequest {
        operation: "test",
        timeout: Duration::ZERO,
        given_up: None,
    };
    let mut locked = store.lock(request, &mut |_| {}).unwrap();
    let object = Arc::clone(locked.state().current(&machine()).unwrap());
    let mut spec = (*object.spec).clone();
    alter(&mut spec);
    let intent = Intent {
        operation: OperationId::from_random([7; 8]),
        address: machine(),
        step,
        spec: (step == StepKind::Update).then(|| Arc::new(spec)),
        generation: object.generation,
        dependencies: object.dependencies.clone(),
    };
    locked.commit(vec![Event::Begin(intent)]).unwrap();
}

#[test]
fn a_half_removed_machine_is_removed_to_the_end() {
    let ground = project();
    let directory = directory(&ground);
    begin(&ground, StepKind::Destroy, |_| {});
    let gone = directory.with_file_name(".dev.gone");
    fs::rename(&directory, &gone).unwrap();
    ground.sindri(&["plan", "--detailed-exitcode"]).ended(2);
    ground.sindri(&["destroy", "--auto-approve"]).ended(0);
    assert!(!gone.exists(), "half a machine is left");
    assert!(ground.state().unwrap().current(&machine()).is_none());
}

#[test]
fn a_change_that_had_ended_is_recorded_and_no_drift() {
    let ground = project();
    let marker = directory(&ground).join("machine.json");
    lay(&ground, "2GB");
    begin(&ground, StepKind::Update, |spec| {
        if let Spec::Machine(machine) = spec {
            machine.memory = Some("2GB".parse().unwrap());
        }
    });
    let text = fs::read_to_string(&marker).unwrap();
    assert!(text.contains("\"1GB\""), "{text}");
    fs::write(&marker, text.replace("\"1GB\"", "\"2GB\"")).unwrap();
    ground.apply().ended(0);
    ground.sindri(&["drift"]).ended(0);
    ground.settled();
}

#[test]
fn a_change_that_had_not_begun_is_made() {
    let ground = project();
    lay(&ground, "2GB");
    begin(&ground, StepKind::Update, |spec| {
        if let Spec::Machine(machine) = spec {
            machine.memory = Some("2GB".parse().unwrap());
        }
    });
    ground.apply().ended(0).says("1 changed");
    ground.sindri(&["drift"]).ended(0);
    ground.settled();
}

#[test]
fn start_settles_what_a_killed_stop_left_open() {
    let ground = project();
    begin(&ground, StepKind::Update, |spec| {
        if let Spec::Machine(machine) = spec {
            machine.power = Power::Stopped;
        }
    });
    ground.sindri(&["start"]).ended(0);
    assert_eq!(ground.state().unwrap().pending, []);
    ground.settled();
    ground.sindri(&["drift"]).ended(0);
}

#[test]
fn a_configuration_that_follows_a_change_from_outside_ends_the_drift() {
    let ground = project();
    let marker = directory(&ground).join("machine.json");
    let text = fs::read_to_string(&marker).unwrap();
    fs::write(&marker, text.replace("\"1GB\"", "\"2GB\"")).unwrap();
    ground.sindri(&["drift"]).ended(2);
    lay(&ground, "2GB");
    ground.apply().ended(0);
    ground.sindri(&["drift"]).ended(0);
    ground.settled();
}
