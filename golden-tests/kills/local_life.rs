//! Kills on this host: machines are directories, so everything they leave can be seen.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::ground::{Ground, living};
use super::life::{Act, Scene, live};
use super::seed::kills;
use super::tally::Wrong;

const VALUE: &str = "the-value-of-the-token";
const KEY: &str = "the-content-of-the-key-";

/// A fleet of directories.
pub(super) struct Local {
    /// Every machine; the first has a volume more than the others.
    machines: &'static [&'static str],
    /// As the configuration says it.
    fleet: &'static str,
    /// Those that are replaced on purpose.
    replaced: &'static [&'static str],
    /// The one that is stopped and started.
    stopped: &'static str,
    /// How often each act may be killed, in one life: more for the longer ones.
    kills: u64,
}

impl Local {
    const LARGE: Self = Self {
        machines: &[
            "db", "web-1", "web-2", "web-3", "job-1", "job-2", "desk", "lone",
        ],
        fleet: "machines:\n  db: {volumes: {store: {path: /srv/store}}}\n  \
                web: {count: 3, dependsOn: [db]}\n  job: {count: 2, dependsOn: [web]}\n  \
                desk: {}\n  lone: {}\n",
        replaced: &["machine.db", "machine.desk"],
        stopped: "desk",
        kills: 8,
    };

    pub(super) const SMALL: Self = Self {
        machines: &["db", "web"],
        fleet: "machines:\n  db: {volumes: {store: {path: /srv/store}}}\n  web: {dependsOn: [db]}\n",
        replaced: &["machine.db"],
        stopped: "web",
        kills: 1,
    };
}

#[test]
fn a_life_on_this_host_survives_its_kills() {
    live(&Local::LARGE, kills(), 4, "killed at random, on this host");
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
                 - {{name: DEPLOY_KEY, source: file, path: key.pem, mountPath: /etc/deploy.key}}\n{}",
                self.fleet
            ),
        );
        ground.write("key.pem", &format!("{KEY}{}", version(act)));
        ground.extension("alpha", "1.0.0", 60, &script("alpha", "1.0.0"));
        ground.extension("beta", version(act), 60, &script("beta", version(act)));
        match act {
            Act::Make | Act::Change => vec!["apply", "--auto-approve"],
            Act::Replace if again => vec!["apply", "--auto-approve"],
            Act::Replace => {
                let replaced = self
                    .replaced
                    .iter()
                    .flat_map(|machine| ["--replace", machine]);
                ["apply", "--auto-approve"]
                    .into_iter()
                    .chain(replaced)
                    .collect()
            }
            Act::Stop => vec!["stop", self.stopped],
            Act::Start => vec!["start", self.stopped],
            Act::Destroy => vec!["destroy", "--auto-approve"],
            Act::Purge => vec!["destroy", "--force", "--volumes"],
        }
    }

    fn kills(&self, act: Act) -> u64 {
        match act {
            Act::Make => self.kills + self.kills / 2,
            Act::Change | Act::Replace | Act::Destroy => self.kills,
            Act::Purge => self.kills.div_ceil(2),
            Act::Stop | Act::Start => self.kills.div_ceil(4),
        }
    }

    fn whole(&self, ground: &Ground, act: Act) -> Wrong {
        let lineage = lineage(ground);
        let machines: Vec<String> = self.machines.iter().map(|n| format!("swarm-{n}")).collect();
        let mut wrong = Wrong::between(&machines, &names(&lineage.join("machines")));
        let volumes: Vec<String> = machines
            .iter()
            .map(|machine| format!("{machine}-workspace"))
            .chain(["swarm-db-store".to_owned()])
            .flat_map(|volume| [format!("{volume}.json"), volume])
            .collect();
        wrong += Wrong::between(&volumes, &names(&lineage.join("volumes")));
        for name in self.machines {
            let machine = lineage.join(format!("machines/swarm-{name}"));
            marked(&machine.join("machine.json"), &format!("machine.{name}"));
            let volume = format!("volumes/swarm-{name}-workspace.json");
            marked(&lineage.join(volume), &format!("volume.{name}.workspace"));
            wrong += inside(&machine, act);
        }
        wrong
    }

    fn bare(&self, ground: &Ground, retained: bool) -> Wrong {
        let lineage = lineage(ground);
        let volumes: BTreeSet<String> = self
            .machines
            .iter()
            .map(|name| format!("swarm-{name}-workspace"))
            .chain(["swarm-db-store".to_owned()])
            .flat_map(|volume| [format!("{volume}.json"), volume])
            .filter(|_| retained)
            .collect();
        let mut wrong = Wrong::between([], &names(&lineage.join("machines")));
        wrong += Wrong::between(&volumes, &names(&lineage.join("volumes")));
        let left = living(&ground.data());
        let told: Vec<_> = left
            .iter()
            .map(|pid| fs::read(format!("/proc/{pid}/cmdline")))
            .collect();
        assert!(left.is_empty(), "processes are left: {left:?} {told:?}");
        wrong
    }

    fn clean(&self, _: &Ground) {}
}

/// The only lineage below the data directory; one that holds nothing where all of it is gone.
fn lineage(ground: &Ground) -> PathBuf {
    let lineages = names(&ground.data());
    assert!(lineages.len() <= 1, "{lineages:?}");
    let name = lineages.first().map_or("nothing", String::as_str);
    ground.data().join(name)
}

/// What lies in a directory; one that is gone is as good as an empty one.
fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Asserts whose an object is.
fn marked(marker: &Path, address: &str) {
    let bytes = fs::read(marker).unwrap();
    let marker: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(marker["address"], address);
}

/// Asserts that a machine has its secrets; counts how often each of its tools was installed.
fn inside(machine: &Path, act: Act) -> Wrong {
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
    let mut wrong = Wrong::default();
    for (name, version) in [("alpha", "1.0.0"), ("beta", version(act))] {
        let log = read(&format!("home/{name}.log"));
        let end = format!("end {version}");
        wrong += Wrong::times(log.lines().filter(|line| *line == end).count());
    }
    wrong
}
