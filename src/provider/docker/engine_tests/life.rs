//! The life of a machine and what belongs to it, from nothing to nothing.

use std::sync::Arc;

use super::world::{
    IMAGE, World, address, change, ignore, label_name, object, pin, reference, socket,
};
use crate::address::{Name, NameRule};
use crate::plan::Observation;
use crate::provider::{CreateRequest, Delivery, MachineRef, Made, Provider, Reader};
use crate::resource::{FileTarget, Power, RestartPolicy, Settings, Size, Spec};

fn secret(value: &str, target: Option<&str>) -> Delivery {
    Delivery {
        name: Name::parse(NameRule::Secret, "TOKEN").unwrap(),
        value: value.as_bytes().to_vec().into(),
        target: target.map(|path| FileTarget {
            path: path.to_owned(),
            mode: "0600".to_owned(),
        }),
    }
}

/// A machine with its network, its volume and its pin.
struct Household {
    network: (CreateRequest, Made),
    volume: (CreateRequest, Made),
    image: (CreateRequest, Made),
    machine: (CreateRequest, Made),
}

impl Household {
    async fn new(world: &World) -> Self {
        let put_up = async |at, spec| {
            let request = world.request(at, spec);
            let made = world.create(&request).await.unwrap();
            (request, made)
        };
        let network = put_up("network.net", Spec::Network(world.network())).await;
        let volume = put_up("volume.dev.workspace", Spec::Volume(world.volume())).await;
        let image = put_up("image.dev", Spec::Image(pin())).await;
        let mut spec = world.full_machine();
        spec.memory = Some(Size::mib(64));
        let mut request = world.request("machine.dev", Spec::Machine(Box::new(spec)));
        for (other, made) in [&network, &volume, &image] {
            let object = object(other, made);
            request.dependencies.insert(other.address.clone(), object);
        }
        let made = world.create(&request).await.unwrap();
        Self {
            network,
            volume,
            image,
            machine: (request, made),
        }
    }

    fn here(&self) -> MachineRef {
        reference(&self.machine.0, &self.machine.1)
    }
}

#[tokio::test]
async fn what_is_made_is_seen_as_it_was_asked_for() {
    let world = World::new("seen").await;
    let house = Household::new(&world).await;
    assert!(house.image.1.id.as_str().starts_with("sha256:"));
    let asked = [&house.network, &house.volume, &house.image, &house.machine]
        .map(|(request, made)| (request, Some(&made.id)));
    let query = world.query(&asked);
    let observed = world.docker.observe(&query).await.unwrap();
    for (request, id) in asked {
        let Observation::Present(seen) = &observed[&request.address] else {
            panic!("{} isn't there", request.address);
        };
        assert_eq!(Some(&seen.id), id);
        let declared = request.spec.attributes();
        for (path, value) in &seen.attributes.0 {
            assert_eq!(
                declared.get(path),
                Some(value),
                "{} {path}",
                request.address
            );
        }
    }
    assert!(world.docker.check(&query, &observed).await.is_empty());
    // It runs commands in its workspace, under its own name.
    let said = world.sh(&house.here(), "pwd; cat /etc/hostname").await;
    assert_eq!(String::from_utf8_lossy(&said.stdout), "/workspace\ndev\n");
}

#[tokio::test]
async fn a_secret_survives_a_restart_and_shows_nowhere() {
    let world = World::new("secret").await;
    let here = Household::new(&world).await.here();
    let value = "s3cr3t value\nwith two lines\n";
    let delivery = secret(value, Some("/root/.token"));
    world.docker.deliver(&here, &delivery).await.unwrap();
    let client = socket();
    client
        .restart_container(here.id.as_str(), None)
        .await
        .unwrap();
    let said = world
        .sh(
            &here,
            "cat /run/secrets/TOKEN; stat -c '%a' /run/secrets /run/secrets/TOKEN /root/.token",
        )
        .await;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(text, format!("{value}700\n400\n600\n"));
    let inspected = client.inspect_container(here.id.as_str(), None).await;
    let shown = serde_json::to_string(&inspected.unwrap()).unwrap();
    assert!(!shown.contains("s3cr3t"));
}

#[tokio::test]
async fn limits_change_in_place() {
    let world = World::new("limits").await;
    let house = Household::new(&world).await;
    let (request, made) = &house.machine;
    let inspected = socket().inspect_container(made.id.as_str(), None).await;
    let host = inspected.unwrap().host_config.unwrap();
    assert_eq!(
        (host.memory, host.memory_swap),
        (Some(64 << 20), Some(64 << 20))
    );
    let mut larger = world.full_machine();
    larger.memory = Some(Size::mib(128));
    larger.cpus = Some(1);
    if let Settings::Docker(settings) = &mut larger.settings {
        settings.restart = RestartPolicy::Always;
    }
    let paths = ["memory", "cpus", "docker.restart"];
    let wanted = change(request, made, larger, &paths);
    let changed = world.docker.update(&wanted, &ignore).await.unwrap();
    assert_eq!(changed.id, made.id);
    let seen = world.see(&wanted.wanted, Some(&made.id)).await.unwrap();
    assert_eq!(seen.attributes.get("memory").unwrap(), "128MB");
    assert_eq!(seen.attributes.get("cpus").unwrap(), 1);
    assert_eq!(seen.attributes.get("docker.restart").unwrap(), "always");
    assert_eq!(seen.power, Some(Power::Running));
}

