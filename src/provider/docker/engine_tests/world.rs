//! A lineage of a test's own on the Engine, removed with everything that carries it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bollard::query_parameters::{
    CreateImageOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use futures_util::TryStreamExt;

use crate::address::{Address, Name, NameRule};
use crate::plan::{Observation, Seen};
use crate::provider::docker::{Docker, label};
use crate::provider::{
    Command, CreateRequest, DeleteRequest, MachineRef, Made, Output, Provider, ProviderError,
    Query, Question, Reader, UpdateRequest,
};
use crate::resource::{
    DockerSettings, ImageSpec, MachineSpec, Mount, NetworkSpec, Power, ProviderKind, PullPolicy,
    Settings, Spec, VolumeSpec,
};
use crate::state::{Lineage, Object, ObjectId, OperationId, Status};
use crate::sys::{Environment, Random};

/// The image of every test: busybox and nothing else.
pub(super) const IMAGE: &str = "sindri-test/tiny:1";

const APPLETS: &[&str] = &[
    "sh", "cat", "chmod", "date", "dd", "echo", "env", "grep", "head", "id", "kill", "ln", "ls",
    "mkdir", "mv", "nslookup", "ping", "printf", "ps", "readlink", "rm", "sleep", "stat", "stty",
    "touch", "tr", "true", "wc", "wget", "yes", "[", "test",
];

pub(super) struct World {
    pub(super) docker: Docker,
    pub(super) lineage: Lineage,
    pub(super) name: String,
    operations: AtomicU64,
}

/// Where the Engine listens, for clients of a test's own.
pub(super) fn socket() -> bollard::Docker {
    bollard::Docker::connect_with_defaults().expect(
        "these tests need a Docker Engine: install one (`docker.io`), start dockerd, and let \
         DOCKER_HOST say where it listens",
    )
}

pub(super) fn ignore(_: crate::provider::Progress) {}

pub(super) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(super) fn label_name(text: &str) -> Name {
    Name::parse(NameRule::Label, text).unwrap()
}

impl World {
    /// A world whose names start with the test's, with the tiny image in the Engine.
    pub(super) async fn new(test: &str) -> Self {
        let docker = Docker::connect(&Environment::of_process()).unwrap();
        docker.version().await.expect(
            "these tests need a Docker Engine: install one (`docker.io`) and start dockerd",
        );
        let random = Random::system();
        let lineage = Lineage::from_random(random.bytes());
        let name = format!("sindri-test-{test}-{}", &lineage.as_str()[..6]);
        import(IMAGE, "/bin/busybox", true).await;
        Self {
            docker,
            lineage,
            name,
            operations: AtomicU64::new(0),
        }
    }

    pub(super) fn operation(&self) -> OperationId {
        let count = self.operations.fetch_add(1, Ordering::Relaxed);
        OperationId::from_label(&format!("{}-{count}", &self.lineage.as_str()[..8]))
    }

    pub(super) fn network(&self) -> NetworkSpec {
        NetworkSpec {
            provider: ProviderKind::Docker,
            name: self.name.clone(),
            organization: None,
        }
    }

    pub(super) fn volume(&self) -> VolumeSpec {
        VolumeSpec {
            provider: ProviderKind::Docker,
            name: format!("{}-workspace", self.name),
            size: None,
            region: None,
            compute: None,
        }
    }

    /// A running machine without network and volumes.
    pub(super) fn machine(&self) -> MachineSpec {
        MachineSpec {
            provider: ProviderKind::Docker,
            name: self.name.clone(),
            image: Some(IMAGE.to_owned()),
            cpus: None,
            memory: None,
            gpu: None,
            network: None,
            mounts: Vec::new(),
            power: Power::Running,
            settings: Settings::Docker(DockerSettings::default()),
        }
    }

    /// A machine in the network, with its workspace mounted.
    pub(super) fn full_machine(&self) -> MachineSpec {
        MachineSpec {
            network: Some(label_name("net")),
            mounts: vec![Mount {
                volume: Name::parse(NameRule::Volume, "workspace").unwrap(),
                path: "/workspace".to_owned(),
            }],
            ..self.machine()
        }
    }

    pub(super) fn request(&self, at: &str, spec: Spec) -> CreateRequest {
        CreateRequest {
            lineage: self.lineage.clone(),
            address: address(at),
            operation: self.operation(),
            generation: 1,
            spec: Arc::new(spec),
            dependencies: BTreeMap::new(),
        }
    }

    pub(super) async fn create(&self, request: &CreateRequest) -> Result<Made, ProviderError> {
        self.docker.create(request, &ignore).await
    }

    /// Makes a machine of its own, named `dev`.
    pub(super) async fn dev(&self) -> (CreateRequest, MachineRef) {
        let request = self.request("machine.dev", Spec::Machine(Box::new(self.machine())));
        let made = self.create(&request).await.unwrap();
        let machine = reference(&request, &made);
        (request, machine)
    }

    pub(super) fn deletion(&self, request: &CreateRequest, made: &Made) -> DeleteRequest {
        DeleteRequest {
            lineage: self.lineage.clone(),
            address: request.address.clone(),
            current: object(request, made),
        }
    }

    pub(super) fn query(&self, asked: &[(&CreateRequest, Option<&ObjectId>)]) -> Query {
        Query {
            lineage: self.lineage.clone(),
            questions: asked
                .iter()
                .map(|(request, id)| Question {
                    address: request.address.clone(),
                    spec: Arc::clone(&request.spec),
                    id: id.cloned(),
                    made_at: None,
                    wanted: true,
                })
                .collect(),
        }
    }

