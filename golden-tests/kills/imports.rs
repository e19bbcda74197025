//! Kills in the middle of an import on this host, where a directory of a person's is moved.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::boundaries::Boundary;
use super::ground::{Ground, Ran};

/// What is imported, and as what.
#[derive(Clone, Copy, Debug)]
struct Import {
    address: &'static str,
    /// Where it lies afterwards, below the lineage's directory.
    place: &'static str,
}

const VOLUME: Import = Import {
    address: "volume.dev.data",
    place: "volumes/dev-data",
};

const HOME: Import = Import {
    address: "machine.dev",
    place: "machines/dev/home",
};

/// A project whose state stands, and a directory with something dear in it.
fn project() -> Ground {
    let ground = Ground::new();
    ground.write(
        "sindri.yaml",
        "version: \"4.0\"\nname: dev\ndeployment:\n  provider: local\n  volumes: {data: {path: /data}, other: {path: /other}}\n",
    );
    // The state is begun with what no import touches, so that its lineage is known.
    let apply = ["apply", "--auto-approve", "--target", "volume.dev.other"];
    ground.sindri(&apply).ended(0);
    ground.write("old/deep/dear.txt", "dear");
    ground
}

fn lineage(ground: &Ground) -> std::path::PathBuf {
    let lineage = ground.state().unwrap().lineage.as_str().to_owned();
    ground.data().join(lineage)
}

const fn command(import: Import) -> [&'static str; 4] {
    ["import", import.address, "old", "--auto-approve"]
}

/// What a person lost, or has twice, is a failure.
fn dear(ground: &Ground, import: Import) {
    let dear = |at: &Path| fs::read_to_string(at.join("deep/dear.txt")).is_ok_and(|t| t == "dear");
    let (from, to) = (ground.path("old"), lineage(ground).join(import.place));
    assert!(dear(&from) != dear(&to), "it lies at one of both places");
}

/// Whether the kill came in time; then the same command goes on by itself.
fn goes_on(ground: &Ground, import: Import, killed: &Ran) -> bool {
    dear(ground, import);
    if killed.code == Some(0) {
        return false;
    }
    ground.sindri(&command(import)).ended(0);
    assert!(!ground.path("old").exists(), "it was moved");
    dear(ground, import);
    // An import is a part: the rest follows, and then there is nothing to do.
    ground.apply().ended(0);
    dear(ground, import);
    ground.settled();
    true
}

#[test]
fn an_import_survives_a_kill_at_every_write_of_the_state() {
    let mut kills = 0;
    for import in [VOLUME, HOME] {
        for call in ["pwrite64", "fdatasync", "?rename,?renameat,?renameat2"] {
            for number in 1.. {
                let ground = project();
                let before = Boundary { call, number }.preparation();
                let under = ground.command_after(&before, &command(import));
                let killed = ground.launch(under).wait();
                if !goes_on(&ground, import, &killed) {
                    break;
                }
                kills += 1;
            }
        }
    }
    assert!(kills > 10, "there were {kills} writes");
}

/// The provider's one step that a person would miss: the move itself.
#[test]
fn an_import_survives_a_kill_before_its_move() {
    for import in [VOLUME, HOME] {
        let ground = project();
        let calls = "?rename,?renameat,?renameat2";
        let before = format!(
            "exec strace -f -qq -o /dev/null -P '{}' -e trace='{calls}' \
             -e inject='{calls}':signal=KILL:when=1 \"$@\"",
            ground.path("old").display()
        );
        let under = ground.command_after(&before, &command(import));
        let killed = ground.launch(under).wait();
        assert!(ground.path("old").exists());
        assert!(
            goes_on(&ground, import, &killed),
            "{import:?} was never moved: {killed}"
        );
    }
}

#[test]
fn an_import_survives_a_kill_at_any_instant() {
    for import in [VOLUME, HOME] {
        let ground = project();
        let began = Instant::now();
        ground.sindri(&command(import)).ended(0);
        let whole = began.elapsed();
        for part in 1..12 {
            let ground = project();
            let running = ground.start(&command(import));
            std::thread::sleep(Duration::from_secs_f64(
                whole.as_secs_f64() * f64::from(part) / 11.0,
            ));
            let killed = running.kill();
            goes_on(&ground, import, &killed);
        }
    }
}
