//! What isn't ours is never touched, whatever it is called.

use super::engine::{self, Engine, IMAGES, NOTHING, Stranger, docker};

fn lay(engine: &Engine) {
    let name = &engine.name;
    engine.ground.write(
        "sindri.yaml",
        &format!(
            "version: \"3.0\"\nname: {name}\ndeployment:\n  provider: docker\n  image: {}\n  \
             volumes: {{workspace: {{path: /workspace}}}}\n",
            IMAGES[0]
        ),
    );
}

/// The real names of what the project would make: container, network, volumes.
fn names(engine: &Engine) -> [Vec<String>; 3] {
    lay(engine);
    engine.ground.apply().ended(0);
    let format = ["--format", "{{.Name}}"];
    let [containers, networks, volumes] = engine.ours();
    let read = |kind: &str, ids: &[String]| -> Vec<String> {
        ids.iter()
            .map(|id| docker(&[&[kind, "inspect"][..], &format, &[id]].concat()))
            .map(|name| name.trim_start_matches('/').to_owned())
            .collect()
    };
    let names = [
        read("container", &containers),
        read("network", &networks),
        volumes,
    ];
    engine
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
    assert_eq!(engine.ours(), NOTHING);
    std::fs::remove_dir_all(engine.ground.path(".sindri")).unwrap();
    names
}

/// Plans, applies and destroys beside a stranger, which stays what it is.
#[track_caller]
fn untouched(engine: &Engine, stranger: &Stranger, name: &str) {
    let shown = || docker(&["inspect", &stranger.id]);
    let before = shown();
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["apply", "--auto-approve", "--allow", "docker::name-taken"],
    ] {
        engine.ground.sindri(command).ended(1).says(name);
        assert_eq!(before, shown(), "`{}` touched {name}", command.join(" "));
    }
    engine
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
    assert_eq!(before, shown(), "destroy touched {name}");
}

/// Once the stranger is gone, there is room.
#[track_caller]
fn goes_on(engine: &Engine) {
    engine.ground.apply().ended(0);
    engine.ground.settled();
    engine
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
}

#[test]
fn a_strangers_container_network_and_volume_stay_what_they_are() {
    let engine = engine::ground();
    let [containers, networks, volumes] = names(&engine);
    untouched(
        &engine,
        &Stranger::container(&containers[0], &[]),
        &containers[0],
    );
    goes_on(&engine);
    for volume in &volumes {
        untouched(&engine, &Stranger::volume(volume), volume);
        goes_on(&engine);
    }
    untouched(&engine, &Stranger::network(&networks[0]), &networks[0]);
    goes_on(&engine);
}

#[test]
fn what_another_project_made_under_our_name_stays_its_own() {
    let (one, mut other) = (engine::ground(), engine::ground());
    other.name.clone_from(&one.name);
    lay(&one);
    lay(&other);
    one.ground.apply().ended(0);
    let before = one.ours();
    other.ground.apply().ended(1).says(&one.name);
    other
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
    assert_eq!(before, one.ours());
    one.ground.settled();
    one.ground.sindri(&["drift"]).ended(0);
}

#[test]
fn a_stranger_that_took_the_place_of_ours_is_not_deleted() {
    let engine = engine::ground();
    lay(&engine);
    engine.ground.apply().ended(0);
    let container = engine.name.clone();
    docker(&["rm", "--force", &container]);
    let stranger = Stranger::container(&container, &[]);
    let before = docker(&["inspect", &stranger.id]);
    engine.ground.apply().ended(1).says(&container);
    engine
        .ground
        .sindri(&["destroy", "--force", "--volumes"])
        .ended(0);
    assert_eq!(before, docker(&["inspect", &stranger.id]));
    assert_eq!(engine.ours(), NOTHING);
}
