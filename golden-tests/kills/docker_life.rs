//! Kills on a real Engine.

use std::collections::BTreeSet;

use super::engine::{self, IMAGES, docker};
use super::ground::Ground;
use super::life::{Act, Scene, live};
use super::seed::kills;
use super::tally::Wrong;

const MACHINES: [&str; 2] = ["db", "web"];
const VALUE: &str = "the-value-of-the-token";

struct Docker;

#[test]
fn a_life_on_an_engine_survives_its_kills() {
    live(
        &Docker,
        kills().div_ceil(15),
        2,
        "killed at random, on an Engine",
    );
}

fn image(act: Act) -> &'static str {
    match act {
        Act::Make | Act::Change => IMAGES[0],
        Act::Replace | Act::Stop | Act::Start | Act::Destroy | Act::Purge => IMAGES[1],
    }
}

fn memory(act: Act) -> u64 {
    match act {
        Act::Make => 64,
        Act::Change | Act::Replace | Act::Stop | Act::Start | Act::Destroy | Act::Purge => 96,
    }
}

/// The log goes with the root that it tells about.
const SCRIPT: &str = "#!/bin/sh\nset -eu\necho begin >>\"$HOME/alpha.log\"\n\
    test \"$API_TOKEN\" = the-value-of-the-token\n\
    mkdir -p \"$HOME/.local/bin\"\n\
    printf '#!/bin/sh\\necho alpha 1.0.0\\n' >\"$HOME/.local/bin/alpha.new\"\n\
    chmod 755 \"$HOME/.local/bin/alpha.new\"\n\
    mv \"$HOME/.local/bin/alpha.new\" \"$HOME/.local/bin/alpha\"\n\
    echo end >>\"$HOME/alpha.log\"\n";

/// The project's name: that of its ground, which no other has.
fn name(ground: &Ground) -> String {
    let room = ground.room().file_name().unwrap().to_string_lossy();
    let tail: String = room.chars().filter(char::is_ascii_alphanumeric).collect();
    tail.to_ascii_lowercase()
}

impl Scene for Docker {
    fn ground(&self) -> Ground {
        // The images and the Engine are made sure of; the ground itself is cleaned by its lineage.
        drop(engine::ground());
        let mut ground = Ground::new();
        ground
            .environment
            .insert("API_TOKEN".to_owned(), VALUE.to_owned());
        ground
    }

    fn lay(&self, ground: &Ground, act: Act, _: bool) -> Vec<&'static str> {
        ground.write(
            "sindri.yaml",
            &format!(
                "version: \"3.0\"\nname: {}\n\
                 deployment:\n  provider: docker\n  image: {}\n  resources: {{memory: {}MB}}\n  \
                 volumes: {{workspace: {{path: /workspace}}}}\n\
                 extensions: {{active: [alpha]}}\n\
                 secrets: [{{name: API_TOKEN, source: env, required: true}}]\n\
                 machines: {{db: {{}}, web: {{dependsOn: [db]}}}}\n",
                name(ground),
                image(act),
                memory(act)
            ),
        );
        ground.extension("alpha", "1.0.0", 60, SCRIPT);
        match act {
            Act::Make | Act::Change | Act::Replace => vec!["apply", "--auto-approve"],
            Act::Stop => vec!["stop", "web"],
            Act::Start => vec!["start", "web"],
            Act::Destroy => vec!["destroy", "--auto-approve"],
            Act::Purge => vec!["destroy", "--force", "--volumes"],
        }
    }

    fn kills(&self, act: Act) -> u64 {
        match act {
            Act::Make => 4,
            Act::Replace => 3,
            Act::Change | Act::Destroy => 2,
            Act::Stop | Act::Start | Act::Purge => 1,
        }
    }

    fn whole(&self, ground: &Ground, act: Act) -> Wrong {
        let [containers, networks, volumes] = engine::ours(ground);
        let mut wrong = Wrong::times(networks.len());
        let machines: Vec<String> = MACHINES
            .iter()
            .map(|machine| (*machine).to_owned())
            .collect();
        let label = |id: &String| {
            let format = "{{index .Config.Labels \"dev.sindri.address\"}}";
            let address = docker(&["inspect", "--format", format, id]);
            address.trim_start_matches("machine.").to_owned()
        };
        wrong += Wrong::between(&machines, &containers.iter().map(label).collect::<Vec<_>>());
        let project = name(ground);
        let wanted: BTreeSet<String> = MACHINES
            .iter()
            .flat_map(|machine| {
                ["workspace", "secrets"].map(|part| format!("{project}-{machine}-{part}"))
            })
            .collect();
        wrong += Wrong::between(&wanted, &volumes);
        let id = docker(&["image", "inspect", "--format", "{{.Id}}", image(act)]);
        for machine in MACHINES {
            let machine = format!("{project}-{machine}");
            let format = "{{.State.Running}} {{.HostConfig.Memory}} {{.Image}}";
            let told = docker(&["inspect", "--format", format, &machine]);
            assert_eq!(told, format!("true {} {id}", memory(act) << 20));
            let inside = "cat /run/secrets/API_TOKEN ~/alpha.log";
            let said = docker(&["exec", &machine, "sh", "-c", inside]);
            assert!(said.starts_with(VALUE), "{said}");
            let ends = said.lines().filter(|line| *line == "end").count();
            wrong += Wrong::times(ends);
        }
        wrong
    }

    fn bare(&self, ground: &Ground, retained: bool) -> Wrong {
        let [containers, networks, volumes] = engine::ours(ground);
        let project = name(ground);
        let kept: BTreeSet<String> = MACHINES
            .iter()
            .map(|machine| format!("{project}-{machine}-workspace"))
            .filter(|_| retained)
            .collect();
        let mut wrong = Wrong::between([], containers.iter().chain(&networks));
        wrong += Wrong::between(&kept, &volumes);
        wrong
    }

    fn clean(&self, ground: &Ground) {
        engine::clean(ground);
    }
}
