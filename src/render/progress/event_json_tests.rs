use std::time::Duration;

use super::*;
use crate::diagnostic::{Code, Source};
use crate::render::fixture::*;
use crate::render::plan::tests::mixed;

fn now() -> Timestamp {
    "2026-01-02T03:04:05.123456Z".parse().unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_failure_is_an_event_and_its_diagnostics() {
    let place = Source::new("sindri.yaml", "a: b\nport: 8080\n").place(5, 4);
    let event = Event::Failed {
        address: address("extension.dev.nodejs"),
        step: StepKind::Create,
        diagnostics: vec![Diagnostic::error(Code::new("install::failed"), "npm\nfailed").at(place)],
        elapsed: Duration::from_secs(3),
    };
    let lines = lines(&event_json(&event, now()));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["type"], "apply_errored");
    assert_eq!(lines[0]["@level"], "error");
    assert_eq!(lines[0]["@timestamp"], "2026-01-02T03:04:05.123456Z");
    assert_eq!(lines[0]["hook"]["resource"]["addr"], "extension.dev.nodejs");
    assert_eq!(lines[0]["hook"]["resource"]["resource_key"], "nodejs");
    assert_eq!(lines[0]["hook"]["elapsed_seconds"], 3);
    assert_eq!(lines[1]["type"], "diagnostic");
    assert_eq!(lines[1]["diagnostic"]["range"]["start"]["line"], 2);
}

#[test]
fn a_plan_is_its_changes_and_its_totals() {
    let lines = lines(&plan_events_json(&mixed(), now()));
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[0]["type"], "planned_change");
    let last = lines.last().unwrap();
    assert_eq!(last["type"], "change_summary");
    assert_eq!(last["changes"]["remove"], 3);
    assert_eq!(
        last["@message"],
        "Plan: 3 to add, 1 to change, 3 to destroy."
    );
}

#[test]
fn the_end_says_what_is_missing() {
    let summary = Summary {
        skipped: vec![(address("machine.dev"), None)],
        interrupted: true,
        ..Summary::default()
    };
    let lines = lines(&event_json(&Event::Ended(summary), now()));
    assert_eq!(lines[0]["complete"], false);
    assert_eq!(lines[0]["skipped"][0]["address"], "machine.dev");
}
