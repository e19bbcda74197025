//! Kills on this host: machines are directories, so everything they leave can be seen.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::ground::{Ground, living};
use super::life::{Act, Scene, live};
use super::seed::kills;

const MACHINES: [&str; 8] = [
    "db", "web-1", "web-2", "web-3", "job-1", "job-2", "desk", "lone",
];

const VALUE: &str = "the-value-of-the-token";
const KEY: &str = "the-content-of-the-key-";

struct Local;

#[test]
fn a_life_on_this_host_survives_its_kills() {
    live(&Local, kills());
}

/// The version of the extension that changes.
fn version(act: Act) -> &'static str {
    match act {
        Act::Make => "1.0.0",
        Act::Change | Act::Replace | Act::Stop | Act::Start | Act::Destroy | Act::Purge => "1.1.0",
    }
}

/// A script that tells when it begins and ends, and whose tool works only when it came to its end.
fn script(name: &str, version: &str) -> String {
    format!(
        "#!/bin/sh\nset -eu\necho 'begin {version}' >>\"$HOME/{name}.log\"\n\
         test \"$API_TOKEN\" = {VALUE}\n\
         sleep 0.02\nmkdir -p \"$HOME/.local/bin\"\n\
         printf '#!/bin/sh\\necho {name} {version}\\n' >\"$HOME/.local/bin/{name}.new\"\n\
         chmod 755 \"$HOME/.local/bin/{name}.new\"\n\
         mv \"$HOME/.local/bin/{name}.new\" \"$HOME/.local/bin/{name}\"\n\
         echo 'end {version}' >>\"$HOME/{name}.log\"\n"
    )
}

impl Scene for Local {
    fn ground(&self) -> Ground {
        let mut ground = Ground::new();
        ground
            .environment
            .insert("API_TOKEN".to_owned(), VALUE.to_owned());
        ground
    }

    fn lay(&self, ground: &Ground, act: Act, again: bool) -> Vec<&'static str> {
        let memory = if act == Act::Make { "512MB" } else { "1GB" };
        ground.write(
            "sindri.yaml",
            &format!(
                "version: \"3.0\"\nname: swarm\n\
                 deployment:\n  provider: local\n  resources: {{memory: {memory}}}\n  \
                 volumes: {{workspace: {{}}}}\n\
                 extensions: {{active: [alpha, beta]}}\n\
                 secrets:\n  - {{name: API_TOKEN, source: env, required: true}}\n  \
                 - {{name: DEPLOY_KEY, source: file, path: key.pem, mountPath: /etc/deploy.key}}\n\
                 machines:\n  db: {{volumes: {{store: {{path: /srv/store}}}}}}\n  \
                 web: {{count: 3, dependsOn: [db]}}\n  job: {{count: 2, dependsOn: [web]}}\n  \
                 desk: {{}}\n  lone: {{}}\n"
            ),
        );
        ground.write("key.pem", &format!("{KEY}{}", version(act)));
        ground.extension("alpha", "1.0.0", 60, &script("alpha", "1.0.0"));
        ground.extension("beta", version(act), 60, &script("beta", version(act)));
        match act {
            Act::Make | Act::Change => vec!["apply", "--auto-approve"],
            Act::Replace if again => vec!["apply", "--auto-approve"],
            Act::Replace => vec![
                "apply",
                "--auto-approve",
                "--replace",
                "machine.db",
                "--replace",
                "machine.desk",
            ],
            Act::Stop => vec!["stop", "desk"],
            Act::Start => vec!["start", "desk"],
            Act::Destroy => vec!["destroy", "--auto-approve"],
            Act::Purge => vec!["destroy", "--force", "--volumes"],
        }
    }

    fn kills(&self, act: Act) -> u64 {
        match act {
            Act::Make => 8,
            Act::Change | Act::Replace | Act::Destroy => 4,
            Act::Purge => 2,
            Act::Stop | Act::Start => 1,
        }
    }

    fn whole(&self, ground: &Ground, act: Act) {
        let lineage = lineage(ground);
        let machines: BTreeSet<String> = MACHINES
            .iter()
            .map(|name| format!("swarm-{name}"))
            .collect();
        assert_eq!(names(&lineage.join("machines")), machines);
        let mut volumes = BTreeSet::from([
            "swarm-db-store".to_owned(),
            "swarm-db-store.json".to_owned(),
        ]);
        for machine in &machines {
            volumes.extend([
                format!("{machine}-workspace"),
                format!("{machine}-workspace.json"),
            ]);
        }
        assert_eq!(names(&lineage.join("volumes")), volumes);
        for name in MACHINES {
            let machine = lineage.join(format!("machines/swarm-{name}"));
            marked(&machine.join("machine.json"), &format!("machine.{name}"));
            let volume = format!("volumes/swarm-{name}-workspace.json");
            marked(&lineage.join(volume), &format!("volume.{name}.workspace"));
            inside(&machine, act);
        }
    }

    fn bare(&self, ground: &Ground, retained: bool) {
        let lineage = lineage(ground);
        assert_eq!(names(&lineage.join("machines")), BTreeSet::new());
        let volumes = names(&lineage.join("volumes")).len();
        assert_eq!(volumes, if retained { 18 } else { 0 }, "volumes are left");
        let left = living(&ground.data());
        let told: Vec<_> = left
            .iter()
            .map(|pid| fs::read(format!("/proc/{pid}/cmdline")))
            .collect();
        assert!(left.is_empty(), "processes are left: {left:?} {told:?}");
    }

    fn clean(&self, _: &Ground) {}
}

/// The only lineage below the data directory.
fn lineage(ground: &Ground) -> PathBuf {
    let lineages = names(&ground.data());
    assert_eq!(lineages.len(), 1, "{lineages:?}");
    ground.data().join(lineages.first().unwrap())
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Asserts whose an object is.
fn marked(marker: &Path, address: &str) {
    let bytes = fs::read(marker).unwrap();
    let marker: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(marker["address"], address);
}

/// Asserts that a machine has its secrets and its tools, each installed once.
fn inside(machine: &Path, act: Act) {
    let read = |path: &str| fs::read_to_string(machine.join(path)).unwrap();
    let secrets = BTreeSet::from(["API_TOKEN".to_owned(), "DEPLOY_KEY".to_owned()]);
    assert_eq!(names(&machine.join("run/secrets")), secrets);
    assert_eq!(read("run/secrets/API_TOKEN"), VALUE);
    assert_eq!(
        read("run/secrets/DEPLOY_KEY"),
        format!("{KEY}{}", version(act))
    );
    assert_eq!(
        names(&machine.join("etc")),
        BTreeSet::from(["deploy.key".to_owned()])
    );
    assert_eq!(read("etc/deploy.key"), format!("{KEY}{}", version(act)));
    for (name, version) in [("alpha", "1.0.0"), ("beta", version(act))] {
        let log = read(&format!("home/{name}.log"));
        let ends = log
            .lines()
            .filter(|line| *line == format!("end {version}"))
            .count();
        assert_eq!(
            ends,
            1,
            "{name} was installed {ends} times in {}:\n{log}",
            machine.display()
        );
    }
}
