//! Single tools of an extension: chosen, let go of, broken by hand, and needed by others.

use super::desk::{Desk, SECRET, host, image};

/// The tools of the extension, a way of installing each.
const TOOLS: [&str; 5] = ["tree", "cowsay", "prettier", "json", "greet"];

const GREET: &str = "set -e\nmkdir -p ~/.local/bin\nprintf '#!/bin/sh\\necho 2.0\\n' >~/.local/bin/greet\nchmod +x ~/.local/bin/greet\necho run >>~/runs\n";

fn write_kit(desk: &Desk) {
    desk.write(
        "extensions/kit/extension.yaml",
        "metadata: {name: kit, version: 1.0.0, description: a test, category: productivity, dependencies: [mise-config]}
install:
  method: hybrid
  continueOnError: true
  steps:
    - {tool: tree, core: false, apt: {packages: [tree]}}
    - {tool: cowsay, core: false, pip: {packages: [cowsay==6.1]}}
    - {tool: prettier, core: false, npm: {package: prettier@3.3.3}}
    - {tool: json, core: false, mise: {tools: ['npm:json@11.0.0']}}
    - {tool: greet, core: false, script: {path: install.sh}, remove: [~/.local/bin/greet]}
validate:
  commands:
    - {name: tree}
    - {name: cowsay, args: [-t, moo]}
    - {name: prettier}
    - {name: json}
    - {name: greet, expectedPattern: '^2[.]0$'}
",
    );
    desk.write("extensions/kit/install.sh", GREET);
}

fn choose(desk: &Desk, tools: &[&str]) {
    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nextensions:\n  active:\n    - {{name: kit, with: {{tools: [{}]}}}}\n",
        image("SINDRI_TEST_IMAGE", "sindri-test/tools:1"),
        tools.join(", ")
    ));
}

/// Those that are chosen work, the others are gone, and nothing is left to do.
#[track_caller]
fn only(desk: &Desk, chosen: &[&str]) {
    let there = "for tool in tree cowsay prettier json greet; do command -v $tool >/dev/null && echo $tool; done; true";
    let found = desk.inside(there);
    assert_eq!(found.lines().collect::<Vec<_>>(), chosen);
    desk.run(&["extension", "validate"]).code(0);
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    desk.run(&["drift", "--deep"]).code(0);
    assert_eq!(desk.inside("cat /run/secrets/API_TOKEN"), SECRET);
}

/// Another choice installs and removes the difference, whatever a tool was installed by.
pub(super) fn chosen_and_let_go() {
    let desk = Desk::new("exts-parts");
    write_kit(&desk);
    choose(&desk, &TOOLS);
    desk.apply(&[]).code(0);
    only(&desk, &TOOLS);

    choose(&desk, &["cowsay", "json"]);
    desk.apply(&[])
        .code(0)
        .says("Resources: 0 added, 1 changed, 0 destroyed.");
    only(&desk, &["cowsay", "json"]);

    choose(&desk, &["tree", "prettier", "greet"]);
    desk.apply(&[]).code(0);
    only(&desk, &["tree", "prettier", "greet"]);

    host("docker", &["restart", "--time", "1", &desk.name]);
    only(&desk, &["tree", "prettier", "greet"]);
    let machine = format!("machine.{}", desk.name);
    desk.apply(&["--replace", &machine]).code(0);
    only(&desk, &["tree", "prettier", "greet"]);

    // By hand one goes and one becomes older; each is named, and only they are made anew.
    desk.inside("apt-get remove -y -q tree >/dev/null 2>&1; printf '#!/bin/sh\\necho 1.0\\n' >~/.local/bin/greet; : >~/runs");
    let before = desk.inside("stat -c %Y ~/.local/lib/node_modules/prettier");
    let found = desk.run(&["drift", "--deep"]).code(2);
    found
        .says("`tree --version` isn't there")
        .says("greet")
        .hides("prettier");
    desk.run(&["apply", "--auto-approve", "--deep"]).code(0);
    only(&desk, &["tree", "prettier", "greet"]);
    assert_eq!(desk.inside("greet; cat ~/runs"), "2.0\nrun\n");
    let after = desk.inside("stat -c %Y ~/.local/lib/node_modules/prettier");
    assert_eq!(after, before);

    desk.configure(&format!(
        "deployment:\n  provider: docker\n  image: {}\n  volumes: {{}}\nextensions: {{active: []}}\n",
        image("SINDRI_TEST_IMAGE", "sindri-test/tools:1")
    ));
    desk.apply(&[]).code(0);
    desk.inside("! command -v tree && ! command -v prettier && ! command -v greet");
}

/// What needs a tool that failed waits for it and says so; what needs another one of the same
/// extension doesn't.
pub(super) fn needed_by_others() {
    let desk = Desk::new("exts-needed");
    desk.configure("deployment: {provider: local}\nextensions:\n  active: [duo, user, other]\n");
    let step = |tool: &str| {
        format!(
            "    - {{tool: {tool}, core: false, script: {{path: install.sh, args: [{tool}]}}}}\n"
        )
    };
    let install = format!(
        "  method: hybrid\n  continueOnError: true\n  steps:\n{}{}",
        step("one"),
        step("two")
    );
    let script = "[ \"$1\" != two ] || [ -e ~/mended ] || { echo two is out of stock; exit 3; }\necho \"$1\" >>~/runs\n";
    desk.extension("duo", &install, script, "test -s ~/runs");
    for (name, needs) in [("user", "two"), ("other", "one")] {
        desk.write(
            &format!("extensions/{name}/extension.yaml"),
            &format!(
                "metadata: {{name: {name}, version: 1.0.0, description: a test, category: productivity, dependencies: [{{name: duo, tools: [{needs}]}}]}}\ninstall:\n  method: script\n  script: {{path: install.sh}}\nvalidate:\n  commands:\n    - {{name: sh, args: [-c, 'test -e ~/{name}']}}\n"
            ),
        );
        desk.write(
            &format!("extensions/{name}/install.sh"),
            &format!("set -e\ntouch ~/{name}\n"),
        );
    }
    let applied = desk.apply(&[]).code(1);
    applied
        .says(&format!(
            "`extension.{0}.user` needs `two` of `duo`, which failed there",
            desk.name
        ))
        .says("two is out of stock")
        .says("sindri extension log duo");
    desk.inside("test -e ~/other && ! test -e ~/user");

    desk.inside("touch ~/mended");
    desk.apply(&[]).code(0);
    assert_eq!(desk.inside("cat ~/runs; ls ~/user"), {
        let home = desk.inside("printf %s ~/user");
        format!("one\ntwo\n{home}\n")
    });
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
}
