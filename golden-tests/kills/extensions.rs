//! Scripts of extensions that fail, hang or never stop talking.

use super::ground::Ground;

fn project(name: &str, seconds: u64, script: &str) -> Ground {
    let ground = Ground::new();
    ground.write(
        "sindri.yaml",
        &format!(
            "version: \"3.0\"\nname: scripts\ndeployment: {{provider: local}}\n\
             extensions: {{active: [{name}, well]}}\n"
        ),
    );
    ground.extension(name, "1.0.0", seconds, script);
    ground.extension("well", "1.0.0", 30, &working("well"));
    ground
}

fn working(name: &str) -> String {
    format!(
        "#!/bin/sh\nset -eu\nmkdir -p \"$HOME/.local/bin\"\n\
         printf '#!/bin/sh\\necho {name} 1.0.0\\n' >\"$HOME/.local/bin/{name}\"\n\
         chmod 755 \"$HOME/.local/bin/{name}\"\n"
    )
}

#[track_caller]
fn heals(ground: &Ground, name: &str) {
    let state = ground.state().unwrap();
    let recorded = |address: &str| state.current(&address.parse().unwrap()).is_some();
    assert!(
        recorded("extension.scripts.well"),
        "its neighbour was stopped too"
    );
    assert!(
        !recorded(&format!("extension.scripts.{name}")),
        "it is recorded as installed"
    );
    ground.extension(name, "1.0.0", 30, &working(name));
    ground.apply().ended(0);
    ground.settled();
}

#[test]
fn a_script_that_fails_stops_nothing_else_and_says_why() {
    let ground = project(
        "failing",
        30,
        "#!/bin/sh\necho 'the reason is here'\nexit 3\n",
    );
    ground
        .apply()
        .ended(1)
        .says("the reason is here")
        .says("extension.scripts.failing");
    heals(&ground, "failing");
}

#[test]
fn a_script_that_hangs_is_ended_by_its_timeout() {
    let ground = project("hanging", 2, "#!/bin/sh\necho waiting\nsleep 1000\n");
    ground
        .apply()
        .ended(1)
        .says("extension.scripts.hanging")
        .says("2 s");
    heals(&ground, "hanging");
}

#[test]
fn a_script_that_prints_without_end_fills_neither_disk_nor_memory() {
    let loud = "#!/bin/sh\nhead -c 100000000 /dev/zero | tr '\\0' 'x'\necho\n\
                yes 'a line of output' | head -n 100000\nexit 4\n";
    let ground = project("loud", 100, loud);
    // The whole process, its threads and its buffers, has 400 MB of memory.
    let command = ground.command_after("ulimit -v 1200000", &["apply", "--auto-approve"]);
    let ran = ground
        .launch(command)
        .wait()
        .ended(1)
        .says("extension.scripts.loud");
    let shown = ran.stdout.len() + ran.stderr.len();
    assert!(shown < 200_000, "{shown} bytes were shown");
    let stored: usize = ground.store().values().map(Vec::len).sum();
    assert!(stored < 200_000, "{stored} bytes are in the state");
    let kept: usize = ground.world().values().map(Vec::len).sum();
    assert!(kept < 4_000_000, "{kept} bytes are in the machine");
    heals(&ground, "loud");
}
