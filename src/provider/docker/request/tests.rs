use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::container::KEEPER;
use super::volume::Part;
use super::{container, exec, network, volume};
use crate::address::{Name, NameRule};
use crate::provider::docker::features::Features;
use crate::provider::{Command, CreateRequest, TerminalSize};
use crate::resource::{
    Attributes, MachineSpec, Mount, NetworkSpec, Power, ProviderKind, Settings, Size, Spec,
    VolumeSpec,
};
use crate::state::{Lineage, Object, ObjectId, OperationId, Status};

fn engine() -> Features {
    Features {
        runtimes: ["runc".to_owned()].into(),
        cpus: 8,
        memory: 16 << 30,
        limits_memory: true,
        limits_swap: true,
        limits_cpus: true,
        socket: "/var/run/docker.sock".to_owned(),
        ..Features::default()
    }
}

fn request(at: &str, spec: Spec) -> CreateRequest {
    CreateRequest {
        lineage: Lineage::parse(&"0f".repeat(16)).unwrap(),
        address: at.parse().unwrap(),
        operation: OperationId::from_label("0011223344556677"),
        generation: 2,
        spec: Arc::new(spec),
        dependencies: BTreeMap::new(),
    }
}

fn machine(settings: &Value) -> MachineSpec {
    let mut full = json!({"network": "bridge", "restart": "unless-stopped", "runtime": "auto"});
    full.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    MachineSpec {
        provider: ProviderKind::Docker,
        name: "acme-dev".to_owned(),
        image: Some("debian:12".to_owned()),
        cpus: None,
        memory: None,
        gpu: None,
        network: None,
        mounts: Vec::new(),
        power: Power::Running,
        settings: serde_json::from_value(json!({ "docker": full })).unwrap(),
    }
}

fn depend(request: &mut CreateRequest, at: &str, id: &str, attributes: Value) {
    let object = Object {
        id: ObjectId::new(id),
        provider: ProviderKind::Docker,
        operation: OperationId::from_label("x"),
        made_at: None,
        generation: 1,
        spec: Arc::clone(&request.spec),
        schema: Spec::SCHEMA,
        attributes: serde_json::from_value::<Attributes>(attributes).unwrap(),
        dependencies: Vec::new(),
        status: Status::Ready,
        incarnation: None,
    };
    let address = at.parse().unwrap();
    request.dependencies.insert(address, Arc::new(object));
}

fn body(machine: &MachineSpec, engine: &Features) -> Value {
    let request = request("machine.dev", Spec::Machine(Box::new(machine.clone())));
    serde_json::to_value(container::body(&request, machine, engine, true).unwrap()).unwrap()
}

