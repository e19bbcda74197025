//! What the tests stand on: an emulator, a key, requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::emulator::{Emulator, KEY};
use crate::address::Address;
use crate::plan::{Observation, Seen};
use crate::provider::e2b::E2b;
use crate::provider::suite::{label, record};
use crate::provider::{
    Command, CreateRequest, MachineRef, Made, Output, Progress, Provider, ProviderError, Query,
    Question, Reader,
};
use crate::resource::{MachineSpec, Power, ProviderKind, Settings, Size, Spec};
use crate::state::{Lineage, Object, OperationId};
use crate::sys::Environment;

pub(super) struct Ground {
    pub(super) emulator: Emulator,
    pub(super) e2b: E2b,
}

pub(super) fn quiet(_: Progress) {}

pub(super) fn lineage() -> Lineage {
    Lineage::from_random([7; 16])
}

pub(super) fn settings(changes: &Value) -> Settings {
    let mut all = json!({
        "reuseTemplate": true, "buildOnDeploy": false, "timeout": 300, "autoPause": true,
        "autoResume": false, "internetAccess": true, "publicAccess": false,
    });
    let members = all.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    Settings::E2b(serde_json::from_value(all).unwrap())
}

pub(super) fn machine(changes: &Value) -> MachineSpec {
    MachineSpec {
        provider: ProviderKind::E2b,
        name: "suite".to_owned(),
        image: Some("debian:12".to_owned()),
        cpus: Some(2),
        memory: Some(Size::mib(512)),
        gpu: None,
        network: None,
        mounts: Vec::new(),
        power: Power::Running,
        settings: settings(changes),
    }
}

pub(super) fn address() -> Address {
    Address::Machine(label("suite"))
}

pub(super) fn request(spec: MachineSpec, operation: u8) -> CreateRequest {
    CreateRequest {
        lineage: lineage(),
        address: address(),
        operation: OperationId::from_random([operation; 8]),
        generation: 1,
        spec: Arc::new(Spec::Machine(Box::new(spec))),
        dependencies: BTreeMap::new(),
    }
}

impl Ground {
    pub(super) fn new() -> Self {
        let emulator = Emulator::start();
        let e2b = connect(&emulator, KEY).unwrap();
        Self { emulator, e2b }
    }

    /// One whose template is there already, so that nothing has to be built.
    pub(super) async fn furnished() -> Self {
        let ground = Self::new();
        let request = request(machine(&json!({})), 0xf0);
        let made = ground.e2b.create(&request, &quiet).await.unwrap();
        ground.emulator.world().end(made.id.as_str());
        ground.emulator.world().heard.clear();
        ground
    }

    pub(super) async fn made(&self, spec: MachineSpec) -> (MachineRef, Arc<Object>) {
        let request = request(spec, 1);
        let made = self.e2b.create(&request, &quiet).await.unwrap();
        (reference(&request, &made), record(&request, &made))
    }

    pub(super) async fn look(&self, object: &Object) -> Result<Observation, ProviderError> {
        let query = query(&object.spec, Some(object));
        let mut seen = self.e2b.observe(&query).await?;
        Ok(seen.remove(&address()).unwrap())
    }

    pub(super) async fn seen(&self, object: &Object) -> Seen {
        match self.look(object).await.unwrap() {
            Observation::Present(seen) => *seen,
            other => panic!("the machine is {other:?}"),
        }
    }

    pub(super) async fn run(&self, machine: &MachineRef, line: &str) -> Output {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut keep = |stream: crate::provider::Stream, bytes: &[u8]| match stream {
            crate::provider::Stream::Stdout => stdout.extend_from_slice(bytes),
            crate::provider::Stream::Stderr => stderr.extend_from_slice(bytes),
        };
        let code = self.e2b.exec(machine, &shell(line), &mut keep).await;
        let code = code.unwrap();
        Output {
            code,
            stdout,
            stderr,
        }
    }
}

pub(super) fn connect(emulator: &Emulator, key: &str) -> Result<E2b, ProviderError> {
    let address = &emulator.address;
    let variables = [
        ("E2B_API_KEY", key),
        ("E2B_API_URL", address),
        ("E2B_SANDBOX_URL", address),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    E2b::connect(&Environment::of(variables))
}

pub(super) fn query(spec: &Arc<Spec>, object: Option<&Object>) -> Query {
    Query {
        lineage: lineage(),
        questions: vec![Question {
            address: address(),
            spec: Arc::clone(spec),
            id: object.map(|object| object.id.clone()),
            made_at: None,
            wanted: true,
        }],
    }
}

pub(super) fn reference(request: &CreateRequest, made: &Made) -> MachineRef {
    MachineRef {
        name: label("suite"),
        id: made.id.clone(),
        spec: Arc::clone(&request.spec),
    }
}

pub(super) fn shell(line: &str) -> Command {
    Command {
        argv: ["sh", "-c", line].map(str::to_owned).to_vec(),
        ..Command::default()
    }
}
