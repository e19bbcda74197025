//! The life of a machine: what every provider does alike, and what is E2B's own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::ground::{Ground, address, lineage, machine, query, quiet, request};
use crate::plan::Observation;
use crate::provider::suite::{Changed, Fixture, contract_suite, record};
use crate::provider::{DeleteRequest, Provider, Query, Question, Reader, Sought, UpdateRequest};
use crate::resource::{Power, Settings, Size, Spec};
use crate::state::{Lineage, Object, ObjectId};

/// A list shows a sandbox's size and labels, and nothing of how it lives.
const UNREAD: &[&str] = &[
    "e2b.reuseTemplate",
    "e2b.buildOnDeploy",
    "e2b.timeout",
    "e2b.autoPause",
    "e2b.autoResume",
    "e2b.internetAccess",
    "e2b.publicAccess",
];

#[tokio::test]
async fn it_keeps_the_contract() {
    let ground = Ground::new();
    let fixture = Fixture {
        lineage: lineage(),
        machine: machine(&json!({})),
        volume: None,
        dependencies: BTreeMap::new(),
        runs_commands: true,
        change: Changed {
            path: "e2b.timeout",
            make: |machine| {
                if let Settings::E2b(settings) = &mut machine.settings {
                    settings.timeout = 600;
                }
            },
        },
        unread: UNREAD,
    };
    contract_suite(&ground.e2b, fixture).await;
    assert!(ground.emulator.world().ids().is_empty());
}

#[tokio::test]
async fn machines_that_are_alike_share_one_template() {
    let ground = Ground::new();
    let (one, other) = (machine(&json!({})), machine(&json!({})));
    let mut large = machine(&json!({}));
    large.memory = Some(Size::gib(2));
    let requests = [request(one, 1), request(other, 2), request(large, 3)];
    let making = requests.iter().map(|one| ground.e2b.create(one, &quiet));
    for made in futures_util::future::join_all(making).await {
        made.unwrap();
    }
    let world = ground.emulator.world();
    assert_eq!(world.templates.len(), 2);
    assert_eq!(world.count("POST /v3/templates"), 2);
    let images = world.templates.values().flat_map(|one| one.builds.values());
    assert!(images.into_iter().all(|build| build.image == "debian:12"));
}

/// How often E2B is asked to make so many machines, and to end them.
async fn calls_of(machines: u8) -> (usize, usize) {
    let mut ground = Ground::furnished().await;
    ground.e2b = super::ground::connect(&ground.emulator, super::emulator::KEY).unwrap();
    let mut objects = Vec::new();
    for number in 0..machines {
        let mut request = request(machine(&json!({})), number);
        request.address = format!("machine.m{number}").parse().unwrap();
        let made = ground.e2b.create(&request, &quiet).await.unwrap();
        objects.push((request.address.clone(), record(&request, &made)));
    }
    let made = ground.emulator.world().heard.len();
    for (address, current) in objects {
        let delete = DeleteRequest {
            lineage: lineage(),
            address,
            current,
        };
        ground.e2b.delete(&delete).await.unwrap();
    }
    let all = ground.emulator.world().heard.len();
    (made, all - made)
}

#[tokio::test]
async fn a_machine_costs_three_calls_and_its_template_two_a_run() {
    assert_eq!(calls_of(1).await, (5, 2));
    assert_eq!(calls_of(100).await, (302, 200));
}

#[tokio::test]
async fn a_template_that_cannot_be_built_is_said_with_the_reason() {
    let ground = Ground::new();
    let mut spec = machine(&json!({}));
    spec.image = Some("example.org/broken:1".to_owned());
    let error = ground.e2b.create(&request(spec, 1), &quiet).await;
    let error = error.unwrap_err();
    assert_eq!(error.code.as_str(), "e2b::template-failed");
    assert!(error.message.contains("failed to pull image"), "{error}");
    assert!(ground.emulator.world().sandboxes.is_empty());
}