#[test]
fn a_whole_container_in_bytes() {
    let mut spec = machine(&json!({
        "ports": [{"host": 8080, "container": 80}, {"address": "127.0.0.1", "host": 53, "container": 53, "protocol": "udp"}],
        "extraHosts": ["db.test:10.0.0.1"],
    }));
    spec.cpus = Some(2);
    spec.memory = Some(Size::gib(4));
    spec.network = Some(Name::parse(NameRule::Label, "acme").unwrap());
    spec.mounts = vec![Mount {
        volume: Name::parse(NameRule::Volume, "workspace").unwrap(),
        path: "/workspace".to_owned(),
    }];
    let mut request = request("machine.dev", Spec::Machine(Box::new(spec.clone())));
    let pinned = json!({"imageId": "sha256:1234"});
    depend(&mut request, "image.dev", "sha256:1234", pinned);
    depend(&mut request, "network.acme", "aabbcc", json!({}));
    depend(
        &mut request,
        "volume.dev.workspace",
        "acme-dev-workspace",
        json!({}),
    );
    let body = container::body(&request, &spec, &engine(), true).unwrap();
    let mut body = serde_json::to_value(body).unwrap();
    let hash = body["Labels"]
        .as_object_mut()
        .unwrap()
        .remove("dev.sindri.config-hash");
    assert!(hash.unwrap().as_str().unwrap().starts_with("sha256:"));
    assert_eq!(
        body,
        json!({
            "Hostname": "dev",
            "User": "0",
            "Image": "sha256:1234",
            "Entrypoint": ["/bin/sh", "-c", KEEPER],
            "Cmd": [],
            "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
            "Labels": {
                "dev.sindri.lineage": "0f".repeat(16),
                "dev.sindri.address": "machine.dev",
                "dev.sindri.operation": "0011223344556677",
                "dev.sindri.generation": "2",
                "dev.sindri.image": "debian:12",
            },
            "HostConfig": {
                "Init": true,
                "NetworkMode": "aabbcc",
                "Memory": 4_294_967_296_u64,
                "MemorySwap": 4_294_967_296_u64,
                "NanoCpus": 2_000_000_000,
                "RestartPolicy": {"Name": "unless-stopped"},
                "PortBindings": {
                    "80/tcp": [{"HostPort": "8080"}],
                    "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}],
                },
                "ExtraHosts": ["db.test:10.0.0.1"],
                "Mounts": [
                    {"Type": "volume", "Source": "acme-dev-workspace", "Target": "/workspace"},
                    {"Type": "volume", "Source": "acme-dev-secrets", "Target": "/run/secrets", "VolumeOptions": {"NoCopy": true}},
                ],
            },
            "NetworkingConfig": {"EndpointsConfig": {"aabbcc": {"Aliases": ["dev"]}}},
        })
    );
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    let host = &body(&machine(&json!({})), &engine())["HostConfig"];
    for absent in [
        "Memory",
        "NanoCpus",
        "Privileged",
        "Runtime",
        "PortBindings",
        "DeviceRequests",
    ] {
        assert!(host.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn a_dependency_that_is_not_there_is_an_error() {
    let mut spec = machine(&json!({}));
    spec.network = Some(Name::parse(NameRule::Label, "acme").unwrap());
    let request = request("machine.dev", Spec::Machine(Box::new(spec.clone())));
    let error = container::body(&request, &spec, &engine(), true).unwrap_err();
    assert_eq!(error.code.as_str(), "docker::dependency-missing");
}

#[test]
fn docker_inside_is_done_as_the_engine_can() {
    let dind = |mode: &str, driver: &str| {
        machine(&json!({"dind": {"mode": mode, "storageDriver": driver, "storageSize": "20GB"}}))
    };
    let plain = engine();
    let mut sysbox = engine();
    sysbox.runtimes.insert("sysbox-runc".to_owned());
    let host = |spec: &MachineSpec, engine: &Features| body(spec, engine)["HostConfig"].clone();
    let inner = json!({"Type": "volume", "Source": "acme-dev-engine", "Target": "/var/lib/docker"});

    let auto = host(&dind("auto", "auto"), &plain);
    assert_eq!(
        (&auto["Privileged"], &auto["Mounts"][1]),
        (&json!(true), &inner)
    );
    let auto = host(&dind("auto", "auto"), &sysbox);
    assert_eq!(auto["Runtime"], "sysbox-runc");
    assert!(auto.get("Privileged").is_none());
    assert_eq!(auto["Mounts"].as_array().unwrap().len(), 1);
    let forced = host(&dind("privileged", "auto"), &sysbox);
    assert_eq!(
        (&forced["Privileged"], &forced["Mounts"][1]),
        (&json!(true), &inner)
    );
    let asked = host(&dind("sysbox", "auto"), &plain);
    assert_eq!(asked["Runtime"], "sysbox-runc");
    let socket = host(&dind("socket", "auto"), &plain);
    assert_eq!(socket["Mounts"][1]["Source"], "/var/run/docker.sock");
    assert_eq!(socket["Mounts"][1]["Type"], "bind");
    assert!(socket.get("Privileged").is_none());
    let driver = body(&dind("privileged", "fuse-overlayfs"), &plain);
    assert_eq!(driver["Env"], json!(["DOCKER_DRIVER=fuse-overlayfs"]));
    let runc = host(
        &machine(&json!({"runtime": "runc", "privileged": true})),
        &plain,
    );
    assert_eq!(
        (&runc["Runtime"], &runc["Privileged"]),
        (&json!("runc"), &json!(true))
    );
}

#[test]
fn gpus_are_device_requests_or_devices() {
    let with = |vendor: &str| {
        let mut spec = machine(&json!({}));
        let gpu = json!({"provider": "docker", "type": vendor, "count": 2});
        spec.gpu = Some(serde_json::from_value(gpu).unwrap());
        body(&spec, &engine())["HostConfig"].clone()
    };
    assert_eq!(
        with("nvidia")["DeviceRequests"],
        json!([{"Count": 2, "Capabilities": [["gpu"]]}])
    );
    let amd = with("amd");
    assert!(amd.get("DeviceRequests").is_none());
    assert_eq!(amd["Devices"][0]["PathOnHost"], "/dev/kfd");
}

#[test]
fn networks_of_the_host_or_none_take_no_endpoint() {
    let host = body(&machine(&json!({"network": "host"})), &engine());
    assert_eq!(host["HostConfig"]["NetworkMode"], "host");
    assert!(
        host.get("Hostname").is_none(),
        "the host's network has the host's name"
    );
    assert!(host.get("NetworkingConfig").is_none());
    let none = body(&machine(&json!({"network": "none"})), &engine());
    assert_eq!(none["HostConfig"]["NetworkMode"], "none");
}

#[test]
fn changes_in_place_move_memory_with_its_swap() {
    let mut spec = machine(&json!({"restart": "always"}));
    spec.memory = Some(Size::gib(2));
    spec.cpus = Some(3);
    let update = |spec: &MachineSpec, paths: &[&str], engine: &Features| {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        container::update(spec, &paths, engine).map(|body| serde_json::to_value(body).unwrap())
    };
    let all = ["memory", "cpus", "docker.restart", "power"];
    assert_eq!(
        update(&spec, &all, &engine()).unwrap(),
        json!({
            "Memory": 2_147_483_648_u64,
            "MemorySwap": 2_147_483_648_u64,
            "NanoCpus": 3_000_000_000_u64,
            "RestartPolicy": {"Name": "always"},
        })
    );
    let no_swap = Features {
        limits_swap: false,
        ..engine()
    };
    let memory = update(&spec, &["memory"], &no_swap).unwrap();
    assert_eq!(memory, json!({"Memory": 2_147_483_648_u64}));
    assert!(update(&spec, &["image"], &engine()).is_err());
}

#[test]
fn networks_and_volumes_carry_their_labels() {
    let spec = NetworkSpec {
        provider: ProviderKind::Docker,
        name: "acme".to_owned(),
        organization: None,
    };
    let request_of = request("network.acme", Spec::Network(spec.clone()));
    let body = serde_json::to_value(network::body(&request_of, &spec)).unwrap();
    assert_eq!(
        (&body["Name"], &body["Driver"]),
        (&json!("acme"), &json!("bridge"))
    );
    assert_eq!(body["Labels"]["dev.sindri.address"], "network.acme");
    let spec = VolumeSpec {
        provider: ProviderKind::Docker,
        name: "acme-dev-data".to_owned(),
        size: Some(Size::gib(10)),
        region: None,
        compute: None,
    };
    let request_of = request("volume.dev.data", Spec::Volume(spec.clone()));
    let body = serde_json::to_value(volume::body(&request_of, &spec)).unwrap();
    assert_eq!(body["Name"], "acme-dev-data");
    assert!(body["Labels"].get("dev.sindri.part").is_none());
    let request_of = request("machine.dev", Spec::Machine(Box::new(machine(&json!({})))));
    let body = volume::part_body(&request_of, "acme-dev", Part::Secrets);
    let body = serde_json::to_value(body).unwrap();
    assert_eq!(body["Name"], "acme-dev-secrets");
    assert_eq!(body["Labels"]["dev.sindri.part"], "secrets");
    assert_eq!(body["Labels"]["dev.sindri.address"], "machine.dev");
}

#[test]
fn commands_are_wrapped_without_their_secrets() {
    let mut spec = machine(&json!({}));
    let command = Command {
        argv: vec!["echo".to_owned(), "a b".to_owned()],
        secrets: true,
        ..Command::default()
    };
    let body = serde_json::to_value(exec::command(&spec, &command, "mark")).unwrap();
    let words = body["Cmd"].as_array().unwrap();
    assert_eq!(words[..2], [json!("/bin/sh"), json!("-c")]);
    assert_eq!(
        words[3..],
        [
            json!("sindri"),
            json!(""),
            json!("secrets"),
            json!("echo"),
            json!("a b")
        ]
    );
    assert_eq!(body["Env"], json!(["SINDRI_EXEC=mark"]));
    assert_eq!(body["AttachStdin"], false);
    spec.mounts = vec![Mount {
        volume: Name::parse(NameRule::Volume, "workspace").unwrap(),
        path: "/work".to_owned(),
    }];
    let body = exec::session(
        &spec,
        Some("ls"),
        Some(TerminalSize {
            rows: 9,
            columns: 70,
        }),
    );
    let body = serde_json::to_value(body).unwrap();
    let words = body["Cmd"].as_array().unwrap();
    assert_eq!(words[4..6], [json!("/work"), json!("secrets")]);
    assert_eq!(words[10..], [json!("ls"), json!("9"), json!("70")]);
    assert_eq!(body["Tty"], true);
}

#[test]
fn settings_of_another_provider_are_refused() {
    let mut spec = machine(&json!({}));
    spec.settings = Settings::Local(crate::resource::LocalSettings::default());
    let request = request("machine.dev", Spec::Machine(Box::new(spec.clone())));
    let error = container::body(&request, &spec, &engine(), true).unwrap_err();
    assert_eq!(error.code.as_str(), "docker::foreign-settings");
}
