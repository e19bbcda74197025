//! What can't be run on every Engine is proved on what an Engine would show.

use std::collections::BTreeMap;

use bollard::models::ContainerInspectResponse;
use serde_json::{Value, json};

use super::features::Features;
use super::seen::{self, Surroundings};
use crate::address::{Name, NameRule};
use crate::plan::Seen;
use crate::resource::{MachineSpec, Mount, Power, ProviderKind, Size, Spec};

fn spec(settings: &Value) -> MachineSpec {
    let mut full = json!({"network": "bridge", "restart": "unless-stopped", "runtime": "auto"});
    full.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    MachineSpec {
        provider: ProviderKind::Docker,
        name: "acme-dev".to_owned(),
        image: None,
        cpus: None,
        memory: None,
        gpu: None,
        network: None,
        mounts: Vec::new(),
        power: Power::Running,
        settings: serde_json::from_value(json!({ "docker": full })).unwrap(),
    }
}

fn see(spec: &MachineSpec, host: &Value, mounts: &Value) -> Seen {
    let inspect: ContainerInspectResponse = serde_json::from_value(json!({
        "Id": "abc", "Name": "/acme-dev", "Image": "sha256:1",
        "HostConfig": host, "Mounts": mounts,
    }))
    .unwrap();
    let scopes = BTreeMap::new();
    let around = Surroundings {
        volumes: BTreeMap::from([(volume(), "acme-dev-data".to_owned())]),
        scopes: &scopes,
        image: None,
    };
    let engine = Features {
        limits_memory: true,
        limits_cpus: true,
        ..Features::default()
    };
    seen::machine(spec, &inspect, &around, &engine)
}

fn volume() -> Name {
    Name::parse(NameRule::Volume, "data").unwrap()
}

fn value(seen: &Seen, path: &str) -> Value {
    seen.attributes.get(path).cloned().unwrap_or_default()
}

#[test]
fn privileges_runtimes_and_gpus_compare_equal_or_show() {
    let mut wanted = spec(&json!({"privileged": true, "runtime": "sysbox-runc"}));
    let gpu = json!({"provider": "docker", "type": "nvidia", "count": 2});
    wanted.gpu = Some(serde_json::from_value(gpu).unwrap());
    let declared = Spec::Machine(Box::new(wanted.clone())).attributes();
    let requests = json!([{"Count": 2, "Capabilities": [["gpu"]]}]);
    let host = json!({"Privileged": true, "Runtime": "sysbox-runc", "DeviceRequests": requests});
    let same = see(&wanted, &host, &json!([]));
    for path in ["docker.privileged", "docker.runtime", "gpu"] {
        assert_eq!(value(&same, path), *declared.get(path).unwrap(), "{path}");
    }
    let requests = json!([{"Count": 1, "Capabilities": [["gpu"]]}]);
    let host = json!({"Privileged": false, "Runtime": "runc", "DeviceRequests": requests});
    let other = see(&wanted, &host, &json!([]));
    assert_eq!(value(&other, "docker.privileged"), false);
    assert_eq!(value(&other, "docker.runtime"), "runc");
    assert_eq!(value(&other, "gpu"), json!({"count": 1}));
}

#[test]
fn limits_are_said_in_the_words_of_the_file() {
    let mut wanted = spec(&json!({}));
    wanted.cpus = Some(2);
    wanted.memory = Some(Size::gib(4));
    let limits = |host| {
        let seen = see(&wanted, &host, &json!([]));
        (value(&seen, "cpus"), value(&seen, "memory"))
    };
    let asked = limits(json!({"NanoCpus": 2_000_000_000_u64, "Memory": 4_u64 << 30}));
    assert_eq!(asked, (json!(2), json!("4GB")));
    let quota = limits(json!({"CpuQuota": 150_000, "CpuPeriod": 100_000, "Memory": 1}));
    assert_eq!(quota, (json!("1.500"), json!("1B")));
    assert_eq!(limits(json!({})), (json!("unlimited"), json!("unlimited")));
}

#[test]
fn a_mount_of_another_volume_shows() {
    let mut wanted = spec(&json!({}));
    wanted.mounts = vec![Mount {
        volume: volume(),
        path: "/data".to_owned(),
    }];
    let own = json!({"Type": "volume", "Name": "acme-dev-secrets", "Destination": "/run/secrets"});
    let mount = |name: &str| json!({"Type": "volume", "Name": name, "Destination": "/data"});
    let same = see(&wanted, &json!({}), &json!([own, mount("acme-dev-data")]));
    assert_eq!(
        value(&same, "mounts"),
        json!([{"volume": "data", "path": "/data"}])
    );
    let other = see(&wanted, &json!({}), &json!([own, mount("stranger")]));
    assert_eq!(
        value(&other, "mounts"),
        json!([{"volume": "stranger", "path": "/data"}])
    );
}

#[test]
fn ports_compare_whatever_their_order() {
    let ports = json!([{"host": 90, "container": 9, "protocol": "tcp"}, {"host": 80, "container": 8, "protocol": "udp"}]);
    let wanted = spec(&json!({ "ports": ports }));
    let bound = json!({"PortBindings": {
        "8/udp": [{"HostIp": "", "HostPort": "80"}], "9/tcp": [{"HostIp": "", "HostPort": "90"}],
    }});
    assert_eq!(
        value(&see(&wanted, &bound, &json!([])), "docker.ports"),
        ports
    );
    let bound = json!({"PortBindings": {"9/tcp": [{"HostIp": "", "HostPort": "91"}]}});
    let moved = value(&see(&wanted, &bound, &json!([])), "docker.ports");
    assert_eq!(
        moved,
        json!([{"host": 91, "container": 9, "protocol": "tcp"}])
    );
}

#[test]
fn a_paused_container_does_not_run() {
    let power = |state: Value| seen::power(serde_json::from_value(state).ok().as_ref());
    assert_eq!(power(json!({"Running": true})), Power::Running);
    assert_eq!(
        power(json!({"Running": true, "Paused": true})),
        Power::Stopped
    );
    assert_eq!(
        power(json!({"Running": false, "Restarting": true})),
        Power::Running
    );
    assert_eq!(power(json!({"Status": "created"})), Power::Stopped);
}
