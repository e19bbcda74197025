//! What a test stands on: an emulator of its own, and specifications.

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;

use crate::address::{Address, Name, NameRule};
use crate::plan::Observation;
use crate::provider::fly::Fly;
use crate::provider::fly::emulator::Emulator;
use crate::provider::suite::record;
use crate::provider::{
    CreateRequest, MachineRef, Made, Provider as _, Query, Question, Reader as _,
};
use crate::resource::{
    FlyAutostop, FlyCpuKind, FlyGuest, FlySettings, MachineSpec, Mount, NetworkSpec, Power,
    ProviderKind, Settings, Size, Spec, VolumeSpec,
};
use crate::state::{Lineage, Object, OperationId};
use crate::sys::{Clock, Environment};

/// An emulator, a provider that talks to it, and what one machine comes to.
pub(super) struct Ground {
    pub(super) emulator: Emulator,
    pub(super) fly: Fly,
    pub(super) lineage: Lineage,
    _root: TempDir,
}

/// A provider that shows this token at this address.
pub(super) fn fly(address: &str, token: &str) -> Fly {
    let variables = [
        ("FLY_API_TOKEN", token),
        ("FLY_FLAPS_BASE_URL", address),
        ("USER", "ada"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Arc::new(Environment::of(variables));
    let clock = Clock::Fixed("2026-11-20T09:30:00Z".parse().unwrap());
    Fly::connect(&environment, clock).unwrap()
}

impl Ground {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let emulator = Emulator::start(root.path(), 0).unwrap();
        let fly = fly(&emulator.address, "FlyV1 fm2_emulated");
        Self {
            emulator,
            fly,
            lineage: Lineage::from_random([7; 16]),
            _root: root,
        }
    }

    pub(super) fn request(&self, at: &str, operation: u8, spec: Spec) -> CreateRequest {
        CreateRequest {
            lineage: self.lineage.clone(),
            address: at.parse().unwrap(),
            operation: OperationId::from_random([operation; 8]),
            generation: 1,
            spec: Arc::new(spec),
            dependencies: BTreeMap::new(),
        }
    }

    /// Makes an app, as a machine or a volume depends on it.
    pub(super) async fn network(&self, name: &str) -> (Address, Arc<Object>) {
        let request = self.request(&format!("network.{name}"), 1, Spec::Network(network(name)));
        let made = self.fly.create(&request, &|_| {}).await.unwrap();
        (request.address.clone(), record(&request, &made))
    }

    /// Makes an app with a machine in it.
    pub(super) async fn machine(&self, name: &str) -> (CreateRequest, Made) {
        let spec = Spec::Machine(Box::new(machine(name)));
        let mut request = self.request(&format!("machine.{name}"), 2, spec);
        request.dependencies.extend([self.network(name).await]);
        let made = self.fly.create(&request, &|_| {}).await.unwrap();
        (request, made)
    }

    /// What is seen of requests, as their state records them.
    pub(super) async fn look(
        &self,
        asked: &[(&CreateRequest, Option<&Made>)],
    ) -> BTreeMap<Address, Observation> {
        let questions = asked.iter().map(|(request, made)| Question {
            address: request.address.clone(),
            spec: Arc::clone(&request.spec),
            id: made.map(|made| made.id.clone()),
            made_at: None,
            wanted: true,
        });
        let query = Query {
            lineage: self.lineage.clone(),
            questions: questions.collect(),
        };
        self.fly.observe(&query).await.unwrap()
    }

    /// What was asked since, and forgets it.
    pub(super) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.emulator.world().heard)
    }
}

pub(super) fn network(name: &str) -> NetworkSpec {
    NetworkSpec {
        provider: ProviderKind::Fly,
        name: name.to_owned(),
        organization: Some("acme".to_owned()),
    }
}

pub(super) fn volume() -> VolumeSpec {
    VolumeSpec {
        provider: ProviderKind::Fly,
        name: "suite-workspace".to_owned(),
        size: Some(Size::gib(10)),
        region: Some("iad".to_owned()),
        compute: Some(FlyGuest::of(FlyCpuKind::Shared, None, None)),
    }
}

pub(super) fn machine(name: &str) -> MachineSpec {
    MachineSpec {
        provider: ProviderKind::Fly,
        name: name.to_owned(),
        image: Some("debian:12".to_owned()),
        cpus: Some(2),
        memory: Some(Size::gib(2)),
        gpu: None,
        network: Some(Name::parse(NameRule::Label, name).unwrap()),
        mounts: Vec::new(),
        power: Power::Running,
        settings: Settings::Fly(FlySettings {
            region: "iad".to_owned(),
            organization: Some("acme".to_owned()),
            cpu_kind: FlyCpuKind::Shared,
            autostop: FlyAutostop::Off,
            autostart: true,
            ssh_port: 10022,
            swap: None,
        }),
    }
}

/// A machine that mounts the volume `workspace`.
pub(super) fn with_workspace(name: &str) -> MachineSpec {
    MachineSpec {
        mounts: vec![Mount {
            volume: Name::parse(NameRule::Volume, "workspace").unwrap(),
            path: "/alt/home/developer/workspace".to_owned(),
        }],
        ..machine(name)
    }
}

/// A made machine to work in.
pub(super) fn reference(request: &CreateRequest, made: &Made) -> MachineRef {
    MachineRef {
        name: request.address.leaf().clone(),
        id: made.id.clone(),
        spec: Arc::clone(&request.spec),
    }
}
