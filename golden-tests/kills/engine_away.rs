//! An Engine that can't be reached, an image it doesn't have, a port it can't give.

use std::net::TcpListener;

use super::engine::{self, Engine, IMAGES, Stranger, docker};

/// One machine without anything in it.
fn lay(engine: &Engine, image: &str, more: &str) {
    let name = &engine.name;
    engine.ground.write(
        "sindri.yaml",
        &format!(
            "version: \"3.0\"\nname: {name}\ndeployment:\n  provider: docker\n  image: {image}\n  \
             volumes: {{workspace: {{path: /workspace}}}}\n{more}"
        ),
    );
}

#[test]
fn an_engine_out_of_reach_is_an_error_and_nothing_counts_as_gone() {
    let mut engine = engine::ground();
    lay(&engine, IMAGES[0], "");
    engine.ground.apply().ended(0);
    let before = (engine.ground.store(), engine.ours());
    let real = engine.ground.environment.get("DOCKER_HOST").cloned();
    for host in ["unix:///nonexistent/docker.sock", "tcp://127.0.0.1:9"] {
        engine
            .ground
            .environment
            .insert("DOCKER_HOST".to_owned(), host.to_owned());
        for command in [
            &["plan"][..],
            &["apply", "--auto-approve"],
            &["drift"],
            &["destroy", "--auto-approve"],
            &["destroy", "--force", "--volumes"],
            &["status"],
            &["stop"],
        ] {
            let ran = engine.ground.sindri(command).ended(1);
            ran.says("docker::").says(host).never_says("panicked");
        }
        let state = engine.ground.state().unwrap();
        assert!(
            state
                .current(&format!("machine.{}", engine.name).parse().unwrap())
                .is_some()
        );
        // Without a refresh nobody has to be reached.
        engine
            .ground
            .sindri(&["plan", "--refresh=false", "--detailed-exitcode"])
            .ended(0);
    }
    match real {
        Some(host) => engine
            .ground
            .environment
            .insert("DOCKER_HOST".to_owned(), host),
        None => engine.ground.environment.remove("DOCKER_HOST"),
    };
    let resources = |store: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>| {
        store.get(&engine.ground.path(".sindri/key")).cloned()
    };
    assert_eq!(resources(&before.0), resources(&engine.ground.store()));
    assert_eq!(before.1, engine.ours());
    engine.ground.settled();
}

#[test]
fn a_missing_image_is_an_error_before_anything_is_made() {
    let engine = engine::ground();
    lay(&engine, "localhost:1/kills/nowhere:1", "");
    engine
        .ground
        .apply()
        .ended(1)
        .says("localhost:1/kills/nowhere:1")
        .says("docker::");
    let [containers, _, _] = engine.ours();
    assert!(containers.is_empty());
    lay(&engine, IMAGES[0], "");
    engine.ground.apply().ended(0);
    engine.ground.settled();
}

#[test]
fn a_port_taken_by_a_process_is_found_at_plan_time() {
    let engine = engine::ground();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ports = format!("providers: {{docker: {{ports: [\"127.0.0.1:{port}:80\"]}}}}\n");
    lay(&engine, IMAGES[0], &ports);
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        engine
            .ground
            .sindri(command)
            .ended(1)
            .says("docker::port-taken")
            .says(&port.to_string());
    }
    assert_eq!(engine.ours()[0].len(), 0);
    drop(listener);
    engine.ground.apply().ended(0);
    engine.ground.settled();
}

#[test]
fn a_port_taken_by_a_container_names_it() {
    let engine = engine::ground();
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let taker = format!("{}-taker", engine.name);
    let publish = format!("127.0.0.1:{port}:80");
    let stranger = Stranger::container(&taker, &["--publish", &publish]);
    let ports = format!("providers: {{docker: {{ports: [\"127.0.0.1:{port}:80\"]}}}}\n");
    lay(&engine, IMAGES[0], &ports);
    engine
        .ground
        .apply()
        .ended(1)
        .says("docker::port-taken")
        .says(&taker);
    assert_eq!(
        docker(&["inspect", "--format", "{{.State.Running}}", &stranger.id]),
        "true"
    );
    drop(stranger);
    engine.ground.apply().ended(0);
    engine.ground.settled();
}
