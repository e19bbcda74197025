use insta::assert_snapshot;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::render::fixture::address;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn started(text: &str, step: StepKind) -> Event {
    Event::Started {
        address: address(text),
        step,
        id: None,
    }
}

fn output(text: &str, line: &str) -> Event {
    Event::Output {
        address: address(text),
        line: line.to_owned(),
    }
}

fn story() -> Vec<(Duration, Event)> {
    let node = "extension.dev.nodejs";
    vec![
        (at(0), Event::Refreshing { resources: 3 }),
        (at(2), Event::Refreshed { elapsed: at(2) }),
        (at(2), started("machine.dev", StepKind::Create)),
        (at(2), started("volume.dev.old", StepKind::Destroy)),
        (
            at(3),
            Event::Progress {
                address: address("machine.dev"),
                text: "pulling debian:12".into(),
                share: Some((45, 100)),
            },
        ),
        (
            at(15),
            Event::Finished {
                address: address("machine.dev"),
                step: StepKind::Create,
                id: Some(ObjectId::new(&"3f9c1ab2".repeat(8))),
                elapsed: at(13),
                note: None,
                tools: Vec::new(),
            },
        ),
        (at(15), started(node, StepKind::Create)),
        (
            at(16),
            output(node, "\u{1b}[32mnpm\u{1b}[0m 10%\rnpm 90%\u{7}"),
        ),
        (
            at(17),
            Event::Failed {
                address: address(node),
                step: StepKind::Create,
                diagnostics: vec![Diagnostic::error(
                    Code::new("install::failed"),
                    "npm ended with 1",
                )],
                elapsed: at(2),
            },
        ),
        (
            at(17),
            Event::Skipped {
                address: address("extension.dev.pnpm"),
                step: StepKind::Create,
                because: Some(address(node)),
            },
        ),
        (at(18), Event::Interrupted { at_once: false }),
    ]
}

#[test]
fn a_log_has_a_line_for_each_turn() {
    let mut progress = Progress::plain(&Style::PLAIN);
    let mut lines = Vec::new();
    for (when, event) in story() {
        lines.extend(progress.tick(when));
        lines.extend(progress.feed(&event, when));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    Refreshing 3 resources...
    Refreshed after 2s
    machine.dev: Creating...
    volume.dev.old: Destroying...
    machine.dev: Still creating... [13s elapsed] 45% pulling debian:12
    volume.dev.old: Still destroying... [13s elapsed]
    machine.dev: Creation complete after 13s [id=3f9c1ab23f9c]
    extension.dev.nodejs: Creating...
    extension.dev.nodejs: Creation failed after 2s: npm ended with 1
        | npm 90%\u{7}
    extension.dev.pnpm: Skipped, since extension.dev.nodejs failed
    Interrupted: nothing new starts, 1 running, which will be finished and recorded. Press Ctrl-C again to stop at once.
    "#);
}

#[test]
fn a_terminal_shows_what_runs() {
    let mut progress = Progress::live(&Style::PLAIN).with_total(4);
    let story = story();
    let mut stay = Vec::new();
    for (when, event) in &story[..5] {
        stay.extend(progress.feed(event, *when));
        assert!(progress.tick(*when + at(60)).is_empty());
    }
    assert_eq!(stay, ["Refreshed after 2s"]);
    assert_snapshot!(progress.block(at(9), 10).join("\n"), @r#"
    - machine.dev     Creating        7s  45% pulling debian:12
    - volume.dev.old  Destroying      7s
      2 running, 0 of 4 done
    "#);
    for (when, event) in &story[5..8] {
        progress.feed(event, *when);
    }
    assert_snapshot!(progress.block(at(75), 2).join("\n"), @r#"
    - volume.dev.old  Destroying   1m13s
      2 running (1 not shown), 1 of 4 done
    "#);
}

#[test]
fn a_block_fits_any_terminal() {
    let style = Style {
        width: 30,
        ..Style::PLAIN
    };
    let mut progress = Progress::live(&style).with_total(100);
    for i in 0..50 {
        progress.feed(
            &started(&format!("machine.a-rather-long-name-{i}"), StepKind::Create),
            at(0),
        );
    }
    for height in 0..10 {
        let block = progress.block(at(4000), height);
        assert!(block.len() <= height);
        assert!(
            block.iter().all(|line| line.chars().count() <= 30),
            "{block:?}"
        );
    }
}
