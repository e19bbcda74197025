//! The catalog in a container.

use super::desk::{Desk, bare_image, host, image};
use super::life::Life;
use super::mirror::Mirror;

/// All that install in a container at once.
pub(super) const EXTENSIONS: [&str; 12] = [
    "agent-skills-cli",
    "esbuild",
    "mise-config",
    "nodejs",
    "nodejs-devtools",
    "openskills",
    "php",
    "python",
    "python-devtools",
    "ruff",
    "tmux-workspace",
    "workspace-layout",
];

/// What the machine's cargo builds: that of the image's Debian is too old, so the image has another.
pub(super) const BUILT: [&str; 2] = ["rust-cli-tools", "workspace-layout"];

fn configuration(image: &str, extensions: &[&str]) -> String {
    format!(
        "deployment:\n  provider: docker\n  image: {image}\n  volumes:\n    workspace: {{size: 1GB}}\nextensions:\n  active: [{}]\n",
        extensions.join(", ")
    )
}

/// Installed, restarted, replaced on another image, broken and healed, taken out, destroyed.
pub(super) fn life() {
    // Node.js and Python are found in the first image, and installed where the second has none.
    let (first, second) = (
        image("SINDRI_TEST_IMAGE", "sindri-test/tools:1"),
        bare_image(),
    );
    let life = Life::new(Desk::new("exts-docker"), &EXTENSIONS);
    let desk = &life.desk;
    desk.configure(&configuration(&first, &EXTENSIONS));
    desk.apply(&[])
        .code(0)
        .says("Apply complete! Resources: 16 added");
    life.all_rests();
    life.all_works("/run/secrets");
    life.keep_files();

    host("docker", &["restart", "--time", "1", &desk.name]);
    life.all_rests();
    life.all_works("/run/secrets");
    life.files_are_kept();

    desk.configure(&configuration(&second, &EXTENSIONS));
    let mut planned = desk.run(&["plan"]).code(0).says("must be replaced");
    for extension in EXTENSIONS {
        planned = planned.says(&format!(
            "extension.{}.{extension} must be replaced",
            desk.name
        ));
    }
    planned.says("Plan: 14 to add, 0 to change, 14 to destroy.");
    desk.apply(&[])
        .code(0)
        .says("Resources: 14 added, 0 changed, 14 destroyed.");
    assert!(
        desk.recorded(&format!("extension.{}.nodejs", desk.name))
            .contains("found       = false")
    );
    life.all_rests();
    life.all_works("/run/secrets");
    life.files_are_kept();

    life.breaks_and_heals(
        "apt-get remove -y -q tmux >/dev/null 2>&1 && rm ~/.local/bin/esbuild",
        &[
            ("tmux-workspace", "`tmux -V` isn't there"),
            ("esbuild", "`esbuild --version` isn't there"),
        ],
    );
    life.all_works("/run/secrets");

    let fewer: Vec<&str> = EXTENSIONS
        .into_iter()
        .filter(|name| !["esbuild", "tmux-workspace"].contains(name))
        .collect();
    desk.configure(&configuration(&second, &fewer));
    life.lets_go(&["esbuild", "tmux-workspace"], &["esbuild", "tmux", "htop"]);
    life.files_are_kept();

    desk.run(&["destroy", "--auto-approve", "--volumes"])
        .code(0)
        .says("Destroy complete!");
    let named = format!("name={}", desk.name);
    for listing in [
        ["ps", "-a"].as_slice(),
        &["volume", "ls"],
        &["network", "ls"],
    ] {
        let left = host("docker", &[listing, &["-q", "--filter", &named]].concat());
        assert_eq!(left, "", "{listing:?}");
    }
    assert_eq!(desk.run(&["state", "list"]).code(0).stdout, "");
}

/// Crates, built in a container from a mirror of their index, whose machine is restarted and replaced.
pub(super) fn crates() {
    let mirror = Mirror::start();
    let image = image("SINDRI_TEST_CARGO_IMAGE", "sindri-test/cargo:1");
    let life = Life::new(Desk::new("exts-crates-docker"), &BUILT);
    let desk = &life.desk;
    let configuration = configuration(&image, &BUILT);
    desk.configure(&format!(
        "{configuration}mirrors: {{crates: 'http://{}/crates'}}\n",
        mirror.at
    ));
    desk.apply(&[]).code(0);
    for wanted in [
        "/crates/config.json",
        "/crates/he/xy/hexyl",
        "/crate-files/hexyl/",
    ] {
        assert!(mirror.count(wanted) > 0, "{wanted}: {:?}", mirror.asked());
    }
    life.all_rests();
    life.all_works("/run/secrets");
    life.keep_files();

    host("docker", &["restart", "--time", "1", &desk.name]);
    life.all_rests();
    life.all_works("/run/secrets");

    let machine = format!("machine.{}", desk.name);
    desk.apply(&["--replace", &machine]).code(0);
    life.all_rests();
    life.all_works("/run/secrets");
    life.files_are_kept();
}
