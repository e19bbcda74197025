use std::time::Duration;

use insta::assert_snapshot;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Totals;
use crate::render::fixture::address;

fn done() -> Summary {
    Summary {
        done: Totals {
            add: 3,
            change: 1,
            destroy: 0,
            import: 0,
            adopt: 0,
            forget: 0,
        },
        elapsed: Duration::from_secs(75),
        ..Summary::default()
    }
}

fn screen(summary: &Summary) -> String {
    summary_human(summary, &Style::PLAIN)
}

#[test]
fn all_went_well() {
    assert_snapshot!(screen(&done()), @"Apply complete! Resources: 3 added, 1 changed, 0 destroyed.");
    let destroyed = Summary {
        done: Totals {
            destroy: 4,
            ..Totals::default()
        },
        destroy: true,
        ..done()
    };
    assert_snapshot!(screen(&destroyed), @"Destroy complete! Resources: 4 destroyed.");
    let rustc = Tool {
        name: "rustc".into(),
        version: Some("1.90.0".into()),
        result: "installed".into(),
        ..Tool::default()
    };
    let lines = ["fetching", "no such component", "giving up"];
    let clippy = Tool {
        name: "clippy".into(),
        result: "failed".into(),
        reason: Some("exit code 1: giving up".into()),
        last_lines: lines.map(str::to_owned).to_vec(),
        ..Tool::default()
    };
    let partial = Summary {
        partial: vec![(address("extension.dev.rust"), vec![rustc, clippy])],
        ..done()
    };
    assert_snapshot!(screen(&partial), @r#"
    Made, but for some parts:
      extension.dev.rust
        rustc   installed  1.90.0
        clippy  failed     exit code 1: giving up
          | fetching
          | no such component
          | giving up

    Apply complete! Resources: 3 added, 1 changed, 0 destroyed.
    `sindri apply` tries the missing parts again; `sindri extension log NAME` shows
    what they printed.
    "#);
}

#[test]
fn something_failed() {
    let port = Diagnostic::error(Code::new("docker::port-taken"), "port 8080 is taken")
        .on(address("machine.dev"))
        .because("bind: address already in use")
        .help("choose another `host` port under `providers.docker.ports`");
    let failed = Summary {
        failed: vec![(address("machine.dev"), vec![port])],
        skipped: vec![
            (address("secret.dev.TOKEN"), Some(address("machine.dev"))),
            (
                address("extension.dev.nodejs"),
                Some(address("machine.dev")),
            ),
        ],
        ..done()
    };
    assert_snapshot!(screen(&failed), @r#"
    Failed: 1 resource

    docker::port-taken (machine.dev)

      error: port 8080 is taken
      `-> bind: address already in use
      help: choose another `host` port under `providers.docker.ports`

    Skipped: 2 resources
      secret.dev.TOKEN, since machine.dev failed
      extension.dev.nodejs, since machine.dev failed

    Apply failed after 1m15s. Resources: 3 added, 1 changed, 0 destroyed.
    Mend what failed, then run `sindri apply` again: it goes on from here.
    "#);
}

#[test]
fn somebody_stopped_it() {
    let stopped = Summary {
        interrupted: true,
        skipped: (0..30)
            .map(|i| (address(&format!("machine.m{i}")), None))
            .collect(),
        ..done()
    };
    let text = screen(&stopped);
    assert!(text.contains("  and 10 more\n"), "{text}");
    assert!(
        text.contains("Apply interrupted after 1m15s. Resources: 3 added"),
        "{text}"
    );
}
