//! Another version of an extension takes the old one's place, by each strategy there is.

use super::desk::{Desk, bare_image, host, image};

/// The extensions, and how each is upgraded.
const STRATEGIES: [(&str, &str); 5] = [
    ("again", "automatic"),
    ("anew", "reinstall"),
    ("by-hand", "manual"),
    ("in-place", "in-place"),
    ("never", "none"),
];

/// Writes one of them in a version, whose number it tells.
fn write(desk: &Desk, name: &str, strategy: &str, version: &str) {
    let script = if ["manual", "in-place"].contains(&strategy) {
        ", script: {path: upgrade.sh}"
    } else {
        ""
    };
    let folder = format!("extensions/{name}");
    desk.write(
        &format!("{folder}/extension.yaml"),
        &format!(
            "metadata: {{name: {name}, version: {version}, description: a test, category: productivity}}
install:
  method: script
  script: {{path: install.sh}}
validate:
  commands:
    - {{name: {name}, expectedPattern: '^{version}$'}}
remove:
  script: {{path: remove.sh}}
upgrade: {{strategy: {strategy}{script}}}
"
        ),
    );
    let log = |what: &str| format!("echo '{what} {version}' >>\"$HOME/{name}.log\"\n");
    let put = format!(
        "mkdir -p \"$HOME/.local/bin\"\nprintf '#!/bin/sh\\necho {version}\\n' >\"$HOME/.local/bin/{name}\"\nchmod +x \"$HOME/.local/bin/{name}\"\n"
    );
    desk.write(
        &format!("{folder}/install.sh"),
        &format!("set -e\n{}{put}", log("install")),
    );
    desk.write(
        &format!("{folder}/upgrade.sh"),
        &format!("set -e\n{}{put}", log("upgrade")),
    );
    let gone = format!("rm -f \"$HOME/.local/bin/{name}\"\n");
    desk.write(
        &format!("{folder}/remove.sh"),
        &format!("set -e\n{}{gone}", log("remove")),
    );
}

/// An extension of real packages: of the first version's two, the second brings one, newer.
fn write_kit(desk: &Desk, version: &str, packages: &str) {
    desk.write(
        "extensions/kit/extension.yaml",
        &format!(
            "metadata:
  name: kit
  version: {version}
  description: a test
  category: productivity
  dependencies: [python]
install:
  method: pip
  pip: {{packages: [{packages}]}}
validate:
  commands:
    - {{name: pyfiglet, args: [kit]}}
"
        ),
    );
}

/// What each prints, in one line.
fn versions(desk: &Desk) -> String {
    desk.inside("for one in again anew by-hand in-place never; do $one; done | paste -s -d ' '")
}