#[tokio::test]
async fn a_volume_outlives_its_machine_and_nothing_outlives_the_end() {
    let world = World::new("life").await;
    let docker = &world.docker;
    let house = Household::new(&world).await;
    let (mut machine, made) = house.machine.clone();
    let here = house.here();
    docker.deliver(&here, &secret("gone", None)).await.unwrap();
    world.sh(&here, "echo kept > /workspace/file").await;
    // What is in use isn't deleted; what is free is, and with it the machine's own volume.
    for ((request, made), code) in [
        (&house.network, "docker::network-in-use"),
        (&house.volume, "docker::volume-in-use"),
    ] {
        let busy = docker.delete(&world.deletion(request, made)).await;
        assert_eq!(busy.unwrap_err().code.as_str(), code);
    }
    docker
        .delete(&world.deletion(&machine, &made))
        .await
        .unwrap();
    assert_eq!(world.left().await, [0, 1, 1]);

    machine.operation = world.operation();
    let again = world.create(&machine).await.unwrap();
    assert_ne!(again.id, made.id);
    let here = reference(&machine, &again);
    assert_eq!(
        world.sh(&here, "cat /workspace/file").await.stdout,
        b"kept\n"
    );
    assert_eq!(world.sh(&here, "ls /run/secrets").await.stdout, b"");
    for (request, made) in [&(machine, again), &house.volume, &house.network] {
        let deletion = world.deletion(request, made);
        docker.delete(&deletion).await.unwrap();
        docker
            .delete(&deletion)
            .await
            .expect("a second delete finds nothing to do");
    }
    assert_eq!(world.left().await, [0, 0, 0]);
}

#[tokio::test]
async fn a_created_machine_is_seen_exactly_as_specified() {
    let world = World::new("equal").await;
    let mut spec = world.machine();
    spec.memory = Some(Size::mib(96));
    spec.cpus = Some(2);
    spec.settings = serde_json::from_value(serde_json::json!({"docker": {
        "network": "none", "restart": "on-failure", "runtime": "runc",
        "ports": [{"host": 39181, "container": 80, "protocol": "tcp"},
                  {"address": "127.0.0.1", "host": 39180, "container": 81, "protocol": "udp"}],
        "extraHosts": ["z.test:127.0.0.2", "a.test:127.0.0.3"],
    }}))
    .unwrap();
    let request = world.request("machine.dev", Spec::Machine(Box::new(spec)));
    let made = world.create(&request).await.unwrap();
    let seen = world.see(&request, Some(&made.id)).await.unwrap();
    let mut declared = request.spec.attributes();
    declared.0.remove("power");
    assert_eq!(seen.attributes, declared);
    assert_eq!(seen.operation, Some(request.operation.clone()));
    // Found without its recorded id too, as recovery does.
    assert_eq!(world.see(&request, None).await.unwrap().id, made.id);
}

#[tokio::test]
async fn machines_find_each_other_by_name() {
    let world = World::new("names").await;
    let network = world.request("network.net", Spec::Network(world.network()));
    let made = world.create(&network).await.unwrap();
    let mut references = Vec::new();
    for name in ["one", "two"] {
        let mut spec = world.machine();
        spec.name = format!("{}-{name}", world.name);
        spec.network = Some(label_name("net"));
        let mut request = world.request(&format!("machine.{name}"), Spec::Machine(Box::new(spec)));
        let object = object(&network, &made);
        request.dependencies.insert(address("network.net"), object);
        let made = world.create(&request).await.unwrap();
        references.push(reference(&request, &made));
    }
    let said = world.sh(&references[0], "ping -c 1 -w 5 two").await;
    assert_eq!(said.code, 0, "{}", String::from_utf8_lossy(&said.stderr));
}

