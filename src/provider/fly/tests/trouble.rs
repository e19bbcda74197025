//! What goes wrong: nothing is made twice, nothing is lost, and each says what it is.

use super::ground::{Ground, fly, machine, network, reference, volume};
use crate::plan::Observation;
use crate::provider::fly::emulator::world::App;
use crate::provider::fly::emulator::{Fault, Trouble};
use crate::provider::fly::label;
use crate::provider::suite::record;
use crate::provider::{
    Class, Command, CreateRequest, Made, Provider as _, ProviderError, Query, Question,
    Reader as _, UpdateRequest,
};
use crate::resource::{Power, Size, Spec};
use std::sync::Arc;
use std::time::Duration;

impl Ground {
    fn fault(&self, method: &str, path: &str, trouble: Trouble, times: usize) {
        let fault = Fault {
            method: method.to_owned(),
            path: path.to_owned(),
            trouble,
            times,
            after: 0,
        };
        self.emulator.world().faults.push(fault);
    }

    async fn refused(&self, request: &CreateRequest) -> ProviderError {
        self.fly.create(request, &|_| {}).await.unwrap_err()
    }
}

fn unreadable(observation: &Observation) -> &str {
    match observation {
        Observation::Unreadable(why) => why,
        other => panic!("it is {other:?}"),
    }
}

#[tokio::test]
async fn what_was_made_although_the_answer_was_lost_is_found() {
    for trouble in [
        Trouble::Status(408, true),
        Trouble::Status(503, true),
        Trouble::Cut,
        Trouble::Page,
        Trouble::Silence,
    ] {
        let ground = Ground::new();
        ground.emulator.world().lag = 1;
        ground.fault("POST", "/apps", trouble.clone(), 1);
        ground.fault("POST", "/volumes", trouble.clone(), 1);
        ground.fault("POST", "/machines", trouble.clone(), 1);
        let network = ground.network("dev").await;
        let mut storage = ground.request("volume.dev.workspace", 3, Spec::Volume(volume()));
        storage.dependencies.extend([network.clone()]);
        let stored = ground.fly.create(&storage, &|_| {}).await.unwrap();
        let spec = Spec::Machine(Box::new(super::ground::with_workspace("dev")));
        let mut request = ground.request("machine.dev", 2, spec);
        let object = record(&storage, &stored);
        request
            .dependencies
            .extend([network, (storage.address.clone(), object)]);
        ground.fly.create(&request, &|_| {}).await.unwrap();
        let world = ground.emulator.world();
        let app = &world.apps["dev"];
        assert_eq!(
            (app.machines.len(), app.volumes.len()),
            (1, 1),
            "{trouble:?}"
        );
    }
}

#[tokio::test]
async fn what_was_not_made_is_not_made_twice_either() {
    let ground = Ground::new();
    let mut request = ground.request("machine.dev", 2, Spec::Machine(Box::new(machine("dev"))));
    request.dependencies.extend([ground.network("dev").await]);
    ground.fault("POST", "/machines", Trouble::Status(500, false), 1);
    let failed = ground.refused(&request).await;
    assert_eq!(
        (failed.class, failed.code.as_str()),
        (Class::Ambiguous, "fly::trouble")
    );
    let posts = ground.heard();
    let posts = posts
        .iter()
        .filter(|call| *call == "POST /v1/apps/dev/machines");
    assert_eq!(
        posts.count(),
        1,
        "an ambiguous create is never sent again blindly"
    );
    assert!(
        failed.message.contains("fly-request-id"),
        "{}",
        failed.message
    );
}

#[tokio::test]
async fn a_name_that_others_have_is_found_at_plan_time_and_left_alone() {
    let ground = Ground::new();
    ground.emulator.world().foreign.push("taken".to_owned());
    let request = ground.request("network.taken", 1, Spec::Network(network("taken")));
    let query = Query {
        lineage: ground.lineage.clone(),
        questions: vec![Question {
            address: request.address.clone(),
            spec: Arc::clone(&request.spec),
            id: None,
            made_at: None,
            wanted: true,
        }],
    };
    let observed = ground.fly.observe(&query).await.unwrap();
    let found = ground.fly.check(&query, &observed).await;
    assert_eq!(found[0].code.as_str(), "fly::name-taken");
    assert_eq!(
        ground.refused(&request).await.code.as_str(),
        "fly::name-taken"
    );
    // One that the token sees says where it is, and one of this project's own how to get it back.
    for (network, code) in [
        ("default".to_owned(), "fly::name-taken"),
        (label::network(&ground.lineage), "fly::other-organization"),
    ] {
        let seen = App {
            network,
            elsewhere: true,
            ..App::default()
        };
        ground.emulator.world().foreign.clear();
        ground
            .emulator
            .world()
            .apps
            .insert("taken".to_owned(), seen);
        let observed = ground.fly.observe(&query).await.unwrap();
        let found = ground.fly.check(&query, &observed).await;
        assert_eq!(found[0].code.as_str(), code);
        assert!(found[0].summary.contains("the organization `elsewhere`"));
    }
}

