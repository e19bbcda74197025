//! What every provider must do alike: one life of a machine and its volume, told once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{
    Command, CreateRequest, DeleteRequest, Delivery, File, MachineRef, Made, Progress, Provider,
    Query, Question, UpdateRequest,
};
use crate::address::{Address, Name, NameRule};
use crate::plan::{Observation, Seen};
use crate::resource::{Attributes, MachineSpec, Mount, Power, Size, Spec, VolumeSpec};
use crate::state::{Lineage, Object, OperationId, Status};

/// What the suite needs to know of the provider it is run against.
pub(crate) struct Fixture {
    /// The lineage of everything it makes.
    pub(crate) lineage: Lineage,
    /// The machine to make: running, without mounts; the suite adds its volume's.
    pub(crate) machine: MachineSpec,
    /// The volume to mount into it, where the provider has volumes.
    pub(crate) volume: Option<VolumeSpec>,
    /// What the machine depends on besides, made already.
    pub(crate) dependencies: BTreeMap<Address, Arc<Object>>,
    /// Whether commands really run in its machines.
    pub(crate) runs_commands: bool,
    /// A change that the provider makes in place.
    pub(crate) change: Changed,
    /// The paths of a machine that the provider can't read.
    pub(crate) unread: &'static [&'static str],
}

/// A change of a machine.
pub(crate) struct Changed {
    /// Its path.
    pub(crate) path: &'static str,
    /// What it does.
    pub(crate) make: fn(&mut MachineSpec),
}

/// More memory, where a provider hands out more in place.
pub(crate) const MORE_MEMORY: Changed = Changed {
    path: "memory",
    make: |machine| machine.memory = Some(Size::mib(768)),
};

struct Life<'a> {
    provider: &'a dyn Provider,
    fixture: &'a Fixture,
}

fn quiet(_: Progress) {}

pub(crate) fn label(text: &str) -> Name {
    Name::parse(NameRule::Label, text).unwrap()
}

fn machine_address() -> Address {
    Address::Machine(label("suite"))
}

fn volume_address() -> Address {
    Address::Volume(
        label("suite"),
        Name::parse(NameRule::Volume, "workspace").unwrap(),
    )
}

/// The object as a state would record it.
pub(crate) fn record(request: &CreateRequest, made: &Made) -> Arc<Object> {
    Arc::new(Object {
        id: made.id.clone(),
        provider: request.spec.provider().unwrap(),
        operation: request.operation.clone(),
        made_at: None,
        generation: request.generation,
        spec: Arc::clone(&request.spec),
        schema: Spec::SCHEMA,
        attributes: made.attributes.clone(),
        dependencies: Vec::new(),
        status: Status::Ready,
        incarnation: made.incarnation.clone(),
    })
}

impl Life<'_> {
    fn request(&self, address: Address, operation: u8, spec: Spec) -> CreateRequest {
        CreateRequest {
            lineage: self.fixture.lineage.clone(),
            address,
            operation: OperationId::from_random([operation; 8]),
            generation: 1,
            spec: Arc::new(spec),
            dependencies: self.fixture.dependencies.clone(),
        }
    }

    /// What stands for a request, by lineage and address alone: as after a lost state.
    async fn look(&self, lineage: &Lineage, request: &CreateRequest) -> Observation {
        let query = Query {
            lineage: lineage.clone(),
            questions: vec![Question {
                address: request.address.clone(),
                spec: Arc::clone(&request.spec),
                id: None,
                made_at: None,
                wanted: true,
            }],
        };
        let mut seen = self.provider.observe(&query).await.unwrap();
        seen.remove(&request.address).unwrap_or(Observation::Absent)
    }

    async fn seen(&self, request: &CreateRequest) -> Seen {
        match self.look(&self.fixture.lineage, request).await {
            Observation::Present(seen) => *seen,
            other => panic!("{} is {other:?}", request.address),
        }
    }
}