#[tokio::test]
async fn a_template_of_a_persons_own_must_be_there() {
    let ground = Ground::new();
    let mut spec = machine(&json!({ "templateAlias": "mine" }));
    spec.image = None;
    let request = request(spec.clone(), 1);
    let findings = ground
        .e2b
        .check(&query(&request.spec, None), &BTreeMap::new())
        .await;
    assert_eq!(findings[0].code.as_str(), "e2b::template-missing");
    let error = ground.e2b.create(&request, &quiet).await.unwrap_err();
    assert_eq!(error.code.as_str(), "e2b::template-missing");

    let mut building = machine(&json!({ "templateAlias": "mine", "reuseTemplate": false }));
    building.cpus = Some(4);
    let made = ground
        .e2b
        .create(&super::ground::request(building, 2), &quiet)
        .await;
    made.unwrap();
    let findings = ground
        .e2b
        .check(&query(&request.spec, None), &BTreeMap::new())
        .await;
    let codes: Vec<&str> = findings.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["e2b::template-size"]);
    assert!(
        findings[0].summary.contains("4 processors"),
        "{}",
        findings[0].summary
    );
}

#[tokio::test]
async fn what_e2b_cannot_do_is_found_before_anything_is_made() {
    let ground = Ground::new();
    let mut spec = machine(&json!({
        "blockedDomains": ["example.com", "203.0.113.0/24"], "timeout": 7200,
        "metadata": { "dev.sindri.lineage": "x" },
    }));
    spec.memory = Some(Size::mib(64));
    let spec = Arc::new(Spec::Machine(Box::new(spec)));
    let findings = ground
        .e2b
        .check(&query(&spec, None), &BTreeMap::new())
        .await;
    let codes: Vec<&str> = findings.iter().map(|one| one.code.as_str()).collect();
    let expected = [
        "e2b::blocked-domain",
        "e2b::reserved-label",
        "e2b::memory",
        "e2b::long-life",
    ];
    assert_eq!(codes, expected);
    assert_eq!(ground.emulator.world().heard, Vec::<String>::new());
}

#[tokio::test]
async fn a_thousand_machines_cost_the_pages_of_one_list() {
    let ground = Ground::furnished().await;
    let mut objects = Vec::new();
    for number in 0..250u32 {
        let spec = Arc::new(Spec::Machine(Box::new(machine(&json!({})))));
        let address: crate::address::Address = format!("machine.m{number}").parse().unwrap();
        let mut request = request(machine(&json!({})), 1);
        request.address = address.clone();
        let mut key = [0; 8];
        key[..4].copy_from_slice(&number.to_be_bytes());
        request.operation = crate::state::OperationId::from_random(key);
        let made = ground.e2b.create(&request, &quiet).await.unwrap();
        objects.push((address, spec, made.id));
    }
    ground.emulator.world().heard.clear();
    let questions = objects.into_iter().map(|(address, spec, id)| Question {
        address,
        spec,
        id: Some(id),
        made_at: None,
        wanted: true,
    });
    let query = Query {
        lineage: lineage(),
        questions: questions.collect(),
    };
    let seen = ground.e2b.observe(&query).await.unwrap();
    let present = |one: &&Observation| matches!(one, Observation::Present(_));
    assert_eq!(seen.values().filter(present).count(), 250);
    assert_eq!(
        ground.emulator.world().heard.len(),
        3,
        "250 sandboxes, 100 a page"
    );
    assert_eq!(ground.e2b.owned(&lineage()).await.unwrap().len(), 250);
}

#[tokio::test]
async fn a_sandbox_pauses_or_ends_when_its_time_is_over() {
    let ground = Ground::furnished().await;
    let (_, pausing) = ground.made(machine(&json!({}))).await;
    ground.emulator.world().wait(301);
    assert_eq!(ground.seen(&pausing).await.power, Some(Power::Stopped));
    let (_, ending) = ground
        .made_as(machine(&json!({ "autoPause": false })), 2)
        .await;
    let end = ground.emulator.world().sandboxes[ending.id.as_str()].end;
    ground.emulator.world().wait(3600);
    let Observation::Ended(at) = ground.look(&ending).await.unwrap() else {
        panic!("it ended, and E2B told when");
    };
    assert_eq!(at.as_second(), end.as_second());
}

