//! The catalog in a container.

use super::desk::{Desk, bare_image, host, image};
use super::life::Life;

/// All that install in a container at once. `rust-cli-tools` is left to `local`: it is built by the
/// machine's cargo, and that of the image's Debian is too old for it.
pub(super) const EXTENSIONS: [&str; 9] = [
    "esbuild",
    "nodejs",
    "nodejs-devtools",
    "php",
    "python",
    "python-devtools",
    "ruff",
    "tmux-workspace",
    "workspace-layout",
];

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
        .says("Apply complete! Resources: 13 added");
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
    planned.says("Plan: 11 to add, 0 to change, 11 to destroy.");
    desk.apply(&[])
        .code(0)
        .says("Resources: 11 added, 0 changed, 11 destroyed.");
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