impl Life<'_> {
    /// What is shown of an object that is as specified.
    fn shown(&self, spec: &Spec) -> Attributes {
        let mut attributes = spec.attributes();
        attributes.0.remove("power");
        attributes
            .0
            .retain(|path, _| !self.fixture.unread.contains(&&**path));
        attributes
    }
}

/// Runs the suite; panics where the provider breaks the contract.
pub(crate) async fn contract_suite(provider: &dyn Provider, fixture: Fixture) {
    let life = Life {
        provider,
        fixture: &fixture,
    };
    let mut spec = fixture.machine.clone();
    let volume = make_volume(&life).await;
    if volume.is_some() {
        spec.mounts = vec![Mount {
            volume: volume_address().leaf().clone(),
            path: "/alt/home/developer/workspace".to_owned(),
        }];
    }
    let mut machine = life.request(machine_address(), 2, Spec::Machine(Box::new(spec)));
    let standing = volume.iter();
    let standing = standing.map(|(_, object)| (volume_address(), Arc::clone(object)));
    machine.dependencies.extend(standing);
    assert_eq!(
        life.look(&fixture.lineage, &machine).await,
        Observation::Absent
    );
    let made = provider.create(&machine, &quiet).await.unwrap();
    let object = record(&machine, &made);

    is_as_specified(&life, &machine, &made).await;
    let reference = MachineRef {
        name: label("suite"),
        id: made.id.clone(),
        spec: Arc::clone(&machine.spec),
    };
    files_come_back(provider, &reference).await;
    secrets_arrive(&life, &reference).await;
    power_is_kept(&life, &machine, &reference).await;
    changes_in_place(&life, &machine, &object).await;
    ends_alone(&life, &machine, &object, volume.as_ref()).await;
}

/// Makes the volume, where the provider has volumes.
async fn make_volume(life: &Life<'_>) -> Option<(CreateRequest, Arc<Object>)> {
    let spec = Spec::Volume(life.fixture.volume.clone()?);
    let volume = life.request(volume_address(), 1, spec);
    assert_eq!(
        life.look(&life.fixture.lineage, &volume).await,
        Observation::Absent
    );
    let made = life.provider.create(&volume, &quiet).await.unwrap();
    let object = record(&volume, &made);
    Some((volume, object))
}

async fn is_as_specified(life: &Life<'_>, machine: &CreateRequest, made: &Made) {
    let again = life.provider.create(machine, &quiet).await.unwrap();
    assert_eq!(again.id, made.id, "a repeated create makes nothing new");
    let seen = life.seen(machine).await;
    assert_eq!(seen.id, made.id);
    assert_eq!(seen.attributes, life.shown(&machine.spec));
    assert_eq!(seen.power, Some(Power::Running));
    assert_eq!(seen.operation.as_ref(), Some(&machine.operation));
    assert_eq!(seen.incarnation, made.incarnation);
    let stranger = Lineage::from_random([0xee; 16]);
    assert_eq!(life.look(&stranger, machine).await, Observation::Absent);
}

async fn files_come_back(provider: &dyn Provider, machine: &MachineRef) {
    let content: Arc<[u8]> = Arc::from(&b"one\0two\n"[..]);
    let file = File {
        path: "/tmp/suite/file".to_owned(),
        content: Arc::clone(&content),
        mode: 0o640,
    };
    provider.put(machine, &[file]).await.unwrap();
    assert_eq!(
        provider.get(machine, "/tmp/suite/file").await.unwrap(),
        *content
    );
    assert!(provider.get(machine, "/tmp/suite/none").await.is_err());
}

async fn secrets_arrive(life: &Life<'_>, machine: &MachineRef) {
    let secret = Delivery {
        name: Name::parse(NameRule::Secret, "SUITE_TOKEN").unwrap(),
        value: Zeroizing::new(b"hush".to_vec()),
        target: None,
    };
    life.provider.deliver(machine, &secret).await.unwrap();
    life.provider.deliver(machine, &secret).await.unwrap();
    reads_secret(life, machine).await;
}