#[tokio::test]
async fn a_machine_stops_and_starts_with_its_secrets() {
    let world = World::new("power").await;
    let docker = &world.docker;
    let (request, here) = world.dev().await;
    docker.deliver(&here, &secret("one", None)).await.unwrap();
    docker.set_power(&here, Power::Stopped).await.unwrap();
    docker.set_power(&here, Power::Stopped).await.unwrap();
    let seen = world.see(&request, Some(&here.id)).await.unwrap();
    assert_eq!(seen.power, Some(Power::Stopped));
    let asleep = docker
        .ask(&here, &crate::provider::Command::default())
        .await;
    assert_eq!(asleep.unwrap_err().code.as_str(), "docker::not-running");
    // A stopped machine takes a new value, too.
    docker
        .deliver(&here, &secret("two", Some("/opt/deep/token")))
        .await
        .unwrap();
    docker.set_power(&here, Power::Running).await.unwrap();
    let said = world
        .sh(&here, "cat /run/secrets/TOKEN /opt/deep/token; stat -c '%a %u' /run/secrets /run/secrets/TOKEN /opt/deep")
        .await;
    assert_eq!(
        String::from_utf8_lossy(&said.stdout),
        "twotwo700 0\n400 0\n755 0\n"
    );
    // Paused counts as stopped, and starting it wakes it.
    socket().pause_container(here.id.as_str()).await.unwrap();
    let seen = world.see(&request, Some(&here.id)).await.unwrap();
    assert_eq!(seen.power, Some(Power::Stopped));
    docker.set_power(&here, Power::Running).await.unwrap();
    assert_eq!(world.sh(&here, "echo up").await.stdout, b"up\n");

    let name = Name::parse(NameRule::Secret, "TOKEN").unwrap();
    let target = FileTarget {
        path: "/opt/deep/token".to_owned(),
        mode: "0600".to_owned(),
    };
    docker.set_power(&here, Power::Stopped).await.unwrap();
    docker.withdraw(&here, &name, Some(&target)).await.unwrap();
    let seen = world.see(&request, Some(&here.id)).await.unwrap();
    assert_eq!(
        seen.power,
        Some(Power::Stopped),
        "a withdrawal leaves the power as it was"
    );
    docker.set_power(&here, Power::Running).await.unwrap();
    let said = world.sh(&here, "ls /run/secrets /opt/deep").await;
    assert_eq!(said.stdout, b"/opt/deep:\n\n/run/secrets:\n");
    docker
        .withdraw(&here, &name, None)
        .await
        .expect("a second withdrawal finds nothing to do");
}

#[tokio::test]
async fn a_machine_wanted_stopped_takes_secrets_before_it_ever_ran() {
    let world = World::new("asleep").await;
    let mut spec = world.machine();
    spec.power = Power::Stopped;
    let request = world.request("machine.dev", Spec::Machine(Box::new(spec)));
    let made = world.create(&request).await.unwrap();
    let here = reference(&request, &made);
    let seen = world.see(&request, Some(&made.id)).await.unwrap();
    assert_eq!(seen.power, Some(Power::Stopped));
    world
        .docker
        .deliver(&here, &secret("early", None))
        .await
        .unwrap();
    world.docker.set_power(&here, Power::Running).await.unwrap();
    let said = world.sh(&here, "cat /run/secrets/TOKEN").await;
    assert_eq!(said.stdout, b"early");
}

#[tokio::test]
async fn limits_that_are_dropped_become_the_whole_host() {
    let world = World::new("unlimit").await;
    let mut spec = world.machine();
    spec.memory = Some(Size::mib(64));
    spec.cpus = Some(1);
    let request = world.request("machine.dev", Spec::Machine(Box::new(spec)));
    let made = world.create(&request).await.unwrap();
    let wanted = change(&request, &made, world.machine(), &["memory", "cpus"]);
    world.docker.update(&wanted, &ignore).await.unwrap();
    let host = socket()
        .inspect_container(made.id.as_str(), None)
        .await
        .unwrap()
        .host_config
        .unwrap();
    assert!(host.memory.unwrap() > 64 << 20);
    let seen = world.see(&wanted.wanted, Some(&made.id)).await.unwrap();
    assert!(seen.attributes.get("memory").is_none());
    let refused = change(&request, &made, world.machine(), &["docker.ports"]);
    let error = world.docker.update(&refused, &ignore).await.unwrap_err();
    assert_eq!(error.code.as_str(), "docker::not-in-place");
}

#[tokio::test]
async fn an_image_pin_is_the_engines_own_id() {
    let world = World::new("pin").await;
    let image = world.request("image.dev", Spec::Image(pin()));
    let made = world.create(&image).await.unwrap();
    let expected = socket().inspect_image(IMAGE).await.unwrap().id.unwrap();
    assert_eq!(made.id.as_str(), expected);
    assert_eq!(made.attributes.get("imageId").unwrap(), &expected);
    let seen = world.see(&image, Some(&made.id)).await.unwrap();
    assert_eq!(seen.outputs.get("imageId").unwrap(), &expected);
    assert_eq!(world.see(&image, None).await, None);

    // Never pulled and not there: said by the check and by the attempt.
    let mut spec = pin();
    spec.reference = "sindri-test/nowhere:1".to_owned();
    spec.pull = crate::resource::PullPolicy::Never;
    let missing = crate::provider::CreateRequest {
        spec: Arc::new(Spec::Image(spec)),
        ..image
    };
    let error = world.create(&missing).await.unwrap_err();
    assert_eq!(error.code.as_str(), "docker::image-missing");
    let query = world.query(&[(&missing, None)]);
    let observed = world.docker.observe(&query).await.unwrap();
    let findings = world.docker.check(&query, &observed).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].code.as_str(), "docker::image-missing");
}
