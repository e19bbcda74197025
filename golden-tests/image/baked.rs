//! Extensions in the image: installed while it is built, found wherever a machine is made from it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::desk::{Desk, docker, run};

/// An extension with a script, a package, a service that shows a secret, and a variable.
const MANIFEST: &str = "\
metadata: {name: greeter, version: 1.0.0, description: Greets, category: productivity}
install:
  method: hybrid
  steps:
    - tool: greet
      script: {path: install.sh}
    - tool: figlet
      apt: {packages: [figlet]}
service:
  enabled: true
  start: {command: sh, args: [-c, 'while :; do echo \"${WORD:-none} $(date +%s)\" >~/beat.new && mv ~/beat.new ~/beat; sleep 0.2; done']}
configure:
  environment:
    - {key: GREETING, value: hello}
validate:
  commands:
    - {name: greet, args: [], expectedPattern: made}
    - {name: figlet, args: [-v]}
";

/// When the tool was installed tells later whether it was installed anew.
const SCRIPT: &str = "\
mkdir -p ~/workspace/of-the-build ~/.cache/in-use
printf '#!/bin/sh\\necho \"made %s\"\\n' \"$(date +%s%N)\" >~/.local/bin/greet
chmod 755 ~/.local/bin/greet
";

fn write_extension(desk: &Desk, script: &str) {
    let folder = desk.path().join("project/extensions/greeter");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("extension.yaml"), MANIFEST).unwrap();
    fs::write(folder.join("install.sh"), script).unwrap();
}

fn write_config(desk: &Desk, rest: &str) {
    let text = format!(
        "version: \"4.0\"\nname: {}\nextensions: {{active: [greeter]}}\n{rest}",
        desk.name
    );
    fs::write(desk.path().join("project/sindri.yaml"), text).unwrap();
}

fn on_docker(desk: &Desk) -> String {
    format!(
        "deployment:\n  provider: docker\n  image: {}:remote\n  volumes:\n    workspace: {{path: /alt/home/developer/workspace}}\n",
        desk.name
    )
}