/// Installed, upgraded, restarted, replaced; `restart` restarts the machine by other means than ours.
fn life(desk: &Desk, deployment: &str, restart: &dyn Fn(&Desk), secrets: &str) {
    let names: Vec<&str> = STRATEGIES.iter().map(|(name, _)| *name).collect();
    let all = |version: &str| {
        for (name, strategy) in STRATEGIES {
            write(desk, name, strategy, version);
        }
    };
    all("1.0.0");
    write_kit(desk, "1.0.0", "pyfiglet==1.0.2, cowsay==6.1");
    desk.configure(&format!(
        "{deployment}extensions:\n  active: [kit, {}]\n",
        names.join(", ")
    ));
    desk.apply(&[]).code(0).says("Wrote sindri.lock");
    assert_eq!(versions(desk), "1.0.0 1.0.0 1.0.0 1.0.0 1.0.0\n");
    desk.inside("command -v cowsay && command -v pyfiglet");
    desk.run(&["plan", "--locked", "--detailed-exitcode"])
        .code(0);

    all("2.0.0");
    write_kit(desk, "2.0.0", "pyfiglet==1.0.3");
    desk.run(&["apply", "--auto-approve", "--locked"])
        .code(1)
        .says("anew 1.0.0 -> 2.0.0");
    let planned = desk.run(&["plan", "--detailed-exitcode"]).code(2);
    planned
        .says(&format!("extension.{}.anew must be replaced", desk.name))
        .says(&format!(
            "extension.{}.again will be updated in-place",
            desk.name
        ))
        .says("by-hand` stays at 1.0.0")
        .says("never` stays at 1.0.0")
        .says("Plan: 1 to add, 3 to change, 1 to destroy.");
    desk.apply(&[]).code(0).says("Updated sindri.lock");
    assert_eq!(versions(desk), "2.0.0 2.0.0 1.0.0 2.0.0 1.0.0\n");
    let log = |name: &str| desk.inside(&format!("paste -s -d , ~/{name}.log"));
    assert_eq!(log("again"), "install 1.0.0,install 2.0.0\n");
    assert_eq!(log("anew"), "install 1.0.0,remove 1.0.0,install 2.0.0\n");
    assert_eq!(log("in-place"), "install 1.0.0,upgrade 2.0.0\n");
    assert_eq!(log("never"), "install 1.0.0\n");
    // What only the old version brought is gone.
    desk.inside("command -v pyfiglet && ! command -v cowsay");
    desk.run(&["plan", "--locked", "--detailed-exitcode"])
        .code(0);

    let address = format!("extension.{}.by-hand", desk.name);
    desk.apply(&["--replace", &address]).code(0);
    assert_eq!(log("by-hand"), "install 1.0.0,upgrade 2.0.0\n");
    desk.run(&["extension", "validate", "by-hand"]).code(0);

    restart(desk);
    assert_eq!(versions(desk), "2.0.0 2.0.0 2.0.0 2.0.0 1.0.0\n");
    let secret = format!("cat {secrets}/API_TOKEN");
    assert_eq!(desk.inside(&secret), super::desk::SECRET);

    let machine = format!("machine.{}", desk.name);
    desk.apply(&["--replace", &machine, "--locked"]).code(0);
    assert_eq!(versions(desk), "2.0.0 2.0.0 2.0.0 2.0.0 2.0.0\n");
    assert_eq!(desk.inside(&secret), super::desk::SECRET);
    desk.run(&["extension", "validate"]).code(0);
    desk.run(&["drift", "--deep"]).code(0);
    desk.run(&["plan", "--locked", "--detailed-exitcode"])
        .code(0);

    // A newer manifest stands beside the configuration, and the machine has the old one: it goes as the
    // old one says.
    all("3.0.0");
    desk.configure(&format!("{deployment}extensions:\n  active: [again]\n"));
    desk.apply(&[]).code(0);
    desk.inside("grep -q 'remove 2.0.0' ~/anew.log && ! grep -q 'remove 3.0.0' ~/anew.log && ! command -v pyfiglet");
    assert_eq!(desk.inside("again"), "3.0.0\n");
}

pub(super) fn local() {
    let desk = Desk::new("exts-upgrades");
    let restart = |desk: &Desk| {
        desk.run(&["stop"]).code(0);
        desk.run(&["start"]).code(0);
    };
    let deployment = "deployment: {provider: local, volumes: {}}\n";
    life(&desk, deployment, &restart, "~/../run/secrets");
}

pub(super) fn docker() {
    let desk = Desk::new("exts-upgrades-docker");
    // The first image has Python; without one the extension brings it.
    let tools = image("SINDRI_TEST_IMAGE", "sindri-test/tools:1");
    let restart = |desk: &Desk| {
        host("docker", &["restart", "--time", "1", &desk.name]);
    };
    let deployment =
        format!("deployment:\n  provider: docker\n  image: {tools}\n  volumes: {{}}\n");
    life(&desk, &deployment, &restart, "/run/secrets");
}

/// Of a version that the machine has and nobody else any more, packages of the system go too.
pub(super) fn packages() {
    let desk = Desk::new("exts-upgrades-packages");
    let configure = |version: &str, packages: &str| {
        desk.write(
            "extensions/kit/extension.yaml",
            &format!(
                "metadata: {{name: kit, version: {version}, description: a test, category: productivity}}
install:
  method: apt
  apt: {{packages: [{packages}]}}
validate:
  commands:
    - {{name: tree, versionFlag: --version}}
"
            ),
        );
    };
    configure("1.0.0", "tree, lsof");
    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nextensions:\n  active: [kit]\n",
        bare_image()
    ));
    desk.apply(&[]).code(0);
    desk.inside("command -v tree && command -v lsof");
    configure("2.0.0", "tree");
    desk.apply(&[]).code(0);
    desk.inside("command -v tree && ! command -v lsof");
    desk.run(&["drift", "--deep"]).code(0);
    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nextensions:\n  active: []\n",
        bare_image()
    ));
    desk.apply(&[]).code(0).says("Removed sindri.lock");
    desk.inside("! command -v tree");
}
