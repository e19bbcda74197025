//! Installs that are broken off: by a machine that restarts or dies, by a person, by a full disk.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use super::desk::{Desk, bare_image, host};

/// Three steps; each says in `runs` when it began and when it ended, and the second takes long.
fn steps(desk: &Desk) {
    let step = |tool: &str| {
        format!(
            "    - {{tool: {tool}, timeout: 60, script: {{path: install.sh, args: [{tool}]}}}}\n"
        )
    };
    let install = format!(
        "  method: script\n  steps:\n{}{}{}",
        step("one"),
        step("two"),
        step("three")
    );
    let script = "echo \"$1\" >>~/runs\necho \"putting $1 in place, with $API_TOKEN\"\n\
                  if [ \"$1\" = two ]; then sleep ${NAP:-6}; fi\necho \"$1 done\" >>~/runs\n";
    desk.extension("steps", &install, script, "grep -q \"three done\" ~/runs");
}

fn configured(what: &str, deployment: &str) -> Desk {
    let desk = Desk::new(what);
    desk.configure(&format!(
        "deployment:\n{deployment}  volumes: {{}}\nextensions:\n  active: [steps]\n"
    ));
    steps(&desk);
    desk
}

fn docker(what: &str) -> Desk {
    configured(
        what,
        &format!("  provider: docker\n  image: {}\n", bare_image()),
    )
}

fn local(what: &str) -> Desk {
    configured(what, "  provider: local\n")
}

/// Starts an apply, and returns when its second step runs.
fn at_the_second_step(desk: &Desk) -> Child {
    let (child, printed) = desk.start(&["apply", "--auto-approve", "--json"]);
    wait_for(&printed, "putting two in place");
    child
}

#[track_caller]
fn wait_for(printed: &Path, text: &str) {
    let started = Instant::now();
    while !fs::read_to_string(printed).unwrap().contains(text) {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "no `{text}` in: {}",
            fs::read_to_string(printed).unwrap()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The container restarts while a step runs, as a host does; nothing of sindri is left in it.
pub(super) fn a_machine_that_restarts() {
    let desk = docker("exts-restart");
    let mut child = at_the_second_step(&desk);
    child.kill().unwrap();
    child.wait().unwrap();
    host("docker", &["restart", "--time", "0", &desk.name]);

    let log = desk.run(&["extension", "log", "steps"]).code(0);
    log.says("interrupted").says("putting two in place");
    let applied = desk.apply(&[]).code(0);
    assert_eq!(
        desk.inside("cat ~/runs"),
        "one\none done\ntwo\ntwo\ntwo done\nthree\nthree done\n",
        "{}",
        applied.all()
    );
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    // What was printed before the restart is in the log, too.
    let log = desk.run(&["extension", "log", "steps"]).code(0);
    log.says("putting one in place")
        .says("three (script): installed");
}

/// The container is killed between two tools, while the program looks on.
pub(super) fn a_machine_that_dies() {
    let desk = docker("exts-dies");
    let mut child = at_the_second_step(&desk);
    host("docker", &["kill", &desk.name]);
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(1));

    // It is found stopped, and started; what was done isn't done again.
    desk.run(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("it doesn't run, but should");
    desk.apply(&[]).code(0);
    assert_eq!(
        desk.inside("cat ~/runs"),
        "one\none done\ntwo\ntwo\ntwo done\nthree\nthree done\n"
    );
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
}

/// A person presses Ctrl-C twice: what runs in the machine is ended, and goes on with the next apply.
fn a_person_who_stops(desk: &Desk) {
    let child = at_the_second_step(desk);
    let pid = child.id().to_string();
    host("kill", &["-INT", &pid]);
    std::thread::sleep(Duration::from_millis(300));
    host("kill", &["-INT", &pid]);
    let started = Instant::now();
    let mut child = child;
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(started.elapsed() < Duration::from_secs(20));
    let left = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'steps-[0-9a-f]*/[s]teps/2' || true";
    assert_eq!(desk.inside(left), "0\n", "a step runs on");

    let log = desk.run(&["extension", "log", "steps", "--json"]).code(0);
    log.says(r#""state":"interrupted""#).hides("open sesame");
    desk.apply(&[]).code(0);
    assert_eq!(
        desk.inside("cat ~/runs"),
        "one\none done\ntwo\ntwo\ntwo done\nthree\nthree done\n"
    );
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
}

pub(super) fn a_person_who_stops_docker() {
    a_person_who_stops(&docker("exts-stop"));
}

pub(super) fn a_person_who_stops_local() {
    a_person_who_stops(&local("exts-stop-local"));
}

/// The log is read while it is written, by another process, and hides the secret.
fn a_log_that_is_followed(desk: &Desk) {
    let mut child = at_the_second_step(desk);
    let now = desk.run(&["extension", "log", "steps"]).code(0);
    now.says("running")
        .says("putting two in place, with (sensitive)");
    let followed = desk.run(&["extension", "log", "steps", "--follow"]).code(0);
    let followed = followed
        .says("putting one in place")
        .says("three: installed");
    followed.says("The installation is over: ready.");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let later = desk.run(&["extension", "log", "steps"]).code(0);
    later
        .says("version 1.0.0, ready")
        .says("putting three in place, with (sensitive)");
    // What is kept holds no secret either.
    let kept = "cat /var/lib/sindri/logs/* ~/.local/state/sindri/logs/* 2>/dev/null | grep -c 'open sesame' || true";
    assert_eq!(desk.inside(kept), "0\n");
}

pub(super) fn a_log_that_is_followed_docker() {
    a_log_that_is_followed(&docker("exts-log"));
}

pub(super) fn a_log_that_is_followed_local() {
    a_log_that_is_followed(&local("exts-log-local"));
}

/// The disk of the machine is full: a real one, of four megabytes, which is made larger then.
pub(super) fn a_full_disk() {
    let desk = Desk::new("exts-full");
    desk.configure("deployment:\n  provider: local\n  volumes: {}\nextensions:\n  active: [big]\n");
    let install = "  method: script\n  steps:\n    - {tool: small, script: {path: install.sh, args: [small, '1']}}\n    - {tool: large, script: {path: install.sh, args: [large, '8']}}\n";
    let script = "echo \"$1\" >>~/runs\nhead -c \"${2}000000\" /dev/zero >~/\"$1\" || { rm -f ~/\"$1\"; exit 1; }\n";
    desk.extension("big", install, script, "test -s ~/large");
    let sindri = env!("CARGO_BIN_EXE_sindri");
    let script = format!(
        "mkdir -p \"$XDG_DATA_HOME\" && mount -t tmpfs -o size=4m tmpfs \"$XDG_DATA_HOME\" || exit 77
'{sindri}' apply --auto-approve; echo \"first: $?\"
'{sindri}' extension status
mount -o remount,size=40m \"$XDG_DATA_HOME\" || exit 77
'{sindri}' apply --auto-approve; echo \"second: $?\"
'{sindri}' connect -c 'cat ~/runs'
'{sindri}' plan --detailed-exitcode; echo \"third: $?\"
'{sindri}' destroy --auto-approve >/dev/null"
    );
    let shown = desk.within_a_namespace(&script);
    let shown = shown
        .code(0)
        .says("first: 1")
        .says("No space left on device");
    let shown = shown.says("second: 0").says("small\nlarge\nlarge\n");
    shown.says("third: 0");
}
