//! The life of a machine and what belongs to it, from nothing to nothing.

use std::sync::Arc;

use super::world::{IMAGE, World, address, ignore, label_name, socket};
use crate::address::{Name, NameRule};
use crate::provider::{Delivery, Provider, Reader};
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

#[tokio::test]
async fn a_machine_lives_from_nothing_to_nothing() {
    let world = World::new("life").await;
    let docker = &world.docker;
    let network = world.request("network.net", Spec::Network(world.network()));
    let volume = world.request("volume.dev.workspace", Spec::Volume(world.volume()));
    let image = world.request("image.dev", Spec::Image(world.image()));
    let made_network = world.create(&network).await.unwrap();
    let made_volume = world.create(&volume).await.unwrap();
    let made_image = world.create(&image).await.unwrap();
    assert!(made_image.id.as_str().starts_with("sha256:"));
    let mut spec = world.full_machine();
    spec.memory = Some(Size::mib(64));
    let mut machine = world.request("machine.dev", Spec::Machine(Box::new(spec.clone())));
    for (request, made) in [
        (&network, &made_network),
        (&volume, &made_volume),
        (&image, &made_image),
    ] {
        let object = world.object(request, made);
        machine.dependencies.insert(request.address.clone(), object);
    }
    let made = world.create(&machine).await.unwrap();
    let here = world.reference(&machine, &made);

    // Everything made is seen as it was asked for.
    let asked = [
        (&network, &made_network),
        (&volume, &made_volume),
        (&image, &made_image),
        (&machine, &made),
    ]
    .map(|(request, made)| (request, Some(&made.id)));
    let query = world.query(&asked);
    let observed = docker.observe(&query).await.unwrap();
    for (request, id) in asked {
        let seen = match &observed[&request.address] {
            crate::plan::Observation::Present(seen) => seen,
            other => panic!("{}: {other:?}", request.address),
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
    assert!(docker.check(&query, &observed).await.is_empty());

    // It runs commands in its workspace, under its own name.
    let said = world
        .sh(&here, "pwd; hostname 2>/dev/null || cat /etc/hostname")
        .await;
    assert_eq!(String::from_utf8_lossy(&said.stdout), "/workspace\ndev\n");

    // A secret is a file, and no part of what the Engine shows; it survives a restart.
    let value = "s3cr3t value\nwith two lines\n";
    docker
        .deliver(&here, &secret(value, Some("/root/.token")))
        .await
        .unwrap();
    world.sh(&here, "echo kept > /workspace/file").await;
    socket()
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
    let inspected = socket()
        .inspect_container(here.id.as_str(), None)
        .await
        .unwrap();
    assert!(
        !serde_json::to_string(&inspected)
            .unwrap()
            .contains("s3cr3t")
    );

    // Limits change in place: the container stays the same.
    let host = inspected.host_config.unwrap();
    assert_eq!(host.memory, Some(64 << 20));
    let mut larger = spec.clone();
    larger.memory = Some(Size::mib(128));
    larger.cpus = Some(1);
    if let Settings::Docker(settings) = &mut larger.settings {
        settings.restart = RestartPolicy::Always;
    }
    let paths = ["memory", "cpus", "docker.restart"];
    let change = world.change(&machine, &made, larger, &paths);
    let changed = docker.update(&change, &ignore).await.unwrap();
    assert_eq!(changed.id, made.id);
    let seen = world.see(&change.wanted, Some(&made.id)).await.unwrap();
    assert_eq!(seen.attributes.get("memory").unwrap(), "128MB");
    assert_eq!(seen.attributes.get("cpus").unwrap(), 1);
    assert_eq!(seen.attributes.get("docker.restart").unwrap(), "always");
    assert_eq!(seen.power, Some(Power::Running));

    // What is in use isn't deleted; what is free is, and with it the machine's own volume.
    let busy = docker
        .delete(&world.deletion(&network, &made_network))
        .await;
    assert_eq!(busy.unwrap_err().code.as_str(), "docker::network-in-use");
    let busy = docker.delete(&world.deletion(&volume, &made_volume)).await;
    assert_eq!(busy.unwrap_err().code.as_str(), "docker::volume-in-use");
    docker
        .delete(&world.deletion(&machine, &made))
        .await
        .unwrap();
    assert_eq!(world.left().await, [0, 1, 1]);

    // A new machine finds the file on the volume.
    machine.operation = world.operation();
    let again = world.create(&machine).await.unwrap();
    assert_ne!(again.id, made.id);
    let here = world.reference(&machine, &again);
    assert_eq!(
        world.sh(&here, "cat /workspace/file").await.stdout,
        b"kept\n"
    );
    assert_eq!(world.sh(&here, "ls /run/secrets").await.stdout, b"");
    for (request, made) in [
        (&machine, &again),
        (&volume, &made_volume),
        (&network, &made_network),
    ] {
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
        let object = world.object(&network, &made);
        request.dependencies.insert(address("network.net"), object);
        let made = world.create(&request).await.unwrap();
        references.push(world.reference(&request, &made));
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
    let here = world.reference(&request, &made);
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
    let change = world.change(&request, &made, world.machine(), &["memory", "cpus"]);
    world.docker.update(&change, &ignore).await.unwrap();
    let host = socket()
        .inspect_container(made.id.as_str(), None)
        .await
        .unwrap()
        .host_config
        .unwrap();
    assert!(host.memory.unwrap() > 64 << 20);
    let seen = world.see(&change.wanted, Some(&made.id)).await.unwrap();
    assert!(seen.attributes.get("memory").is_none());
    let refused = world.change(&request, &made, world.machine(), &["docker.ports"]);
    let error = world.docker.update(&refused, &ignore).await.unwrap_err();
    assert_eq!(error.code.as_str(), "docker::not-in-place");
}

#[tokio::test]
async fn an_image_pin_is_the_engines_own_id() {
    let world = World::new("pin").await;
    let image = world.request("image.dev", Spec::Image(world.image()));
    let made = world.create(&image).await.unwrap();
    let expected = socket().inspect_image(IMAGE).await.unwrap().id.unwrap();
    assert_eq!(made.id.as_str(), expected);
    assert_eq!(made.attributes.get("imageId").unwrap(), &expected);
    let seen = world.see(&image, Some(&made.id)).await.unwrap();
    assert_eq!(seen.outputs.get("imageId").unwrap(), &expected);
    assert_eq!(world.see(&image, None).await, None);

    // Never pulled and not there: said by the check and by the attempt.
    let mut spec = world.image();
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
