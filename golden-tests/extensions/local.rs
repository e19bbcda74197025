//! The catalog on this very host.

use super::desk::Desk;
use super::life::Life;

/// All that need no root: `tmux-workspace` is of the host's packages, which stay its owner's.
pub(super) const EXTENSIONS: [&str; 10] = [
    "agent-skills-cli",
    "esbuild",
    "mise-config",
    "nodejs",
    "nodejs-devtools",
    "openskills",
    "python",
    "python-devtools",
    "ruff",
    "workspace-layout",
];

fn configuration(extensions: &[&str]) -> String {
    format!(
        "deployment:\n  provider: local\nextensions:\n  active: [{}]\n",
        extensions.join(", ")
    )
}

/// Installed, restarted, replaced, broken and healed, taken out, destroyed.
pub(super) fn life() {
    let life = Life::new(Desk::new("exts-local"), &EXTENSIONS);
    let desk = &life.desk;
    desk.configure(&configuration(&EXTENSIONS));
    desk.apply(&[])
        .code(0)
        .says("Apply complete! Resources: 13 added");
    life.all_rests();
    life.all_works("~/../run/secrets");
    life.keep_files();

    desk.run(&["stop"]).code(0);
    desk.run(&["connect", "-c", "true"])
        .code(1)
        .says("is stopped");
    desk.run(&["start"]).code(0);
    life.all_rests();
    life.all_works("~/../run/secrets");
    life.files_are_kept();

    let machine = format!("machine.{}", desk.name);
    let mut planned = desk.run(&["plan", "--replace", &machine]).code(0);
    for extension in EXTENSIONS {
        planned = planned.says(&format!(
            "extension.{}.{extension} must be replaced",
            desk.name
        ));
    }
    planned.says("Plan: 12 to add, 0 to change, 12 to destroy.");
    let replaced = desk.apply(&["--replace", &machine]).code(0);
    replaced.says("Resources: 12 added, 0 changed, 12 destroyed.");
    life.all_rests();
    life.all_works("~/../run/secrets");
    life.files_are_kept();

    life.breaks_and_heals(
        "rm ~/.local/bin/esbuild ~/.local/bin/black",
        &[
            ("esbuild", "`esbuild --version` isn't there"),
            ("python-devtools", "`black --version` isn't there"),
        ],
    );
    life.all_works("~/../run/secrets");

    let fewer: Vec<&str> = EXTENSIONS
        .into_iter()
        .filter(|name| !["openskills", "ruff"].contains(name))
        .collect();
    desk.configure(&configuration(&fewer));
    // What the host has of these stays the host's.
    life.lets_go(
        &["openskills", "ruff"],
        &["~/.local/bin/openskills", "~/.local/bin/ruff"],
    );
    life.files_are_kept();

    let data = desk.inside("cd ~/../.. && pwd");
    desk.run(&["destroy", "--auto-approve", "--volumes"])
        .code(0)
        .says("Destroy complete!");
    assert_eq!(desk.run(&["state", "list"]).code(0).stdout, "");
    let left = std::fs::read_dir(data.trim()).map_or(0, Iterator::count);
    assert_eq!(left, 0, "machines are left in {data}");
}
