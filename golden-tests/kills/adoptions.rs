//! Kills in the middle of `adopt`: what stands already is taken under management again.

use std::collections::BTreeSet;

use super::boundaries::Boundary;
use super::engine::{self, IMAGES, docker};
use super::ground::Ground;

const CALLS: [&str; 3] = ["pwrite64", "fdatasync", "?rename,?renameat,?renameat2"];

/// A world in which something stands that an adoption must leave as it is.
struct Scene<'a> {
    ground: &'a Ground,
    addresses: &'a [&'a str],
    /// What a person would miss.
    dear: &'a dyn Fn() -> Vec<String>,
}

impl Scene<'_> {
    fn adopt(&self) -> Vec<&str> {
        [&["adopt"], self.addresses, &["--auto-approve"]].concat()
    }

    fn forget(&self) {
        let rm = [&["state", "rm"], self.addresses].concat();
        self.ground.sindri(&rm).ended(0);
    }

    fn recorded(&self) -> BTreeSet<String> {
        let state = self.ground.state().unwrap();
        assert_eq!(sindri::state::violations(&state), []);
        assert!(state.pending.is_empty());
        state.resources.keys().map(ToString::to_string).collect()
    }

    /// Kills an adoption at every write of the state; the same command goes on each time.
    fn survives(&self, whole: &BTreeSet<String>) {
        let before = (self.dear)();
        let mut kills = 0;
        for call in CALLS {
            for number in 1.. {
                self.forget();
                let under = Boundary { call, number }.preparation();
                let under = self.ground.command_after(&under, &self.adopt());
                let killed = self.ground.launch(under).wait();
                assert_eq!((self.dear)(), before, "{call} {number}");
                if killed.code == Some(0) {
                    break;
                }
                kills += 1;
                self.ground.sindri(&self.adopt()).ended(0);
                assert_eq!((self.dear)(), before, "{call} {number}");
                // Adopting is a part: pins and what lives inside follow, and nothing is made anew.
                self.ground.apply().ended(0);
                self.ground.settled();
                assert_eq!(self.recorded(), *whole, "{call} {number}");
                assert_eq!((self.dear)(), before, "{call} {number}");
                let listed = self.ground.sindri(&["adopt"]).ended(0);
                assert_eq!(listed.stdout, "", "{call} {number}");
            }
        }
        assert!(kills > 8, "there were {kills} writes");
    }
}

#[test]
fn an_adoption_on_an_engine_survives_a_kill_at_every_write_of_the_state() {
    let engine = engine::ground();
    let ground = &engine.ground;
    ground.write(
        "sindri.yaml",
        &format!(
            "version: \"4.0\"\nname: {}\ndeployment:\n  provider: docker\n  image: {}\n  \
             volumes: {{data: {{path: /data}}}}\nmachines: {{desk: {{}}}}\n",
            engine.name, IMAGES[0]
        ),
    );
    ground.apply().ended(0);
    let all = ground.state().unwrap();
    let addresses: Vec<String> = ["network", "volume", "machine"]
        .iter()
        .flat_map(|kind| {
            all.resources
                .keys()
                .filter(move |a| a.kind().as_str() == *kind)
        })
        .map(ToString::to_string)
        .collect();
    assert_eq!(addresses.len(), 3, "{addresses:?}");
    let [container, ..] = engine.ours();
    docker(&[
        "exec",
        &container[0],
        "sh",
        "-c",
        "echo dear >/data/dear.txt",
    ]);
    // The very objects, by their ids, and what lies in them.
    let dear = || {
        let [containers, networks, volumes] = engine.ours();
        let inside = docker(&["exec", &container[0], "cat", "/data/dear.txt"]);
        [containers, networks, volumes, vec![inside]].concat()
    };
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let scene = Scene {
        ground,
        addresses: &addresses,
        dear: &dear,
    };
    let whole = scene.recorded();
    scene.survives(&whole);
    ground.sindri(&["destroy", "--force", "--volumes"]).ended(0);
    assert_eq!(engine.ours(), engine::NOTHING);
}

#[test]
fn an_adoption_on_this_host_survives_a_kill_at_every_write_of_the_state() {
    let ground = Ground::new();
    ground.write(
        "sindri.yaml",
        "version: \"4.0\"\nname: dev\ndeployment:\n  provider: local\n  \
         volumes: {data: {path: /data}}\n",
    );
    ground.apply().ended(0);
    let lineage = ground.state().unwrap().lineage.as_str().to_owned();
    let place = ground.data().join(lineage);
    let kept = [
        ("volumes/dev-data/dear.txt", "dear"),
        ("machines/dev/home/notes.txt", "kept"),
    ];
    for (name, text) in kept {
        std::fs::write(place.join(name), text).unwrap();
    }
    let dear = || {
        kept.iter()
            .map(|(name, _)| std::fs::read_to_string(place.join(name)).unwrap_or_default())
            .collect()
    };
    let addresses = ["volume.dev.data", "machine.dev"];
    let scene = Scene {
        ground: &ground,
        addresses: &addresses,
        dear: &dear,
    };
    let whole = scene.recorded();
    scene.survives(&whole);
    assert_eq!(dear(), ["dear", "kept"]);
}
