//! A state that can't be written, and two commands that want to.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;

use super::ground::{Ground, SINDRI};

/// Four machines without anything in them.
fn project() -> Ground {
    let ground = Ground::new();
    ground.write(
        "sindri.yaml",
        "version: \"3.0\"\nname: many\ndeployment:\n  provider: local\n  \
         volumes: {data: {path: /srv/data}}\nmachines: {one: {}, two: {count: 40, dependsOn: [one]}}\n",
    );
    ground
}

/// With a script that holds the state for a while.
fn slow_project() -> Ground {
    let ground = Ground::new();
    ground.write(
        "sindri.yaml",
        "version: \"3.0\"\nname: slow\ndeployment: {provider: local}\n\
         extensions: {active: [sleepy]}\n",
    );
    ground.extension(
        "sleepy",
        "1.0.0",
        60,
        "#!/bin/sh\nset -eu\ntouch \"$HOME/started\"\nsleep 2\nmkdir -p \"$HOME/.local/bin\"\n\
         printf '#!/bin/sh\\necho sleepy 1.0.0\\n' >\"$HOME/.local/bin/sleepy\"\n\
         chmod 755 \"$HOME/.local/bin/sleepy\"\n",
    );
    ground
}

#[test]
fn a_full_disk_while_the_state_is_written_loses_nothing() {
    // Blocks of 512 bytes: the journal of this project outgrows all but the last.
    for blocks in [1, 4, 8, 16, 40] {
        let ground = project();
        let preparation = format!("trap '' XFSZ; ulimit -f {blocks}");
        let command = ground.command_after(&preparation, &["apply", "--auto-approve"]);
        // What it prints must not meet the limit.
        let ran = Ground::piped(command)
            .ended(1)
            .says("store::full")
            .says("no space left");
        // What ran and wasn't recorded is written elsewhere, if there was any and that has room.
        let kept = ran.stderr.contains("engine::kept-here");
        if let Some(state) = ground.state() {
            assert_eq!(sindri::state::violations(&state), []);
        }
        let again = ground.apply().ended(0);
        let recorded = again
            .stderr
            .contains("kept on this host, and is recorded now");
        // Where there was no room for all of it in the end, there may have been for a part.
        assert!(recorded || !kept, "{again}");
        ground.settled();
        ground.sindri(&["drift"]).ended(0);
        ground.sindri(&["destroy", "--force", "--volumes"]).ended(0);
        let left: Vec<_> = ground
            .world()
            .into_iter()
            .filter(|(_, bytes)| !bytes.is_empty())
            .collect();
        assert!(left.is_empty(), "with {blocks} blocks {left:?} was left");
    }
}

#[test]
fn a_second_apply_is_refused_and_told_who_holds_the_state() {
    let ground = slow_project();
    let mut first = ground.start(&["apply", "--auto-approve"]);
    first.until_there_is(&ground, "started");
    let pid = first.pid().to_string();
    ground
        .apply()
        .ended(1)
        .says("store::held")
        .says("`apply`")
        .says(&pid);
    ground
        .sindri(&["destroy", "--auto-approve"])
        .ended(1)
        .says("store::held");
    ground.sindri(&["stop"]).ended(1).says("store::held");
    // Reads are not in anybody's way.
    let plan = ground.sindri(&["plan", "--detailed-exitcode"]);
    assert!(matches!(plan.code, Some(0 | 2)), "{plan}");
    ground.sindri(&["status"]).ended(0);
    let ran = ground.sindri(&["apply", "--auto-approve", "--lock-timeout", "60"]);
    ran.ended(0).says("Waiting: `apply`").says("No changes");
    first.wait().ended(0);
    ground.settled();
}

#[test]
fn a_killed_holder_leaves_no_lock() {
    let ground = slow_project();
    let mut first = ground.start(&["apply", "--auto-approve"]);
    first.until_there_is(&ground, "started");
    assert_eq!(first.kill().code, None);
    ground.apply().ended(0);
    ground.settled();
}

/// Without write permission on the state's directory, whoever runs the tests.
#[test]
fn a_state_that_may_not_be_written_is_an_error_before_anything_is_touched() {
    let ground = project();
    ground.apply().ended(0);
    let program = ground.room().join("sindri");
    std::fs::copy(SINDRI, &program).unwrap();
    let nobody = rustix::process::geteuid().is_root().then_some(65_534);
    let whole = [ground.room().to_owned()];
    let inside = super::ground::tree(ground.room()).into_keys();
    for path in whole.into_iter().chain(inside) {
        if !path.is_symlink() {
            chown(&path, nobody, nobody).unwrap();
        }
    }
    ground.write(
        "sindri.yaml",
        &std::fs::read_to_string(ground.path("sindri.yaml"))
            .unwrap()
            .replace("40", "41"),
    );
    let allow = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(ground.path(".sindri"), permissions).unwrap();
    };
    allow(0o500);
    let before = (ground.store(), ground.world());
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&program);
        command
            .args(arguments)
            .current_dir(ground.path(""))
            .env_clear()
            .envs(&ground.environment);
        if let Some(id) = nobody {
            command.uid(id).gid(id);
        }
        ground.launch(command).wait()
    };
    run(&["plan", "--detailed-exitcode"]).ended(2);
    run(&["apply", "--auto-approve"])
        .ended(1)
        .says("store::permission")
        .says(".sindri");
    run(&["destroy", "--auto-approve"])
        .ended(1)
        .says("store::permission");
    assert!(
        before == (ground.store(), ground.world()),
        "something was touched"
    );
    allow(0o700);
    run(&["apply", "--auto-approve"]).ended(0);
    run(&["plan", "--detailed-exitcode"]).ended(0);
}
