//! What goes wrong: strangers, drift, taken ports, cut connections, Engines that aren't there.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::ContainerUpdateBody;
use bollard::query_parameters::{RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder};

use super::world::{IMAGE, World, check, codes, import, object, pin, reference, socket};
use crate::plan::Observation;
use crate::provider::docker::request::volume::Part;
use crate::provider::docker::{Docker, label, volume};
use crate::provider::{Class, CreateRequest, Provider, Reader};
use crate::resource::{MachineSpec, PortMapping, Power, Protocol, Settings, Size, Spec};
use crate::sys::Environment;

fn machine_request(world: &World, spec: MachineSpec) -> CreateRequest {
    world.request("machine.dev", Spec::Machine(Box::new(spec)))
}

#[tokio::test]
async fn what_is_done_behind_our_back_is_seen() {
    let world = World::new("drift").await;
    let client = socket();
    let mut spec = world.machine();
    spec.memory = Some(Size::mib(64));
    let request = machine_request(&world, spec);
    let made = world.create(&request).await.unwrap();
    let id = made.id.as_str();
    let seen = |path: &'static str| {
        let world = &world;
        let request = &request;
        let id = &made.id;
        async move {
            let seen = world.see(request, Some(id)).await.unwrap();
            seen.attributes.get(path).cloned()
        }
    };
    // A limit nobody declared isn't drift.
    let limit = ContainerUpdateBody {
        nano_cpus: Some(500_000_000),
        memory: Some(96 << 20),
        memory_swap: Some(96 << 20),
        ..Default::default()
    };
    client.update_container(id, limit).await.unwrap();
    assert_eq!(seen("cpus").await, None);
    assert_eq!(seen("memory").await.unwrap(), "96MB");
    let moved = format!("{}-moved", world.name);
    let options = RenameContainerOptionsBuilder::new().name(&moved).build();
    client.rename_container(id, options).await.unwrap();
    assert_eq!(seen("name").await.unwrap(), moved.as_str());
    client.stop_container(id, None).await.unwrap();
    let stopped = world.see(&request, Some(&made.id)).await.unwrap();
    assert_eq!(stopped.power, Some(Power::Stopped));
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    client.remove_container(id, Some(options)).await.unwrap();
    assert_eq!(world.see(&request, Some(&made.id)).await, None);

    // The next machine takes the place of what was left, its old secrets gone.
    let mut again = request.clone();
    again.operation = world.operation();
    again.generation = 2;
    world.create(&again).await.unwrap();
    assert_eq!(world.left().await, [1, 0, 1]);
}

fn published(world: &World, port: u16) -> MachineSpec {
    let mut spec = world.machine();
    if let Settings::Docker(settings) = &mut spec.settings {
        settings.ports = vec![PortMapping {
            address: Some("127.0.0.1".to_owned()),
            host: port,
            container: 80,
            protocol: Protocol::Tcp,
        }];
    }
    spec
}

#[tokio::test]
async fn a_taken_port_is_found_before_and_survived_after() {
    let world = World::new("port").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let request = machine_request(&world, published(&world, port));
    let mut resting = published(&world, port);
    resting.power = Power::Stopped;
    let resting = machine_request(&world, resting);
    assert!(check(&world, &resting).await.is_empty(), "it needs none");
    let findings = check(&world, &request).await;
    assert_eq!(codes(&findings), ["docker::port-taken"]);
    assert!(
        findings[0].summary.contains("a process on this host"),
        "{findings:?}"
    );
    let error = world.create(&request).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Conflict, "docker::port-taken")
    );
    assert_eq!(
        world.left().await,
        [0, 0, 0],
        "a failed creation leaves nothing"
    );
    drop(listener);
    let made = world.create(&request).await.unwrap();
    // Its own port is no obstacle to itself, but to another it is.
    let query = world.query(&[(&request, Some(&made.id))]);
    let observed = world.docker.observe(&query).await.unwrap();
    assert!(world.docker.check(&query, &observed).await.is_empty());
    let mut other = published(&world, port);
    other.name = format!("{}-other", world.name);
    let other = world.request("machine.other", Spec::Machine(Box::new(other)));
    let findings = check(&world, &other).await;
    assert_eq!(codes(&findings), ["docker::port-taken"]);
    assert!(findings[0].summary.contains(&world.name), "{findings:?}");
}

