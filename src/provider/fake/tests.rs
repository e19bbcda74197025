use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::address::{Address, Kind};
use crate::plan::Observation;
use crate::provider::suite::{Fixture, MORE_MEMORY, contract_suite, label, record};
use crate::provider::{
    Class, Command, CreateRequest, DeleteRequest, MachineRef, Progress, Provider, Query, Question,
    Reader,
};
use crate::resource::{
    DockerSettings, ImageSpec, MachineSpec, Power, ProviderKind, PullPolicy, Settings, Spec,
    VolumeSpec,
};
use crate::state::{Lineage, OperationId};

fn quiet(_: Progress) {}

fn fake() -> (Fake, FakeWorldHandle) {
    let world = FakeWorldHandle::default();
    (Fake::new(world.clone(), ProviderKind::Docker), world)
}

fn machine(name: &str) -> MachineSpec {
    MachineSpec {
        provider: ProviderKind::Docker,
        name: name.to_owned(),
        image: Some("debian:12".to_owned()),
        cpus: None,
        memory: None,
        gpu: None,
        network: None,
        mounts: Vec::new(),
        power: Power::Running,
        settings: Settings::Docker(DockerSettings::default()),
    }
}

fn request(name: &str, operation: u8) -> CreateRequest {
    CreateRequest {
        lineage: Lineage::from_random([7; 16]),
        address: Address::Machine(label(name)),
        operation: OperationId::from_random([operation; 8]),
        generation: 1,
        spec: Arc::new(Spec::Machine(Box::new(machine(name)))),
        dependencies: BTreeMap::new(),
    }
}

async fn observe(fake: &Fake, request: &CreateRequest) -> Observation {
    let query = Query {
        lineage: request.lineage.clone(),
        questions: vec![Question {
            address: request.address.clone(),
            spec: Arc::clone(&request.spec),
            id: None,
            made_at: None,
            wanted: true,
        }],
    };
    fake.observe(&query)
        .await
        .unwrap()
        .remove(&request.address)
        .unwrap()
}

async fn stands(fake: &Fake, request: &CreateRequest) -> bool {
    matches!(observe(fake, request).await, Observation::Present(_))
}

async fn made(fake: &Fake, request: &CreateRequest) -> MachineRef {
    MachineRef {
        name: request.address.leaf().clone(),
        id: fake.create(request, &quiet).await.unwrap().id,
        spec: Arc::clone(&request.spec),
    }
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let (fake, world) = fake();
    let fixture = Fixture {
        lineage: Lineage::from_random([7; 16]),
        machine: machine("suite"),
        volume: Some(VolumeSpec {
            provider: ProviderKind::Docker,
            name: "suite-workspace".to_owned(),
            size: None,
            region: None,
            compute: None,
        }),
        dependencies: BTreeMap::new(),
        runs_commands: false,
        change: MORE_MEMORY,
        unread: &[],
    };
    contract_suite(&fake, fixture).await;
    assert!(world.snapshot().objects.is_empty());
}

#[tokio::test]
async fn it_fails_as_often_as_told() {
    let (fake, world) = fake();
    let failure = Failure::new(Class::Retryable, "busy");
    world.fault(
        Fault::new(Effect::Fail(failure))
            .on(Verb::Create)
            .of(Kind::Machine)
            .times(2),
    );
    let wanted = request("dev", 1);
    for _ in 0..2 {
        let error = fake.create(&wanted, &quiet).await.unwrap_err();
        assert_eq!(
            (error.class, error.to_string().as_str()),
            (Class::Retryable, "busy")
        );
        assert!(!stands(&fake, &wanted).await);
    }
    fake.create(&wanted, &quiet).await.unwrap();
    assert!(stands(&fake, &wanted).await);
}