#[tokio::test]
async fn tokens_that_do_not_suffice_say_so() {
    let ground = Ground::new();
    let request = ground.request("network.dev", 1, Spec::Network(network("dev")));
    let expired = fly(&ground.emulator.address, "fo1_expired");
    let refused = expired.create(&request, &|_| {}).await.unwrap_err();
    assert_eq!(
        (refused.class, refused.code.as_str()),
        (Class::Denied, "fly::token")
    );
    let narrow = fly(&ground.emulator.address, "fm2_narrow");
    let refused = narrow.create(&request, &|_| {}).await.unwrap_err();
    assert_eq!(
        (refused.class, refused.code.as_str()),
        (Class::Denied, "fly::denied")
    );
    let nobody = fly("http://127.0.0.1:9", "fo1_x");
    let refused = nobody.create(&request, &|_| {}).await.unwrap_err();
    assert_eq!(refused.class, Class::Unreachable);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_taken_for_gone() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let asked = [(&request, Some(&made))];
    for (_, _, machine) in ground.emulator.world().machines() {
        "unreachable".clone_into(&mut machine.host);
    }
    let seen = ground.look(&asked).await;
    assert!(unreadable(&seen[&request.address]).contains("host"));
    for (_, _, machine) in ground.emulator.world().machines() {
        "ok".clone_into(&mut machine.host);
        "dreaming".clone_into(&mut machine.state);
    }
    let seen = ground.look(&asked).await;
    assert!(unreadable(&seen[&request.address]).contains("`dreaming`"));
    for (_, _, machine) in ground.emulator.world().machines() {
        "started".clone_into(&mut machine.state);
    }
    ground.emulator.world().silent.push("iad".to_owned());
    let seen = ground.look(&asked).await;
    assert!(unreadable(&seen[&request.address]).contains("iad"));
    ground.emulator.world().silent.clear();
    ground.emulator.world().apps.clear();
    let seen = ground.look(&asked).await;
    assert_eq!(seen[&request.address], Observation::Absent);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let query = Query {
        lineage: ground.lineage.clone(),
        questions: vec![Question {
            address: request.address.clone(),
            spec: Arc::clone(&request.spec),
            id: Some(made.id.clone()),
            made_at: None,
            wanted: true,
        }],
    };
    for (trouble, code) in [
        (Trouble::Page, "fly::protocol"),
        (Trouble::Cut, "fly::no-answer"),
        (Trouble::Status(502, false), "fly::trouble"),
    ] {
        ground.fault("GET", "/orgs/acme/machines", trouble, 9);
        let failed = ground.fly.observe(&query).await.unwrap_err();
        assert_eq!(failed.code.as_str(), code, "{failed}");
        ground.emulator.world().faults.clear();
    }
    ground.fault("GET", "/orgs/acme/machines", Trouble::WrongType, 1);
    if let Ok(seen) = ground.fly.observe(&query).await {
        unreadable(&seen[&request.address]);
    }
    // What goes wrong once is asked again.
    ground.emulator.world().faults.clear();
    ground.fault("GET", "/orgs/acme/machines", Trouble::Status(503, false), 1);
    assert!(ground.fly.observe(&query).await.is_ok());
}

/// Asks for more memory of a machine that somebody else has leased for so long.
async fn changed_under_a_lease(description: &str, lasts: Duration) -> Result<Made, ProviderError> {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    for (_, _, machine) in ground.emulator.world().machines() {
        machine.lease = Some(crate::provider::fly::emulator::world::Lease {
            nonce: "other".to_owned(),
            description: description.to_owned(),
            owner: "bea@example.org".to_owned(),
            ends: std::time::Instant::now() + lasts,
        });
    }
    let mut wanted = request.clone();
    let mut spec = machine("dev");
    spec.memory = Some(Size::gib(4));
    wanted.spec = Arc::new(Spec::Machine(Box::new(spec)));
    let update = UpdateRequest {
        wanted,
        current: record(&request, &made),
        paths: vec!["memory".to_owned()],
    };
    ground.fly.update(&update, &|_| {}).await
}

#[tokio::test]
async fn who_is_changing_a_machine_is_named() {
    let refused = changed_under_a_lease("fly deploy", Duration::from_mins(1)).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code.as_str(), "fly::leased");
    assert!(
        refused.message.contains("bea@example.org (fly deploy)"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_lease_that_a_killed_run_left_is_waited_for() {
    let lasts = Duration::from_secs(1);
    changed_under_a_lease("sindri of bea on ci-7", lasts)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_region_without_room_is_told_at_plan_time() {
    let ground = Ground::new();
    ground.emulator.world().full.push("iad".to_owned());
    let mut request = ground.request("machine.dev", 2, Spec::Machine(Box::new(machine("dev"))));
    let query = Query {
        lineage: ground.lineage.clone(),
        questions: vec![Question {
            address: request.address.clone(),
            spec: Arc::clone(&request.spec),
            id: None,
            made_at: None,
            wanted: true,
        }],
    };
    let found = ground.fly.check(&query, &[].into()).await;
    assert_eq!(found[0].code.as_str(), "fly::no-room");
    assert!(found[0].allowable);
    request.dependencies.extend([ground.network("dev").await]);
    assert_eq!(
        ground.refused(&request).await.code.as_str(),
        "fly::no-capacity"
    );
}

#[tokio::test]
async fn a_command_that_takes_too_long_and_a_machine_that_is_gone_say_so() {
    let ground = Ground::new();
    let (request, made) = ground.machine("dev").await;
    let reference = reference(&request, &made);
    let command = Command {
        argv: ["sleep", "5"].map(str::to_owned).to_vec(),
        timeout: Some(std::time::Duration::from_secs(1)),
        ..Command::default()
    };
    let failed = ground.fly.ask(&reference, &command).await.unwrap_err();
    assert_eq!(failed.code.as_str(), "fly::exec-timeout");
    ground.emulator.world().apps.clear();
    let failed = ground
        .fly
        .set_power(&reference, Power::Running)
        .await
        .unwrap_err();
    assert_eq!(
        (failed.class, failed.code.as_str()),
        (Class::NotFound, "fly::gone")
    );
}
