//! Fly.io: an app with an address, a volume, a machine, a secret and an extension.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::super::fly_emulator::Emulator;
use super::super::ground::Ground;
use super::fault::Fault;
use super::life::{Act, Cloud, Sky, survive, value};

/// How long a lease that a killed run left stands in the way of the next one; on Fly.io two minutes.
const LEASE: Duration = Duration::from_secs(2);

struct Fly;

#[test]
fn a_life_on_fly_survives_whatever_becomes_of_a_call() {
    survive(&Fly, "every call to Fly.io gone wrong");
}

fn memory(act: Act) -> u64 {
    if act == Act::Make { 512 } else { 1024 }
}

fn image(act: Act) -> &'static str {
    match act {
        Act::Make | Act::Change => "debian:12",
        Act::Replace | Act::Destroy => "debian:13",
    }
}

/// How large the volume is, in GB.
fn size(act: Act) -> u64 {
    if act == Act::Make { 1 } else { 2 }
}

/// An emulator, and where its machines' files lie.
struct Standing {
    emulator: Emulator,
    root: PathBuf,
}

impl Cloud for Fly {
    fn start(&self, ground: &Ground) -> (Box<dyn Sky>, String) {
        let root = ground.room().join("fly");
        fs::create_dir(&root).unwrap();
        let emulator = Emulator::start(&root, 0).unwrap();
        emulator.world().longest_lease = LEASE;
        let address = emulator.address.clone();
        (Box::new(Standing { emulator, root }), address)
    }

    fn environment(&self, address: &str) -> Vec<(&'static str, String)> {
        vec![
            ("FLY_API_TOKEN", "FlyV1 fm2_emulated".to_owned()),
            ("FLY_FLAPS_BASE_URL", address.to_owned()),
        ]
    }

    fn configuration(&self, act: Act) -> String {
        format!(
            "version: \"4.0\"\nname: shop\ndeployment:\n  provider: fly\n  image: {}\n  \
             resources: {{cpus: 1, memory: {}MB}}\n  \
             volumes: {{workspace: {{path: /workspace, size: {}GB}}}}\n\
             providers: {{fly: {{region: iad, organization: acme}}}}\n\
             extensions: {{active: [greeter]}}\n\
             secrets: [{{name: TOKEN, source: env, required: true}}]\n",
            image(act),
            memory(act),
            size(act)
        )
    }

    fn shape(&self) -> fn(&str) -> String {
        |call| {
            let call = call.split('?').next().unwrap_or_default();
            let parts = call.split('/').enumerate();
            // What is called somehow stands at every second place.
            let parts = parts.map(|(at, part)| if at > 2 && at % 2 == 1 { "*" } else { part });
            parts.collect::<Vec<_>>().join("/")
        }
    }

    fn goes_on(&self, fault: Fault) -> bool {
        match fault {
            Fault::AnswerCut | Fault::AnswerLost(_) | Fault::Throttled | Fault::Trouble => true,
            Fault::KilledBefore
            | Fault::KilledAfter
            | Fault::KilledAnswered
            | Fault::Unreachable
            | Fault::TokenRefused
            | Fault::StoreLost => false,
        }
    }

    fn wanted(&self, act: Act) -> Vec<String> {
        if act == Act::Destroy {
            return Vec::new();
        }
        let (size, image, memory) = (size(act), image(act), memory(act));
        let version = if act == Act::Make { "1.0.0" } else { "1.1.0" };
        vec![
            "app shop".to_owned(),
            "address".to_owned(),
            format!("volume of {size}GB"),
            format!("machine of {image} with {memory}MB, started"),
            format!("secret {}", value(act)),
            format!("greeter {version}"),
        ]
    }
}

impl Sky for Standing {
    fn standing(&self) -> Vec<String> {
        let world = self.emulator.world();
        let mut standing = Vec::new();
        for (name, app) in &world.apps {
            standing.push(format!("app {name}"));
            standing.extend(app.addresses.iter().map(|_| "address".to_owned()));
            let volumes = app.volumes.values();
            let volumes = volumes.filter(|volume| volume.state != "pending_destroy");
            standing.extend(volumes.map(|volume| format!("volume of {}GB", volume.size)));
            for (id, machine) in &app.machines {
                let (image, memory) = (&machine.config["image"], &machine.config["guest"]);
                let image = image.as_str().unwrap_or_default();
                // An image is held by its digest once the machine was changed.
                let image = image.split('@').next().unwrap_or_default();
                let (memory, state) = (&memory["memory_mb"], &machine.state);
                standing.push(format!("machine of {image} with {memory}MB, {state}"));
                let read = |path: &str| {
                    let path = self.root.join(id).join(path);
                    fs::read_to_string(path).unwrap_or_default()
                };
                standing.push(format!("secret {}", read("secrets/TOKEN")));
                if let Some(last) = read("root/greeter.log").lines().last() {
                    standing.push(format!("greeter {last}"));
                }
            }
        }
        standing
    }
}