#[tokio::test]
async fn it_lies() {
    let (fake, world) = fake();
    let (one, two) = (request("one", 1), request("two", 2));
    let lost = Failure::new(Class::Ambiguous, "no answer");
    world.fault(
        Fault::new(Effect::FailAfter(lost))
            .at(one.address.clone())
            .times(1),
    );
    assert!(fake.create(&one, &quiet).await.is_err());
    assert!(stands(&fake, &one).await);
    world.fault(
        Fault::new(Effect::Pretend)
            .on(Verb::Create)
            .at(two.address.clone()),
    );
    assert!(fake.create(&two, &quiet).await.is_ok());
    assert!(!stands(&fake, &two).await);
    world.fault(Fault::new(Effect::Omit).at(one.address.clone()).times(1));
    assert!(!stands(&fake, &one).await);
    world.fault(Fault::new(Effect::Unreadable("denied".into())).times(1));
    assert_eq!(
        observe(&fake, &one).await,
        Observation::Unreadable("denied".into())
    );
    assert!(stands(&fake, &one).await);
}

#[tokio::test]
async fn a_stalled_call_waits_for_its_release() {
    let (fake, world) = fake();
    let wanted = request("dev", 1);
    world.fault(Fault::new(Effect::Stall).on(Verb::Create));
    {
        let create = fake.create(&wanted, &quiet);
        tokio::pin!(create);
        let short = Duration::from_millis(20);
        assert!(tokio::time::timeout(short, &mut create).await.is_err());
        world.release(&wanted.address);
        create.await.unwrap();
    }
    let outcomes = |world: &FakeWorldHandle| -> Vec<String> {
        world
            .calls()
            .into_iter()
            .filter_map(|call| call.outcome)
            .collect()
    };
    assert_eq!(outcomes(&world), ["ok"]);

    let other = request("other", 2);
    let dropped = tokio::time::timeout(Duration::from_millis(5), fake.create(&other, &quiet));
    assert!(dropped.await.is_err());
    assert_eq!(outcomes(&world), ["ok", "cancelled"]);
    assert!(!stands(&fake, &other).await);
}

#[tokio::test]
async fn it_drifts_on_command() {
    let (fake, world) = fake();
    let wanted = request("dev", 1);
    fake.create(&wanted, &quiet).await.unwrap();
    assert!(world.set_attribute(&wanted.address, "memory", "9GB"));
    assert!(world.rename(&wanted.address, "other"));
    let Observation::Present(seen) = observe(&fake, &wanted).await else {
        panic!("it stands")
    };
    assert_eq!(seen.attributes.get("memory").unwrap(), "9GB");
    assert_eq!(seen.attributes.get("name").unwrap(), "other");
    assert!(world.remove(&wanted.address) && !world.remove(&wanted.address));
    assert!(!stands(&fake, &wanted).await);
}

#[tokio::test]
async fn an_unreachable_world_says_so_everywhere() {
    let (fake, world) = fake();
    let wanted = request("dev", 1);
    let machine = made(&fake, &wanted).await;
    world.change(|world| world.unreachable = Some("connection refused".into()));
    let command = Command::default();
    let errors = [
        fake.create(&wanted, &quiet).await.unwrap_err(),
        fake.get(&machine, "/x").await.unwrap_err(),
        fake.ask(&machine, &command).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.class == Class::Unreachable));
}

#[tokio::test]
async fn commands_answer_as_scripted() {
    let (fake, world) = fake();
    let machine = made(&fake, &request("dev", 1)).await;
    world.answer(Scripted {
        times: Some(1),
        ..Scripted::to("node --version", 0, "v22\n")
    });
    world.answer(Scripted::to("npm install", 1, ""));
    let mut command = Command {
        argv: ["sh", "-c", "node --version"].map(str::to_owned).to_vec(),
        ..Command::default()
    };
    let first = fake.ask(&machine, &command).await.unwrap();
    assert_eq!((first.code, first.stdout.as_slice()), (0, &b"v22\n"[..]));
    let second = fake.ask(&machine, &command).await.unwrap();
    assert_eq!((second.code, second.stdout.as_slice()), (0, &b""[..]));
    command.argv = vec!["sh".to_owned()];
    command.stdin = Some(b"npm install -g x".to_vec());
    assert_eq!(fake.ask(&machine, &command).await.unwrap().code, 1);
}

