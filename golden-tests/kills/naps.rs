//! A machine that sleeps by itself is kept awake by an apply, and a killed apply leaves it so: the
//! next one sees that and sets it back.

use std::time::Duration;

use super::fly_emulator::Emulator;
use super::ground::Ground;

const CONFIGURATION: &str = "version: \"4.0\"\nname: den\ndeployment: {provider: fly, image: 'debian:12'}\n\
     providers: {fly: {region: iad, organization: acme}}\nextensions: {active: [slow]}\n";

/// A script that takes longer than an idle machine stays awake.
const SCRIPT: &str = "#!/bin/sh\nset -e\nmkdir -p \"$HOME/.local/bin\"\necho begun\n\
     [ -f \"$HOME/quick\" ] || sleep 3\n\
     printf '#!/bin/sh\\necho slow 1.0.0\\n' >\"$HOME/.local/bin/slow\"\nchmod 755 \"$HOME/.local/bin/slow\"\n";

/// What the services of the one machine do with it, and its state.
fn services(emulator: &Emulator) -> (String, String) {
    let mut world = emulator.world();
    let (_, _, machine) = world.machines().next().unwrap();
    let autostop = machine.config["services"][0]["autostop"].to_string();
    (autostop, machine.state.clone())
}

fn falls_asleep(emulator: &Emulator) -> bool {
    (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        services(emulator).1 == "suspended"
    })
}

#[test]
fn what_a_killed_apply_kept_awake_sleeps_after_the_next() {
    let mut ground = Ground::new();
    let root = ground.room().join("fly");
    std::fs::create_dir(&root).unwrap();
    let emulator = Emulator::start(&root, 0).unwrap();
    for (name, value) in [
        ("FLY_API_TOKEN", "FlyV1 fm2_emulated"),
        ("FLY_FLAPS_BASE_URL", &emulator.address),
    ] {
        ground.environment.insert(name.to_owned(), value.to_owned());
    }
    ground.write("sindri.yaml", CONFIGURATION);
    ground.extension("slow", "1.0.0", 60, SCRIPT);
    emulator.rest_after(Duration::from_millis(800));

    let mut running = ground.start(&["apply", "--auto-approve", "--json"]);
    running.until_it_says("begun");
    running.kill();
    // Nobody is there any more who could let it sleep: it costs what it costs, and that is told.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(
        services(&emulator),
        ("\"off\"".to_owned(), "started".to_owned())
    );
    ground
        .sindri(&["plan", "--detailed-exitcode"])
        .ended(2)
        .says("fly::kept-awake")
        .says("fly.autostop");
    ground.sindri(&["drift"]).ended(2).says("fly.autostop");

    ground.apply().ended(0);
    assert_eq!(emulator.world().disturbed, 0);
    assert!(falls_asleep(&emulator), "it stays awake");
    assert_eq!(services(&emulator).0, "\"suspend\"");
    ground.settled();

    // With nothing else to do, too.
    let mut world = emulator.world();
    let (_, _, machine) = world.machines().next().unwrap();
    "started".clone_into(&mut machine.state);
    machine.config["services"][0]["autostop"] = "off".into();
    machine.config["metadata"]["sindri_awake"] = "suspend".into();
    drop(world);
    ground
        .apply()
        .ended(0)
        .says("0 added, 1 changed, 0 destroyed");
    assert!(falls_asleep(&emulator), "it stays awake");
    ground.settled();
    ground
        .sindri(&["destroy", "--volumes", "--auto-approve"])
        .ended(0);
}
