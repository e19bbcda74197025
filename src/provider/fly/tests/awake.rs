//! Keeping a machine awake that falls asleep by itself.

use std::time::Duration;

use super::ground::{Ground, machine, reference};
use crate::plan::Observation;
use crate::provider::{Provider as _, Reader as _};
use crate::resource::{FlyAutostop, Power, Settings, Size, Spec};

fn that_sleeps() -> crate::resource::MachineSpec {
    let mut spec = machine("dev");
    spec.power = Power::Provider;
    if let Settings::Fly(settings) = &mut spec.settings {
        settings.autostop = FlyAutostop::Suspend;
    }
    spec
}

#[tokio::test]
async fn it_stays_awake_until_it_may_sleep_and_is_seen_to_meanwhile() {
    let ground = Ground::new();
    let spec = Spec::Machine(Box::new(that_sleeps()));
    let mut request = ground.request("machine.dev", 2, spec);
    request.dependencies.extend([ground.network("dev").await]);
    let made = ground.fly.create(&request, &|_| {}).await.unwrap();
    let reference = reference(&request, &made);
    let asked = [(&request, Some(&made))];
    let autostop = |seen: &Observation| match seen {
        Observation::Present(seen) => seen.attributes.get("fly.autostop").cloned().unwrap(),
        other => panic!("it is {other:?}"),
    };
    ground.fly.keep_awake(&reference, true).await.unwrap();
    ground.emulator.rest_after(Duration::from_millis(100));
    ground.heard();
    ground.fly.keep_awake(&reference, true).await.unwrap();
    assert_eq!(
        ground.heard().len(),
        1,
        "the second time it is only looked at"
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    let seen = ground.look(&asked).await;
    assert_eq!(autostop(&seen[&request.address]), "off");
    let query = crate::provider::Query {
        lineage: ground.lineage.clone(),
        questions: vec![crate::provider::Question {
            address: request.address.clone(),
            spec: request.spec.clone(),
            id: Some(made.id.clone()),
            made_at: None,
            wanted: true,
        }],
    };
    let found = ground.fly.check(&query, &seen).await;
    assert_eq!(found[0].code.as_str(), "fly::kept-awake");

    ground.fly.keep_awake(&reference, false).await.unwrap();
    ground.heard();
    let seen = ground.look(&asked).await;
    assert_eq!(autostop(&seen[&request.address]), "suspend");
    assert_eq!(ground.heard().len(), 2, "it needs no closer look any more");
    tokio::time::sleep(Duration::from_millis(400)).await;
    let state = |ground: &Ground| {
        let mut world = ground.emulator.world();
        world.machines().next().map(|(_, _, one)| one.state.clone())
    };
    assert_eq!(state(&ground).as_deref(), Some("suspended"));
    assert_eq!(ground.emulator.world().disturbed, 0);
}

#[tokio::test]
async fn what_somebody_changed_meanwhile_is_still_seen_and_who_never_sleeps_is_left_alone() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let mut idle = reference(&request, &made);
    ground.heard();
    ground.fly.keep_awake(&idle, true).await.unwrap();
    assert!(ground.heard().is_empty());

    let spec = std::sync::Arc::new(Spec::Machine(Box::new(that_sleeps())));
    idle.spec = spec.clone();
    for (_, _, machine) in ground.emulator.world().machines() {
        machine.config["services"][0]["autostop"] = "suspend".into();
        machine.config["guest"]["memory_mb"] = 4096.into();
        machine.instance.push('X');
    }
    ground.fly.keep_awake(&idle, true).await.unwrap();
    ground.fly.keep_awake(&idle, false).await.unwrap();
    let mut request = request;
    request.spec = spec;
    let seen = ground.look(&[(&request, Some(&made))]).await;
    match &seen[&request.address] {
        Observation::Present(seen) => {
            let memory = serde_json::json!(Size::gib(4));
            assert_eq!(seen.attributes.get("memory"), Some(&memory));
        }
        other => panic!("it is {other:?}"),
    }
}