#[tokio::test]
async fn calls_are_recorded_with_their_overlap() {
    let (fake, world) = fake();
    let (one, two, three) = (request("one", 1), request("two", 2), request("three", 3));
    let (a, b) = tokio::join!(fake.create(&one, &quiet), fake.create(&two, &quiet));
    a.and(b).unwrap();
    fake.create(&three, &quiet).await.unwrap();
    assert_eq!(world.most_at_once(), 2);
    let create = |request: &CreateRequest| (Verb::Create, request.address.clone());
    let order = |x: &CreateRequest, y: &CreateRequest| {
        let (x, y) = (create(x), create(y));
        world.in_order((x.0, &x.1), (y.0, &y.1))
    };
    assert!(order(&one, &three) && order(&two, &three));
    assert!(!order(&one, &two) && !order(&two, &one) && !order(&three, &one));
    assert_eq!(
        world.acts(),
        [
            "create machine.one",
            "create machine.two",
            "create machine.three"
        ]
    );
}

#[tokio::test]
async fn strangers_are_found_in_the_way_and_left_alone() {
    let (fake, world) = fake();
    let wanted = request("dev", 1);
    let object = record(&wanted, &fake.create(&wanted, &quiet).await.unwrap());
    world.change(|world| world.objects[0].lineage = Some(Lineage::from_random([9; 16])));
    assert!(!stands(&fake, &wanted).await);
    let error = fake.create(&request("dev", 2), &quiet).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Conflict, "fake::name-taken")
    );
    let delete = DeleteRequest {
        lineage: wanted.lineage.clone(),
        address: wanted.address.clone(),
        current: object,
    };
    fake.delete(&delete).await.unwrap();
    assert_eq!(world.snapshot().objects.len(), 1);
}

#[tokio::test]
async fn an_image_pin_has_the_scripted_digest() {
    let (fake, world) = fake();
    world.change(|world| world.images.insert("debian:12".into(), "sha256:abc".into()));
    let pin = CreateRequest {
        address: Address::Image(label("dev")),
        spec: Arc::new(Spec::Image(ImageSpec {
            provider: ProviderKind::Docker,
            reference: "debian:12".to_owned(),
            pull: PullPolicy::default(),
        })),
        ..request("dev", 1)
    };
    let made = fake.create(&pin, &quiet).await.unwrap();
    assert_eq!(made.attributes.get("imageId").unwrap(), "sha256:abc");
}

#[tokio::test]
async fn a_world_survives_its_json() {
    let (fake, world) = fake();
    let machine = made(&fake, &request("dev", 1)).await;
    let files =
        [&b"text"[..], &b"\xff\0"[..], &b"base64:x"[..]].map(|content| crate::provider::File {
            path: format!("/f{}", content.len()),
            content: Arc::from(content),
            mode: 0o600,
        });
    fake.put(&machine, &files).await.unwrap();
    world.fault(Fault::new(Effect::Stall).on(Verb::Delete).times(3));
    world.fault(Fault::new(Effect::Fail(Failure::new(
        Class::Throttled(Duration::from_secs(2)),
        "slow down",
    ))));
    world.answer(Scripted::to("x", 1, "y"));
    let text = world.to_json().unwrap();
    let again = FakeWorldHandle::from_json(&text).unwrap();
    assert_eq!(again.to_json().unwrap(), text);
    assert_eq!(again.snapshot().objects, world.snapshot().objects);
    assert!(
        FakeWorldHandle::from_json("{}")
            .unwrap()
            .snapshot()
            .objects
            .is_empty()
    );
}
