//! Installs that go wrong, and what people are told.

use std::fs;
use std::time::{Duration, Instant};

use super::desk::{Desk, bare_image};

fn docker(desk: &Desk, extension: &str) {
    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nextensions:\n  active: [{extension}]\n",
        bare_image()
    ));
}

const SCRIPT: &str = "  method: script\n  script: {path: install.sh, timeout: 60}\n";

/// The program is killed while a script runs: the script runs on, and the next apply picks it up.
pub(super) fn a_killed_install_goes_on() {
    let desk = Desk::new("exts-killed");
    docker(&desk, "slow");
    let script = "echo run >>~/runs\necho halfway there\nsleep 8\necho over >>~/runs\n";
    desk.extension("slow", SCRIPT, script, "grep -q over ~/runs");
    let (mut child, printed) = desk.start(&["apply", "--auto-approve", "--json"]);
    let started = Instant::now();
    while !fs::read_to_string(&printed)
        .unwrap()
        .contains("halfway there")
    {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "the script never ran"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    desk.run(&["plan"]).code(0).says("slow");
    let applied = desk.apply(&[]).code(0);
    let again = desk.inside("cat ~/runs");
    assert_eq!(again, "run\nover\n", "{}", applied.all());
    applied.says("picked up where an earlier run left it");
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    desk.run(&["drift", "--deep"]).code(0);
}

/// One tool of three fails where the manifest goes on: the rest stands, and only it is tried again.
pub(super) fn a_part_that_failed_is_tried_again() {
    let desk = Desk::new("exts-partial");
    desk.configure("deployment: {provider: local}\nextensions:\n  active: [trio]\n");
    let step = |tool: &str, core: bool| {
        format!(
            "    - {{tool: {tool}, core: {core}, script: {{path: install.sh, args: [{tool}]}}}}\n"
        )
    };
    let install = format!(
        "  method: hybrid\n  continueOnError: true\n  steps:\n{}{}{}",
        step("one", true),
        step("two", false),
        step("three", false)
    );
    let script = "echo \"$1\" >>~/runs\n[ \"$1\" != two ] || [ -e ~/mended ] || { echo two is out of stock; exit 3; }\n";
    desk.extension("trio", &install, script, "test -s ~/runs");
    let address = format!("extension.{}.trio", desk.name);

    let applied = desk.apply(&[]).code(0).says("(2 of 3 tools)");
    let applied = applied.says("Made, but for some parts:");
    let applied = applied.says("two    failed     exit code 3: two is out of stock");
    let applied = applied.says("one    installed").says("three  installed");
    applied.says("tries the missing parts again");
    assert!(
        desk.recorded(&address).contains("(partial"),
        "{}",
        desk.recorded(&address)
    );
    desk.run(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("two");
    assert_eq!(desk.inside("cat ~/runs"), "one\ntwo\nthree\n");

    desk.inside("touch ~/mended");
    desk.apply(&[])
        .code(0)
        .says("Resources: 0 added, 1 changed, 0 destroyed.");
    assert_eq!(desk.inside("cat ~/runs"), "one\ntwo\nthree\ntwo\n");
    assert!(
        desk.recorded(&address).contains("(ready)"),
        "{}",
        desk.recorded(&address)
    );
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
}

/// The last words of a script are shown, a secret among them is not.
pub(super) fn a_failing_script() {
    let desk = Desk::new("exts-failing");
    docker(&desk, "failing");
    let script =
        "echo tried >>~/runs\necho \"the token is $API_TOKEN\"\necho no such luck >&2\nexit 9\n";
    desk.extension("failing", SCRIPT, script, "test -e ~/done");
    let applied = desk
        .apply(&[])
        .code(1)
        .says("exit code 9")
        .says("no such luck");
    let applied = applied
        .says("the token is (sensitive)")
        .says("Failed: 1 resource");
    // Several lines are lines on the screen.
    applied.hides("\\n");
    desk.run(&["plan", "--detailed-exitcode"]).code(2);

    desk.extension("failing", SCRIPT, "touch ~/done\n", "test -e ~/done");
    desk.apply(&[]).code(0);
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    assert_eq!(desk.inside("cat ~/runs"), "tried\n");
}

/// A script that waits for ever is ended when its time is up, with all it started.
pub(super) fn a_hanging_script() {
    let desk = Desk::new("exts-hanging");
    docker(&desk, "hanging");
    let install = "  method: script\n  script: {path: install.sh, timeout: 3}\n";
    let script = "echo waiting for an answer\nsleep 4321 &\nsleep 4321\n";
    desk.extension("hanging", install, script, "test -e ~/done");
    let started = Instant::now();
    let applied = desk.apply(&[]).code(1).says("its 3 s are up");
    applied.says("waiting for an answer").says("timeout");
    assert!(started.elapsed() < Duration::from_mins(1));
    let left = desk.inside(
        "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep 432[1]' || true",
    );
    assert_eq!(left, "0\n");
}

/// Too much output costs neither memory nor the screen, and its end is shown where it fails.
pub(super) fn a_hundred_megabytes_of_output() {
    let desk = Desk::new("exts-loud");
    docker(&desk, "loud");
    let loud =
        "yes 'a line of output that says nothing at all, over and over' | head -c 100000000\n";
    let script = format!("{loud}echo the end of it\nexit 4\n");
    desk.extension("loud", SCRIPT, &script, "test -e ~/done");
    let applied = desk
        .apply(&[])
        .code(1)
        .says("the end of it")
        .says("exit code 4");
    assert!(
        applied.all().len() < 64 * 1024,
        "{} bytes are shown",
        applied.all().len()
    );
    desk.extension(
        "loud",
        SCRIPT,
        &format!("{loud}touch ~/done\n"),
        "test -e ~/done",
    );
    let applied = desk.apply(&[]).code(0);
    assert!(
        applied.all().len() < 64 * 1024,
        "{} bytes are shown",
        applied.all().len()
    );
    let kept = desk.inside("du -sk /var/lib/sindri | cut -f1");
    assert!(
        kept.trim().parse::<u32>().unwrap() < 2048,
        "{kept} KiB are kept"
    );
}