async fn reads_secret(life: &Life<'_>, machine: &MachineRef) {
    if !life.fixture.runs_commands {
        return;
    }
    let script = "printf '%s' \"$SUITE_TOKEN\"; cat; exit 7";
    let mut command = Command {
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        stdin: Some(b" in".to_vec()),
        secrets: true,
        timeout: Some(Duration::from_secs(30)),
        ..Command::default()
    };
    let answer = life.provider.ask(machine, &command).await.unwrap();
    assert_eq!(
        (answer.code, answer.stdout.as_slice()),
        (7, &b"hush in"[..])
    );
    command.secrets = false;
    let answer = life.provider.ask(machine, &command).await.unwrap();
    assert_eq!(answer.stdout, b" in");
}

async fn power_is_kept(life: &Life<'_>, machine: &CreateRequest, reference: &MachineRef) {
    let before = life.seen(machine).await;
    life.provider
        .set_power(reference, Power::Stopped)
        .await
        .unwrap();
    assert_eq!(life.seen(machine).await.power, Some(Power::Stopped));
    let command = Command {
        argv: vec!["true".to_owned()],
        ..Command::default()
    };
    assert!(life.provider.ask(reference, &command).await.is_err());
    life.provider
        .set_power(reference, Power::Running)
        .await
        .unwrap();
    assert_eq!(life.seen(machine).await, before);
    reads_secret(life, reference).await;
    let name = Name::parse(NameRule::Secret, "SUITE_TOKEN").unwrap();
    life.provider
        .withdraw(reference, &name, None)
        .await
        .unwrap();
    life.provider
        .withdraw(reference, &name, None)
        .await
        .unwrap();
}

async fn changes_in_place(life: &Life<'_>, machine: &CreateRequest, object: &Arc<Object>) {
    let mut wanted = machine.clone();
    let Spec::Machine(spec) = machine.spec.as_ref() else {
        return;
    };
    let mut spec = spec.clone();
    (life.fixture.change.make)(&mut spec);
    wanted.spec = Arc::new(Spec::Machine(spec));
    wanted.operation = OperationId::from_random([3; 8]);
    let request = UpdateRequest {
        wanted: wanted.clone(),
        current: Arc::clone(object),
        paths: vec![life.fixture.change.path.to_owned()],
    };
    for _ in 0..2 {
        let made = life.provider.update(&request, &quiet).await.unwrap();
        assert_eq!(
            (made.id, made.incarnation),
            (object.id.clone(), object.incarnation.clone())
        );
    }
    let seen = life.seen(&wanted).await;
    assert_eq!(seen.attributes, life.shown(&wanted.spec));
    assert_eq!(seen.operation.as_ref(), Some(&machine.operation));
}

async fn ends_alone(
    life: &Life<'_>,
    machine: &CreateRequest,
    object: &Arc<Object>,
    volume: Option<&(CreateRequest, Arc<Object>)>,
) {
    let delete = |request: &CreateRequest, lineage: &Lineage, object: &Arc<Object>| DeleteRequest {
        lineage: lineage.clone(),
        address: request.address.clone(),
        current: Arc::clone(object),
    };
    let own = &life.fixture.lineage;
    // Whether a foreign lineage is refused or ignored is the provider's choice; it touches nothing.
    let foreign = delete(machine, &Lineage::from_random([0xee; 16]), object);
    drop(life.provider.delete(&foreign).await);
    life.seen(machine).await;
    for _ in 0..2 {
        life.provider
            .delete(&delete(machine, own, object))
            .await
            .unwrap();
    }
    assert_eq!(life.look(own, machine).await, Observation::Absent);
    let Some((volume, volume_object)) = volume else {
        return;
    };
    assert_eq!(life.seen(volume).await.attributes, life.shown(&volume.spec));
    for _ in 0..2 {
        life.provider
            .delete(&delete(volume, own, volume_object))
            .await
            .unwrap();
    }
    assert_eq!(life.look(own, volume).await, Observation::Absent);
}
