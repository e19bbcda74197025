//! Many machines: what it costs to look at them.

use std::time::Instant;

use super::ground::{Ground, machine};
use crate::plan::Observation;
use crate::provider::fly::label;
use crate::provider::{Made, Reader as _};
use crate::resource::{Attributes, Spec};
use crate::state::ObjectId;
use serde_json::json;

/// A thousand machines as an apply would leave them, without taking the time of one.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "a measure is worth saying")]
async fn a_thousand_machines_are_two_lists() {
    let ground = Ground::new();
    let (first, made) = ground.machine("m0").await;
    let mut asked = vec![(first.clone(), made.clone())];
    let template = {
        let world = ground.emulator.world();
        world.apps["m0"]
            .machines
            .values()
            .next()
            .unwrap()
            .config
            .clone()
    };
    for at in 1..1000 {
        let name = format!("m{at}");
        let spec = Spec::Machine(Box::new(machine(&name)));
        let request = ground.request(&format!("machine.{name}"), 2, spec);
        let mut world = ground.emulator.world();
        let id = format!("{at:014x}");
        let mut config = template.clone();
        config["metadata"] = json!(label::of(&request));
        config["metadata"][label::VERSION] = json!(id);
        let app = world.standing(&name, &id, config);
        asked.push((
            request,
            Made {
                id: ObjectId::new(&format!("{app}/{id}")),
                attributes: Attributes::default(),
                incarnation: None,
            },
        ));
    }
    let asked: Vec<_> = asked
        .iter()
        .map(|(request, made)| (request, Some(made)))
        .collect();
    ground.heard();
    let begun = Instant::now();
    let seen = ground.look(&asked).await;
    let took = begun.elapsed();
    let present = seen
        .values()
        .filter(|one| matches!(one, Observation::Present(_)));
    assert_eq!(present.count(), 1000);
    let heard = ground.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    eprintln!(
        "a refresh of 1000 machines: {} calls, {took:?}",
        heard.len()
    );
}

#[tokio::test]
async fn pages_are_followed_to_the_last() {
    let ground = Ground::new();
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(ground.machine(name).await);
    }
    ground.emulator.world().page = 2;
    ground.heard();
    let asked: Vec<_> = made
        .iter()
        .map(|(request, made)| (request, Some(made)))
        .collect();
    let seen = ground.look(&asked).await;
    assert!(
        seen.values()
            .all(|one| matches!(one, Observation::Present(_)))
    );
    assert_eq!(ground.heard().len(), 3);
}

#[tokio::test]
async fn limits_are_obeyed_before_the_server_has_to_say_so() {
    let ground = Ground::new();
    ground.emulator.enforce_limits();
    let (request, made) = ground.machine("dev").await;
    let reference = super::ground::reference(&request, &made);
    let command = crate::provider::Command {
        argv: vec!["true".to_owned()],
        ..crate::provider::Command::default()
    };
    for _ in 0..5 {
        ground.fly.ask(&reference, &command).await.unwrap();
    }
    assert_eq!(ground.emulator.world().throttled, 0);
    // Another run beside this one uses the same allowance: then the server says so, and is obeyed.
    let other = super::ground::fly(&ground.emulator.address, "FlyV1 fm2_emulated");
    for _ in 0..2 {
        other.ask(&reference, &command).await.unwrap();
    }
    assert!(ground.emulator.world().throttled > 0);
}