    /// What is seen of one resource.
    pub(super) async fn see(&self, request: &CreateRequest, id: Option<&ObjectId>) -> Option<Seen> {
        let query = self.query(&[(request, id)]);
        let mut observed = self.docker.observe(&query).await.unwrap();
        match observed.remove(&request.address) {
            Some(Observation::Present(seen)) => Some(*seen),
            Some(Observation::Absent | Observation::Ended(_)) => None,
            other => panic!("{} was not observed: {other:?}", request.address),
        }
    }

    pub(super) async fn sh(&self, machine: &MachineRef, line: &str) -> Output {
        let command = Command {
            argv: ["sh", "-c", line].map(ToOwned::to_owned).to_vec(),
            ..Command::default()
        };
        self.docker.ask(machine, &command).await.unwrap()
    }

    /// How many objects of each kind carry the lineage: containers, networks, volumes.
    pub(super) async fn left(&self) -> [usize; 3] {
        let client = socket();
        let (containers, networks, volumes) = ours(&client, &self.lineage).await;
        [containers.len(), networks.len(), volumes.len()]
    }
}

pub(super) fn pin() -> ImageSpec {
    ImageSpec {
        provider: ProviderKind::Docker,
        reference: IMAGE.to_owned(),
        pull: PullPolicy::IfNotPresent,
    }
}

pub(super) fn reference(request: &CreateRequest, made: &Made) -> MachineRef {
    MachineRef {
        name: request.address.leaf().clone(),
        id: made.id.clone(),
        spec: Arc::clone(&request.spec),
    }
}

pub(super) fn object(request: &CreateRequest, made: &Made) -> Arc<Object> {
    Arc::new(Object {
        id: made.id.clone(),
        provider: ProviderKind::Docker,
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

pub(super) fn change(
    request: &CreateRequest,
    made: &Made,
    spec: MachineSpec,
    paths: &[&str],
) -> UpdateRequest {
    UpdateRequest {
        wanted: CreateRequest {
            spec: Arc::new(Spec::Machine(Box::new(spec))),
            ..request.clone()
        },
        current: object(request, made),
        paths: paths.iter().map(ToString::to_string).collect(),
    }
}

async fn ours(
    client: &bollard::Docker,
    lineage: &Lineage,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let filters: HashMap<&str, Vec<String>> = label::of_lineage(lineage);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let containers = client.list_containers(Some(options)).await.unwrap();
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let networks = client.list_networks(Some(options)).await.unwrap();
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let volumes = client.list_volumes(Some(options)).await.unwrap();
    (
        containers.into_iter().filter_map(|c| c.id).collect(),
        networks.into_iter().filter_map(|n| n.id).collect(),
        volumes
            .volumes
            .into_iter()
            .flatten()
            .map(|v| v.name)
            .collect(),
    )
}

/// Removes what the test made, whether it passed or panicked.
impl Drop for World {
    fn drop(&mut self) {
        let lineage = self.lineage.clone();
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let client = socket();
                let (containers, networks, volumes) = ours(&client, &lineage).await;
                for id in containers {
                    let options = RemoveContainerOptionsBuilder::new()
                        .force(true)
                        .v(true)
                        .build();
                    drop(client.remove_container(&id, Some(options)).await);
                }
                for id in networks {
                    drop(client.remove_network(&id).await);
                }
                for name in volumes {
                    let options = RemoveVolumeOptionsBuilder::new().force(true).build();
                    drop(client.remove_volume(&name, Some(options)).await);
                }
            });
        });
        drop(cleaning.join());
    }
}

/// Imports an image of one program, called by all its names, unless it is there.
pub(super) async fn import(reference: &str, program: &str, works: bool) {
    let client = socket();
    if client.inspect_image(reference).await.is_ok() {
        return;
    }
    let content = if works {
        std::fs::read(Path::new(program))
            .expect("the test image needs /bin/busybox (Debian: busybox-static)")
    } else {
        b"no program at all".to_vec()
    };
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |kind: tar::EntryType, path: &str, mode: u32, link: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        if kind.is_symlink() {
            archive.append_link(&mut header, path, link).unwrap();
        } else {
            archive.append_data(&mut header, path, content).unwrap();
        }
    };
    for (folder, mode) in [
        ("bin/", 0o755),
        ("etc/", 0o755),
        ("root/", 0o700),
        ("tmp/", 0o1777),
    ] {
        add(tar::EntryType::Directory, folder, mode, "", b"");
    }
    add(tar::EntryType::Regular, "bin/busybox", 0o755, "", &content);
    for applet in APPLETS {
        let path = format!("bin/{applet}");
        add(tar::EntryType::Symlink, &path, 0o777, "busybox", b"");
    }
    let passwd = b"root:x:0:0:root:/root:/bin/sh\n";
    add(tar::EntryType::Regular, "etc/passwd", 0o644, "", passwd);
    let archive = archive.into_inner().unwrap();
    let (repository, tag) = reference.split_once(':').unwrap();
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        .repo(repository)
        .tag(tag)
        .build();
    let body = bollard::body_full(archive.into());
    client
        .create_image(Some(options), Some(body), None)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
}

/// The codes of findings.
pub(super) fn codes(findings: &[crate::diagnostic::Diagnostic]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

/// What a check finds before anything of a request stands.
pub(super) async fn check(
    world: &World,
    request: &CreateRequest,
) -> Vec<crate::diagnostic::Diagnostic> {
    let query = world.query(&[(request, None)]);
    let observed = world.docker.observe(&query).await.unwrap();
    world.docker.check(&query, &observed).await
}
