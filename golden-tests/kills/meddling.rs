//! What somebody does behind our back: drift sees it, apply heals it, and then there is nothing to do.

use super::engine::{self, Engine, IMAGES, NOTHING, docker};

/// Two machines with a volume each, an extension and a secret.
fn project() -> Engine {
    let mut engine = engine::ground();
    engine
        .ground
        .environment
        .insert("TOKEN".to_owned(), "a-token".to_owned());
    let name = &engine.name;
    engine.ground.write(
        "sindri.yaml",
        &format!(
            "version: \"3.0\"\nname: {name}\ndeployment:\n  provider: docker\n  image: {}\n  \
             resources: {{memory: 64MB}}\n  volumes: {{workspace: {{path: /workspace}}}}\n\
             extensions: {{active: [tool]}}\nsecrets: [{{name: TOKEN, source: env, required: true}}]\n\
             machines: {{one: {{}}, two: {{}}}}\n",
            IMAGES[0]
        ),
    );
    engine.ground.extension(
        "tool",
        "1.0.0",
        30,
        "#!/bin/sh\nset -eu\nmkdir -p \"$HOME/.local/bin\"\n\
         printf '#!/bin/sh\\necho tool 1.0.0\\n' >\"$HOME/.local/bin/tool\"\n\
         chmod 755 \"$HOME/.local/bin/tool\"\n",
    );
    engine.ground.apply().ended(0);
    docker(&[
        "exec",
        &container(&engine),
        "sh",
        "-c",
        "echo kept >/workspace/file",
    ]);
    engine.ground.settled();
    engine
}

fn container(engine: &Engine) -> String {
    format!("{}-one", engine.name)
}

/// Drift says it, plan has it, apply heals it, and the tools and secrets are there again.
#[track_caller]
fn healed(engine: &Engine, volume_kept: bool) {
    let before = engine.ground.store();
    engine.ground.sindri(&["drift"]).ended(2).says("one");
    engine
        .ground
        .sindri(&["plan", "--detailed-exitcode"])
        .ended(2);
    assert!(
        before == engine.ground.store(),
        "drift or plan wrote to the state"
    );
    engine.ground.apply().ended(0);
    engine.ground.settled();
    deeply_settled(engine);
    let ask = "cat /run/secrets/TOKEN && tool && cat /workspace/file || true";
    let said = engine
        .ground
        .sindri(&["connect", "one", "-c", ask])
        .ended(0);
    let said = said.says("a-token").says("tool 1.0.0");
    if volume_kept {
        said.says("kept");
    }
    let [containers, networks, volumes] = engine.ours();
    assert_eq!([containers.len(), networks.len(), volumes.len()], [2, 1, 4]);
    engine
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
    assert_eq!(engine.ours(), NOTHING);
}

#[test]
fn a_removed_container_comes_back_with_its_volume() {
    let engine = project();
    docker(&["rm", "--force", &container(&engine)]);
    healed(&engine, true);
}

#[test]
fn a_removed_container_is_destroyed_with_all_that_belongs_to_it() {
    let engine = project();
    docker(&["rm", "--force", &container(&engine)]);
    engine
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
    assert_eq!(engine.ours(), NOTHING);
}

#[test]
fn a_renamed_container_gets_its_name_back() {
    let engine = project();
    let id = docker(&["inspect", "--format", "{{.Id}}", &container(&engine)]);
    docker(&[
        "rename",
        &container(&engine),
        &format!("{}-renamed", engine.name),
    ]);
    engine.ground.sindri(&["plan"]).ended(0);
    healed_as(&engine, &id);
}

/// Healed without being made anew.
#[track_caller]
fn healed_as(engine: &Engine, id: &str) {
    engine.ground.sindri(&["drift"]).ended(2);
    engine.ground.apply().ended(0);
    let now = docker(&["inspect", "--format", "{{.Id}}", &container(engine)]);
    assert_eq!(now, id, "the container was made anew");
    engine.ground.settled();
    engine.ground.sindri(&["drift"]).ended(0);
}

#[track_caller]
fn deeply_settled(engine: &Engine) {
    engine
        .ground
        .sindri(&["plan", "--deep", "--detailed-exitcode"])
        .ended(0);
    engine.ground.sindri(&["drift", "--deep"]).ended(0);
}

#[test]
fn changed_memory_is_changed_back_in_place() {
    let engine = project();
    let id = docker(&["inspect", "--format", "{{.Id}}", &container(&engine)]);
    docker(&[
        "update",
        "--memory",
        "96m",
        "--memory-swap",
        "192m",
        &container(&engine),
    ]);
    healed_as(&engine, &id);
    let memory = docker(&["inspect", "--format", "{{.HostConfig.Memory}}", &id]);
    assert_eq!(memory, (64 << 20).to_string());
    deeply_settled(&engine);
}

#[test]
fn a_stopped_container_is_started_again() {
    let engine = project();
    let id = docker(&["inspect", "--format", "{{.Id}}", &container(&engine)]);
    docker(&["stop", "--time", "0", &id]);
    healed_as(&engine, &id);
    assert_eq!(
        docker(&["inspect", "--format", "{{.State.Running}}", &id]),
        "true"
    );
    deeply_settled(&engine);
}

#[test]
fn a_removed_volume_is_made_again() {
    let engine = project();
    docker(&["rm", "--force", &container(&engine)]);
    docker(&["volume", "rm", &format!("{}-one-workspace", engine.name)]);
    healed(&engine, false);
}

#[test]
fn removed_secrets_are_delivered_again() {
    let engine = project();
    docker(&["rm", "--force", &container(&engine)]);
    docker(&["volume", "rm", &format!("{}-one-secrets", engine.name)]);
    healed(&engine, true);
}

#[test]
fn a_removed_network_is_made_again() {
    let engine = project();
    let network = engine.ours()[1][0].clone();
    for machine in ["one", "two"] {
        let machine = format!("{}-{machine}", engine.name);
        docker(&["network", "disconnect", "--force", &network, &machine]);
    }
    docker(&["network", "rm", &network]);
    engine.ground.sindri(&["drift"]).ended(2);
    healed(&engine, true);
}