#[tokio::test]
async fn a_creation_cut_anywhere_is_finished_by_its_repetition() {
    let world = World::new("resume").await;
    // Cut after the machine's own volume, and again between create and start.
    let request = machine_request(&world, world.machine());
    let name = &world.machine().name;
    let part = volume::create_part(&world.docker, &request, name, Part::Secrets).await;
    part.unwrap();
    let asleep = CreateRequest {
        spec: {
            let mut spec = world.machine();
            spec.power = Power::Stopped;
            Arc::new(Spec::Machine(Box::new(spec)))
        },
        ..request.clone()
    };
    let cut = world.create(&asleep).await.unwrap();
    let finished = world.create(&request).await.unwrap();
    assert_eq!(finished.id, cut.id);
    let seen = world.see(&request, None).await.unwrap();
    assert_eq!(seen.power, Some(Power::Running));
    assert_eq!(world.create(&request).await.unwrap().id, cut.id);
    // Another operation doesn't take it over silently.
    let mut other = request.clone();
    other.operation = world.operation();
    let error = world.create(&other).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Conflict, "docker::already-made")
    );
    for (at, spec) in [
        ("network.net", Spec::Network(world.network())),
        ("volume.dev.workspace", Spec::Volume(world.volume())),
    ] {
        let request = world.request(at, spec);
        let made = world.create(&request).await.unwrap();
        assert_eq!(world.create(&request).await.unwrap(), made);
        let mut other = request.clone();
        other.operation = world.operation();
        let error = world.create(&other).await.unwrap_err();
        assert_eq!(error.code.as_str(), "docker::already-made", "{at}");
    }
}

#[tokio::test]
async fn a_call_dropped_at_any_moment_is_finished_by_its_repetition() {
    let world = World::new("dropped").await;
    for pause in [0, 5, 10, 20, 40, 60, 80, 120, 160, 240, 320] {
        let request = machine_request(&world, world.machine());
        let limit = Duration::from_millis(pause);
        drop(tokio::time::timeout(limit, world.create(&request)).await);
        let made = world.create(&request).await;
        let made = made.unwrap_or_else(|error| panic!("after {pause} ms: {error:?}"));
        assert_eq!(world.left().await, [1, 0, 1], "after {pause} ms");
        let here = reference(&request, &made);
        assert_eq!(world.sh(&here, "echo up").await.stdout, b"up\n");
        let deletion = world.deletion(&request, &made);
        drop(tokio::time::timeout(limit, world.docker.delete(&deletion)).await);
        world.docker.delete(&deletion).await.unwrap();
        assert_eq!(world.left().await, [0, 0, 0], "after {pause} ms");
    }
}

/// Passes connections on to the Engine, and cuts those that ask for something once the Engine has
/// answered, so that the answer is lost.
fn cutting_proxy(at: &Path, engine: &str, cut: &'static str) {
    let engine = engine
        .strip_prefix("unix://")
        .expect("this test needs an Engine at a socket");
    drop(UnixStream::connect(engine).expect("the Engine takes connections"));
    let engine: Arc<Path> = Path::new(engine).into();
    let listener = UnixListener::bind(at).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let engine = Arc::clone(&engine);
            std::thread::spawn(move || pass(client, &engine, cut));
        }
    });
}

fn pass(mut client: UnixStream, engine: &Path, cut: &str) -> Option<()> {
    let mut engine = UnixStream::connect(engine).ok()?;
    let mut buffer = vec![0; 1 << 16];
    let count = client.read(&mut buffer).ok()?;
    engine.write_all(&buffer[..count]).ok()?;
    let lost = String::from_utf8_lossy(&buffer[..count]).contains(cut);
    let (mut to, mut from) = (engine.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Write));
    });
    if lost {
        drop(engine.read(&mut buffer));
        drop(client.shutdown(Shutdown::Both));
    } else {
        drop(std::io::copy(&mut engine, &mut client));
        drop(client.shutdown(Shutdown::Both));
    }
    Some(())
}

#[tokio::test]
async fn an_answer_lost_on_the_way_is_looked_up() {
    let world = World::new("lost").await;
    let folder = tempfile::tempdir().unwrap();
    for (cut, at, spec) in [
        (
            "POST /containers/create",
            "machine.dev",
            Spec::Machine(Box::new(world.machine())),
        ),
        (
            "POST /networks/create",
            "network.net",
            Spec::Network(world.network()),
        ),
    ] {
        let path = folder.path().join(format!("{}.sock", at.replace('.', "-")));
        cutting_proxy(&path, &world.docker.endpoint(), cut);
        let host = format!("unix://{}", path.display());
        let docker = Docker::connect(&Environment::of([("DOCKER_HOST".to_owned(), host)])).unwrap();
        let request = world.request(at, spec);
        let made = docker
            .create(&request, &super::world::ignore)
            .await
            .unwrap();
        let seen = world.see(&request, None).await.unwrap();
        assert_eq!(seen.id, made.id, "{at}");
    }
    assert_eq!(world.left().await, [1, 1, 1], "nothing is made twice");
}

