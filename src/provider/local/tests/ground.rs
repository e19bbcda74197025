//! What the tests stand on: a root of their own, requests, machines.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use crate::address::{Address, Name, NameRule};
use crate::plan::{Observation, Seen};
use crate::provider::local::Local;
use crate::provider::suite::record;
use crate::provider::{
    Command, CreateRequest, DeleteRequest, MachineRef, Made, Output, Progress, Provider,
    ProviderError, Query, Question, Reader,
};
use crate::resource::{
    LocalSettings, MachineSpec, Mount, Power, ProviderKind, Settings, Spec, VolumeSpec,
};
use crate::state::{Lineage, Object, OperationId};
use crate::sys::Environment;

pub(super) struct Ground {
    pub(super) local: Local,
    pub(super) root: PathBuf,
    _directory: Option<TempDir>,
}

pub(super) fn quiet(_: Progress) {}

pub(super) fn lineage() -> Lineage {
    Lineage::from_random([7; 16])
}

pub(super) fn machine(name: &str) -> MachineSpec {
    MachineSpec {
        provider: ProviderKind::Local,
        name: name.to_owned(),
        image: None,
        cpus: None,
        memory: None,
        gpu: None,
        network: None,
        mounts: Vec::new(),
        power: Power::Running,
        settings: Settings::Local(LocalSettings::default()),
    }
}

pub(super) fn volume(name: &str) -> VolumeSpec {
    VolumeSpec {
        provider: ProviderKind::Local,
        name: name.to_owned(),
        size: None,
        region: None,
        compute: None,
    }
}

pub(super) fn volume_name(text: &str) -> Name {
    Name::parse(NameRule::Volume, text).unwrap()
}

pub(super) fn request(address: &str, operation: u8, spec: Spec) -> CreateRequest {
    CreateRequest {
        lineage: lineage(),
        address: address.parse().unwrap(),
        operation: OperationId::from_random([operation; 8]),
        generation: 1,
        spec: Arc::new(spec),
        dependencies: BTreeMap::new(),
    }
}

pub(super) fn machine_request(name: &str, operation: u8) -> CreateRequest {
    let spec = Spec::Machine(Box::new(machine(name)));
    request(&format!("machine.{name}"), operation, spec)
}

impl Ground {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// With variables in the host's environment besides `PATH`.
    pub(super) fn with(variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap().join("data");
        Self {
            _directory: Some(directory),
            ..Self::on(root, variables)
        }
    }

    /// The same place, met by somebody else.
    pub(super) fn again(&self, variables: &[(&str, &str)]) -> Self {
        Self::on(self.root.clone(), variables)
    }

    /// On a root that somebody else keeps.
    pub(super) fn at(root: PathBuf) -> Self {
        Self::on(root, &[])
    }

    fn on(root: PathBuf, variables: &[(&str, &str)]) -> Self {
        let mut environment = vec![("PATH", "/usr/local/bin:/usr/bin:/bin")];
        environment.extend(variables);
        let pairs = environment
            .into_iter()
            .map(|(n, v)| (n.to_owned(), v.to_owned()));
        Self {
            local: Local::new(root.clone(), Arc::new(Environment::of(pairs))),
            root,
            _directory: None,
        }
    }

    pub(super) fn machines(&self) -> PathBuf {
        self.root.join(lineage().as_str()).join("machines")
    }

    pub(super) fn volumes(&self) -> PathBuf {
        self.root.join(lineage().as_str()).join("volumes")
    }

    pub(super) async fn create(&self, request: &CreateRequest) -> Result<Made, ProviderError> {
        self.local.create(request, &quiet).await
    }

    pub(super) async fn object(&self, request: &CreateRequest) -> Arc<Object> {
        record(request, &self.create(request).await.unwrap())
    }

    /// A machine `dev` with a volume at each of these paths.
    pub(super) async fn mounted(&self, paths: &[&str]) -> (CreateRequest, MachineRef) {
        let mut spec = machine("dev");
        let mut dependencies = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            let name = format!("v{index}");
            let address = format!("volume.dev.{name}");
            let volume = request(&address, 100, Spec::Volume(volume(&format!("dev.{name}"))));
            dependencies.insert(volume.address.clone(), self.object(&volume).await);
            spec.mounts.push(Mount {
                volume: volume_name(&name),
                path: (*path).to_owned(),
            });
        }
        let wanted = CreateRequest {
            dependencies,
            ..request("machine.dev", 1, Spec::Machine(Box::new(spec)))
        };
        let made = self.create(&wanted).await.unwrap();
        let reference = reference(&wanted, &made);
        (wanted, reference)
    }

    /// A plain machine `dev`.
    pub(super) async fn machine(&self) -> MachineRef {
        self.mounted(&[]).await.1
    }

    pub(super) async fn delete(&self, address: &Address, object: &Arc<Object>) {
        let request = DeleteRequest {
            lineage: lineage(),
            address: address.clone(),
            current: Arc::clone(object),
        };
        self.local.delete(&request).await.unwrap();
    }

    pub(super) async fn observe(
        &self,
        request: &CreateRequest,
        object: Option<&Object>,
    ) -> Observation {
        let query = query(request, object);
        self.local
            .observe(&query)
            .await
            .unwrap()
            .remove(&request.address)
            .unwrap()
    }

    pub(super) async fn seen(&self, request: &CreateRequest) -> Seen {
        match self.observe(request, None).await {
            Observation::Present(seen) => *seen,
            other => panic!("{} is {other:?}", request.address),
        }
    }

    pub(super) async fn codes(&self, request: &CreateRequest) -> Vec<String> {
        let query = query(request, None);
        let observed = self.local.observe(&query).await.unwrap();
        let findings = self.local.check(&query, &observed).await;
        findings
            .iter()
            .map(|finding| finding.code.to_string())
            .collect()
    }

    pub(super) async fn shell(&self, machine: &MachineRef, script: &str) -> Output {
        let command = Command {
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            ..Command::default()
        };
        self.local.ask(machine, &command).await.unwrap()
    }
}

pub(super) fn reference(request: &CreateRequest, made: &Made) -> MachineRef {
    MachineRef {
        name: request.address.leaf().clone(),
        id: made.id.clone(),
        spec: Arc::clone(&request.spec),
    }
}

pub(super) fn query(request: &CreateRequest, object: Option<&Object>) -> Query {
    Query {
        lineage: request.lineage.clone(),
        questions: vec![Question {
            address: request.address.clone(),
            spec: Arc::clone(&request.spec),
            id: object.map(|object| object.id.clone()),
            made_at: None,
            wanted: true,
        }],
    }
}

pub(super) fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap().trim_end()
}
