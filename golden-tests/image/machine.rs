//! The image as a machine of Sindri's: on Docker, and as Fly.io would start it.

use std::fs;

use std::process::Command;

use super::desk::{Desk, Machine, docker, run};
use crate::fly_emulator::Emulator;

#[test]
fn on_docker_it_is_a_machine_like_any_other() {
    let desk = Desk::new();
    let mine = desk.key("mine");
    let image = desk.build("remote", &[]);
    let text = format!(
        "version: \"4.0\"\nname: {}\ndeployment:\n  provider: docker\n  image: {image}\nextensions: {{active: []}}\nsecrets:\n  - {{name: AUTHORIZED_KEYS, source: file, path: {mine}.pub}}\n",
        desk.name
    );
    fs::write(desk.path().join("project/sindri.yaml"), text).unwrap();
    desk.sindri(&["apply", "--auto-approve"]).ended(0);
    let seen = desk.sindri(&["connect", "-c", "id -un; pwd; stat -c %U .; cat /run/secrets/AUTHORIZED_KEYS; runuser -u developer -- touch here && echo mine"]).ended(0);
    let key = fs::read_to_string(format!("{mine}.pub")).unwrap();
    assert_eq!(
        seen.stdout,
        format!("root\n/alt/home/developer/workspace\ndeveloper\n{key}mine\n")
    );
    desk.sindri(&["plan", "--detailed-exitcode"]).ended(0);
    desk.sindri(&["destroy", "--volumes", "--auto-approve"])
        .ended(0);
}

/// What the provider of Fly.io starts in a machine, from the requests that its tests hold.
fn started_on_fly() -> Vec<String> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/provider/fly/request/calls.txt"
    );
    let calls = fs::read_to_string(path).unwrap();
    let started = calls.lines().find_map(|line| {
        let body: serde_json::Value = serde_json::from_str(line).ok()?;
        serde_json::from_value(body["config"]["init"]["exec"].clone()).ok()
    });
    started.unwrap()
}

#[test]
fn as_fly_starts_it_the_same_door_is_open() {
    let desk = Desk::new();
    let mine = desk.key("mine");
    desk.authorize(&[&mine]);
    let image = desk.build("remote", &[]);
    let exec = started_on_fly();
    let place = "/alt/home/developer/workspace";
    let words: Vec<&str> = exec[1..4]
        .iter()
        .map(String::as_str)
        .chain([place])
        .collect();
    assert_eq!(exec[3], "sindri", "{exec:?}");
    let machine = desk.start(&image, &["--entrypoint", &exec[0]], &words);
    let key = machine.host_key();
    machine.enter(&mine, "id -un").ended(0).says("developer");
    machine.ssh("root", &["-i", &mine], "true").ended(255);
    // What `sindri connect` learns through the API: the key, and as whom to come in.
    let public = docker(&[
        "exec",
        &machine.name,
        "cat",
        &format!("{place}/.sindri-ssh/host.pub"),
    ]);
    assert_eq!(public, format!("{key} developer"));
    tried_and_entered(&desk, &machine, &public, &mine);
}

/// Puts the machine where an app's address leads, and lets an apply and a session find the way in.
fn tried_and_entered(desk: &Desk, machine: &Machine, public: &str, mine: &str) {
    let cloud = desk.path().join("cloud");
    fs::create_dir(&cloud).unwrap();
    let emulator = Emulator::start(&cloud, 0).unwrap();
    emulator.world().address = Some("127.0.0.1".to_owned());
    // What the machine says of itself stands in the emulated one too.
    fs::write(desk.path().join("host.pub"), public).unwrap();
    let (name, port, host) = (&desk.name, &machine.port, desk.path().join("host.pub"));
    let text = format!(
        "version: \"4.0\"\nname: {name}\ndeployment: {{provider: fly, image: 'debian:12'}}\n\
         providers: {{fly: {{region: iad, organization: acme, sshPort: {port}, autoStopMachines: false}}}}\n\
         secrets:\n  - {{name: HOST, source: file, path: {}, permissions: '0644', \
         mountPath: /alt/home/developer/workspace/.sindri-ssh/host.pub}}\n",
        host.display()
    );
    fs::write(desk.path().join("project/sindri.yaml"), text).unwrap();
    let sindri = |words: &[&str]| {
        let mut command = desk.command(words);
        command
            .env("FLY_API_TOKEN", "FlyV1 fm2_emulated")
            .env("FLY_FLAPS_BASE_URL", &emulator.address);
        command
    };
    let applied = run(&mut sindri(&["apply", "--auto-approve"])).ended(0);
    assert!(!applied.stderr.contains("Warning"), "{applied:#?}");
    let key = public.rsplit_once(' ').unwrap().0;
    run(&mut sindri(&["state", "show", &format!("machine.{name}")]))
        .ended(0)
        .says(key)
        .says("developer");

    // The person's key is in an agent, and what is typed comes from a pipe.
    let connect = sindri(&["connect"]);
    let script = format!(
        "ssh-add -q {mine} && echo 'id -un; pwd' | {} connect",
        env!("CARGO_BIN_EXE_sindri")
    );
    let mut session = Command::new("ssh-agent");
    session.args(["sh", "-c", &script]).env_clear();
    session.current_dir(desk.path().join("project"));
    let variables = connect.get_envs();
    session.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    run(&mut session).ended(0).says("developer");
}