#[tokio::test]
async fn an_image_without_a_shell_fails_and_leaves_nothing() {
    let world = World::new("shell").await;
    import("sindri-test/broken:1", "", false).await;
    let mut spec = world.machine();
    spec.image = Some("sindri-test/broken:1".to_owned());
    let request = machine_request(&world, spec);
    let error = world.create(&request).await.unwrap_err();
    assert_eq!(error.class, Class::Failed, "{error:?}");
    assert_eq!(world.left().await, [0, 0, 0]);
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_one_finding() {
    let world = World::new("nobody").await;
    let nobody = [(
        "DOCKER_HOST".to_owned(),
        "unix:///nonexistent/docker.sock".to_owned(),
    )];
    let docker = Docker::connect(&Environment::of(nobody)).unwrap();
    let requests = ["machine.one", "machine.two"]
        .map(|at| world.request(at, Spec::Machine(Box::new(world.machine()))));
    let query = world.query(&[(&requests[0], None), (&requests[1], None)]);
    let error = docker.observe(&query).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Unreachable, "docker::unreachable")
    );
    assert!(
        error.message.contains("unix:///nonexistent/docker.sock"),
        "{}",
        error.message
    );
    assert!(error.help.unwrap().contains("is dockerd running?"));
    let findings = docker
        .check(&query, &std::collections::BTreeMap::new())
        .await;
    assert_eq!(codes(&findings), ["docker::unreachable"]);
    // A port where nobody listens says the same.
    let nobody = [("DOCKER_HOST".to_owned(), "tcp://127.0.0.1:1".to_owned())];
    let docker = Docker::connect(&Environment::of(nobody)).unwrap();
    let error = docker.observe(&query).await.unwrap_err();
    assert_eq!(error.class, Class::Unreachable, "{error:?}");
    assert!(
        error.message.contains("tcp://127.0.0.1:1"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn wishes_beyond_the_host_are_found() {
    let world = World::new("wishes").await;
    let mut spec = world.machine();
    spec.cpus = Some(4096);
    spec.memory = Some(Size::gib(1 << 20));
    spec.settings = serde_json::from_value(serde_json::json!({"docker": {
        "network": "bridge", "restart": "no", "runtime": "sysbox-runc", "privileged": true,
        "dind": {"mode": "socket", "storageDriver": "auto", "storageSize": "20GB"},
    }}))
    .unwrap();
    let findings = check(&world, &machine_request(&world, spec)).await;
    let found = codes(&findings);
    for code in [
        "docker::cpus-exceed-host",
        "docker::memory-exceeds-host",
        "docker::runtime-missing",
        "docker::dind-socket",
        "docker::privileged",
    ] {
        assert!(found.contains(&code), "{code} is not among {found:?}");
    }
    assert!(findings.iter().all(|finding| finding.address.is_some()));
    let gpu = serde_json::json!({"provider": "docker", "type": "nvidia", "count": 1});
    let gpu = Spec::Gpu(serde_json::from_value(gpu).unwrap());
    let findings = check(&world, &world.request("gpu.dev", gpu)).await;
    let nvidia = world.docker.features().await.unwrap().nvidia;
    assert_eq!(codes(&findings) == ["docker::gpu-runtime-missing"], !nvidia);
}

#[tokio::test]
async fn a_replaced_image_shows_on_the_machine() {
    let world = World::new("image").await;
    let image = world.request("image.dev", Spec::Image(pin()));
    let pinned = world.create(&image).await.unwrap();
    let mut request = machine_request(&world, world.machine());
    request
        .dependencies
        .insert(image.address.clone(), object(&image, &pinned));
    let made = world.create(&request).await.unwrap();
    let other = crate::state::ObjectId::new("sha256:another");
    for (pin, same) in [(&pinned.id, true), (&other, false)] {
        let query = world.query(&[(&image, Some(pin)), (&request, Some(&made.id))]);
        let observed = world.docker.observe(&query).await.unwrap();
        let Observation::Present(seen) = &observed[&request.address] else {
            panic!("{observed:?}");
        };
        assert_eq!(seen.attributes.get("image").unwrap() == IMAGE, same);
    }
    let inspected = socket()
        .inspect_container(made.id.as_str(), None)
        .await
        .unwrap();
    let labels = inspected.config.unwrap().labels.unwrap();
    assert_eq!(labels[label::IMAGE], IMAGE);
}