/// Runs a command in the machine until it says what it should.
#[track_caller]
fn soon(desk: &Desk, command: &str, says: &str) {
    let began = Instant::now();
    loop {
        let ran = desk.sindri(&["connect", "-c", command]);
        if ran.stdout.contains(says) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{ran:#?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_is_baked_is_found_over_ssh_and_outlives_restart_and_replacement() {
    let desk = Desk::new();
    write_extension(&desk, SCRIPT);
    write_config(&desk, &on_docker(&desk));
    let path = desk.path().join("project/sindri.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[greeter]", "[greeter, ruff]")).unwrap();
    let image = desk.build("remote", &["--bake"]);
    let mine = desk.key("mine");
    desk.authorize(&[&mine]);
    let machine = desk.start(&image, &[], &[]);
    machine.host_key();
    let made = machine.enter(&mine, "greet; echo $GREETING").ended(0);
    made.says_in_order(&["made ", "hello"]);
    machine
        .enter(&mine, "ruff --version")
        .ended(0)
        .says("ruff ");
    machine
        .enter(&mine, "bash -lc 'figlet -v'")
        .ended(0)
        .says("FIGlet");
    let changed = machine.enter(&mine, "echo x >/root/.local/bin/greet");
    changed.ended(1).says("denied");
    // A service runs without anybody's having come in.
    let beats = |name: &str| {
        let beat = [
            "exec",
            name,
            "sh",
            "-c",
            "cat /root/beat; sleep 2; cat /root/beat",
        ];
        let told = docker(&beat);
        let (first, second) = told.split_once('\n').unwrap();
        assert_ne!(first, second, "nothing beats");
    };
    beats(&machine.name);

    let first = machine.enter(&mine, "greet").stdout;
    docker(&["restart", "--time", "10", &machine.name]);
    let restarted = docker(&["port", &machine.name, "10022/tcp"]);
    let machine = super::desk::Machine {
        port: restarted.rsplit_once(':').unwrap().1.to_owned(),
        ..machine
    };
    machine.host_key();
    assert_eq!(machine.enter(&mine, "greet").ended(0).stdout, first);
    beats(&machine.name);
    machine.remove();
    let machine = desk.start(&image, &[], &[]);
    machine.host_key();
    assert_eq!(machine.enter(&mine, "greet").ended(0).stdout, first);
    nothing_is_left_of_the_build(&desk, &image);
}

/// No project, no state, no cache and no home but root's has anything of the build.
fn nothing_is_left_of_the_build(desk: &Desk, image: &str) {
    let look = "ls -d /var/lib/sindri/baking /root/.cache/sindri /root/.local/share/sindri /root/.local/state/sindri/seen /root/workspace/.sindri /usr/local/lib/sindri/bake 2>/dev/null; find / -xdev -name 'sindri.lock' -o -xdev -name sindri.yaml; sindri --version";
    let told = docker(&["run", "--rm", "--entrypoint", "/bin/sh", image, "-c", look]);
    assert_eq!(told.lines().count(), 1, "{}: {told}", desk.name);
}

#[test]
fn on_docker_what_is_baked_is_found_and_not_installed_again() {
    let desk = Desk::new();
    write_extension(&desk, SCRIPT);
    let word = "secrets:\n  - {name: WORD, source: file, path: word}\n";
    fs::write(desk.path().join("project/word"), "sesame").unwrap();
    write_config(&desk, &format!("{}{word}", on_docker(&desk)));
    let image = desk.build("remote", &["--bake"]);
    // The secret wasn't there when the image was built.
    let look = ["run", "--rm", "--entrypoint", "/bin/sh", &image, "-c"];
    let seen = docker(
        &[
            &look[..],
            &["grep -rl sesame /root /var/lib /etc /usr/local/lib /run 2>/dev/null; true"],
        ]
        .concat(),
    );
    assert_eq!(seen, "");

    desk.sindri(&["apply", "--auto-approve"])
        .ended(0)
        .says("(found, not installed)");
    desk.sindri(&["connect", "-c", "ls ~/.cache/in-use"])
        .ended(0);
    let workspace = "readlink ~/workspace; ls ~/workspace";
    desk.sindri(&["connect", "-c", workspace])
        .ended(0)
        .prints("/alt/home/developer/workspace\nof-the-build\n");
    let greet = || {
        desk.sindri(&["connect", "-c", "greet; echo $GREETING $WORD"])
            .ended(0)
            .stdout
    };
    let first = greet();
    assert!(
        first.starts_with("made ") && first.ends_with("hello sesame\n"),
        "{first}"
    );
    soon(&desk, "cat ~/beat", "sesame");
    desk.sindri(&["plan", "--detailed-exitcode"]).ended(0);

    desk.sindri(&["stop"]).ended(0);
    desk.sindri(&["start"]).ended(0);
    assert_eq!(greet(), first);
    soon(&desk, "cat ~/beat", "sesame");
    let address = format!("machine.{}", desk.name);
    desk.sindri(&["apply", "--auto-approve", "--replace", &address])
        .ended(0);
    assert_eq!(greet(), first);
    soon(&desk, "cat ~/beat", "sesame");
    desk.sindri(&["plan", "--detailed-exitcode"]).ended(0);
    desk.sindri(&["destroy", "--volumes", "--auto-approve"])
        .ended(0);
}

#[test]
fn in_a_dev_container_what_is_baked_is_there_for_the_person() {
    let desk = Desk::new();
    write_extension(&desk, SCRIPT);
    write_config(
        &desk,
        "machines:\n  one: {provider: docker}\n  two: {provider: docker, extensions: {active: []}}\n",
    );
    let tag = format!("{}:local", desk.name);
    let base = super::desk::base();
    let words = ["image", "build", "--tag", &tag, "--base", &base];
    let build = |machine: &str| desk.sindri(&[&words[..], &[machine]].concat());
    build("--bake").ended(1).says("machine::which");
    build("--bake=two").ended(1).says("image::no-extensions");
    build("--bake=three")
        .ended(1)
        .says("has no machine `three`");
    build("--bake=one").ended(0).says(" with `greeter` in ");
    let told = desk.sindri(&[&words[..], &["--bake=one", "--json"]].concat());
    let last = told.ended(0).stdout.lines().last().map(str::to_owned);
    let last: serde_json::Value = serde_json::from_str(&last.unwrap()).unwrap();
    assert_eq!(last["image"]["extensions"], serde_json::json!(["greeter"]));
    // As a person at a terminal would: its own command, and what is typed.
    let typed = "printf '%s\\n' 'id -un; greet; figlet -v; exit' | docker run --rm --interactive";
    let ran = run(Command::new("sh").args(["-c", &format!("{typed} {tag}")]));
    ran.ended(0).says("developer").says("made ").says("FIGlet");
}

#[test]
fn what_fails_to_be_baked_is_told_with_its_last_words() {
    let desk = Desk::new();
    write_extension(&desk, "echo the well is dry; exit 3\n");
    write_config(&desk, &on_docker(&desk));
    let tag = format!("{}:remote", desk.name);
    let base = super::desk::base();
    let words = [
        "image", "build", "--target", "remote", "--tag", &tag, "--base", &base, "--bake",
    ];
    desk.sindri(&words)
        .ended(1)
        .says("docker::build-failed")
        .says("the well is dry");
    assert_no_image(&tag);

    // What an image can't have is said before an Engine is asked for anything.
    let lacking = "version: \"4.0\"\nname: dev\ndeployment: {provider: docker}\nextensions: {active: [guacamole, github-cli]}\n";
    fs::write(desk.path().join("project/sindri.yaml"), lacking).unwrap();
    let mut command = desk.command(&["image", "build", "--bake"]);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let ran = run(&mut command).ended(1).says("docker::unreachable");
    let ran = ran
        .says("`guacamole` doesn't work on local, and is left out")
        .says("`sindri apply` installs it, where the machine can have it");
    assert!(!ran.stderr.contains("secret"), "{ran:#?}");
    let fedora = lacking.replace("docker}", "docker, distro: fedora}");
    fs::write(desk.path().join("project/sindri.yaml"), fedora).unwrap();
    desk.sindri(&words).ended(1).says("image::distro");
    write_config(&desk, &on_docker(&desk));

    // A script is no program for any Linux.
    let script = desk.path().join("project/sindri.sh");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    let with = |program: &Path| {
        let program = program.to_str().unwrap().to_owned();
        desk.sindri(&[&words[..], &["--sindri", &program]].concat())
    };
    with(&script).ended(1).says("docker::baking-program");
    with(Path::new("absent")).ended(1).says("image::program");
    desk.sindri(&["image", "build", "--sindri", "x"])
        .ended(1)
        .says("--bake");
}

/// What the guide to `local` shows for a Dockerfile of one's own.
#[test]
fn in_a_dockerfile_of_ones_own_it_is_the_same() {
    let guide = include_str!("../../docs/providers/local.md");
    let (_, block) = guide.split_once("```dockerfile\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let desk = Desk::new();
    let room = desk.path().join("project");
    let base = super::desk::named("SINDRI_TEST_IMAGE");
    let look = "RUN ~/.local/bin/ruff --version && test ! -e /tmp/sindri";
    fs::write(
        room.join("Dockerfile"),
        format!("FROM {base}\n{block}{look}\n"),
    )
    .unwrap();
    let text = "version: \"4.0\"\nname: here\ndeployment: {provider: local}\nproviders: {local: {wholeHost: true}}\nextensions: {active: [ruff]}\n";
    fs::write(room.join("sindri.yaml"), text).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_sindri"), room.join("sindri")).unwrap();
    let tag = format!("{}:own", desk.name);
    let words = ["build", "--tag", &tag, room.to_str().unwrap()];
    run(Command::new("docker").args(words))
        .ended(0)
        .says("ruff ");
}

fn assert_no_image(tag: &str) {
    let found = run(Command::new("docker").args(["image", "inspect", tag]));
    assert_ne!(found.code, Some(0), "{found:#?}");
}