#[tokio::test]
async fn what_a_sandbox_may_reach_changes_in_place() {
    let ground = Ground::furnished().await;
    let (_, object) = ground.made(machine(&json!({}))).await;
    let changed = machine(&json!({ "allowedDomains": ["example.com"], "timeout": 120 }));
    let update = UpdateRequest {
        wanted: request(changed, 9),
        current: Arc::clone(&object),
        paths: ["e2b.allowedDomains", "e2b.timeout"]
            .map(str::to_owned)
            .to_vec(),
    };
    ground.e2b.update(&update, &quiet).await.unwrap();
    let world = ground.emulator.world();
    let sandbox = &world.sandboxes[object.id.as_str()];
    assert_eq!(sandbox.network["allowOut"], json!(["example.com"]));
    assert_eq!(sandbox.network["denyOut"], json!(["0.0.0.0/0"]));
    assert_eq!(sandbox.internet, json!(true));
    let left = sandbox.end.duration_since(world.now());
    assert!(left.as_secs() <= 121, "{left:?} left");
}

#[tokio::test]
async fn work_puts_a_sandboxs_end_off_and_looking_does_not() {
    let ground = Ground::furnished().await;
    let (machine, object) = ground.made(machine(&json!({ "timeout": 60 }))).await;
    let end = |ground: &Ground| ground.emulator.world().sandboxes[object.id.as_str()].end;
    let before = end(&ground);
    ground.seen(&object).await;
    ground
        .e2b
        .ask(&machine, &super::ground::shell("true"))
        .await
        .unwrap();
    assert_eq!(end(&ground), before);
    // Renewals come every third of a life.
    ground.run(&machine, "sleep 21").await;
    let later = end(&ground).duration_since(before);
    assert!(later.as_secs() >= 19, "only {later:?} later");
}

#[tokio::test]
async fn only_what_carries_our_lineage_is_taken_or_ended() {
    let ground = Ground::furnished().await;
    let (_, object) = ground.made(machine(&json!({}))).await;
    let foreign = DeleteRequest {
        lineage: Lineage::from_random([0xee; 16]),
        address: address(),
        current: Arc::clone(&object),
    };
    let error = ground.e2b.delete(&foreign).await.unwrap_err();
    assert_eq!(error.code.as_str(), "e2b::not-ours");
    let sought = |lineage: Lineage, id: &str| Sought {
        lineage,
        address: address(),
        spec: Arc::clone(&object.spec),
        id: ObjectId::new(id),
    };
    let found = ground
        .e2b
        .find(&sought(lineage(), object.id.as_str()))
        .await;
    assert_eq!(found.unwrap().id, object.id);
    let stranger = sought(Lineage::from_random([0xee; 16]), object.id.as_str());
    let error = ground.e2b.find(&stranger).await.unwrap_err();
    assert_eq!(error.code.as_str(), "e2b::not-ours");
    let error = ground
        .e2b
        .find(&sought(lineage(), "nowhere"))
        .await
        .unwrap_err();
    assert_eq!(error.code.as_str(), "e2b::not-found");
}

#[tokio::test]
async fn a_command_wakes_a_sandbox_that_slept() {
    let ground = Ground::furnished().await;
    let (machine, object) = ground.made(machine(&json!({}))).await;
    assert_eq!(ground.run(&machine, "echo one >kept").await.code, 0);
    ground.emulator.world().wait(301);
    assert_eq!(ground.seen(&object).await.power, Some(Power::Stopped));
    // The way in is known still, and nobody answers there any more.
    let output = ground.run(&machine, "cat kept").await;
    assert_eq!(output.stdout, b"one\n");
    assert_eq!(ground.seen(&object).await.power, Some(Power::Running));
}

impl Ground {
    async fn made_as(
        &self,
        spec: crate::resource::MachineSpec,
        operation: u8,
    ) -> (crate::provider::MachineRef, Arc<Object>) {
        let request = request(spec, operation);
        let made = self.e2b.create(&request, &quiet).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        (
            super::ground::reference(&request, &made),
            record(&request, &made),
        )
    }
}
