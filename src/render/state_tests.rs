use insta::assert_snapshot;

use super::*;
use crate::render::fixture::*;
use crate::state::{PartFailure, Record};

fn row(at: &str, drift: Option<&str>) -> StatusRow {
    StatusRow {
        address: address(at),
        provider: ProviderKind::Docker,
        status: Some(Status::Ready),
        power: Some(Power::Running),
        health: None,
        image: Some("registry.example/team/very/long/path/to/an/image:2026-01-02".into()),
        id: Some(ObjectId::new(&"3f9c1ab2".repeat(8))),
        drift: drift.map(str::to_owned),
        ended: None,
        reason: None,
        events: Vec::new(),
    }
}

#[test]
fn a_status_keeps_within_the_page() {
    let rows = [
        row("machine.dev", None),
        row("machine.ci-runner", Some("gone\u{1b}[31m")),
    ];
    let text = status_human(&rows, &Style::PLAIN);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert_snapshot!(text, @r#"
    RESOURCE           PROVIDER  STATUS  POWER    DRIFT           ID
    machine.dev        docker    ready   running                  3f9c1ab23f9c
      image .../image:2026-01-02
    machine.ci-runner  docker    ready   running  gone\u{1b}[31m  3f9c1ab23f9c
      image .../image:2026-01-02
    "#);
    assert_snapshot!(status_human(&[], &Style::PLAIN), @"Nothing is recorded yet: `sindri apply` makes what the configuration asks for.");
}

#[test]
fn what_ended_is_shown_with_the_time() {
    let mut gone = row("machine.dev", Some("missing"));
    gone.image = None;
    gone.power = None;
    gone.ended = Some("2026-11-28T05:10:59Z".parse().unwrap());
    let rows = [gone, row("machine.ci", None)];
    assert_snapshot!(status_human(&rows[..1], &Style::PLAIN), @r#"
    RESOURCE     PROVIDER  STATUS  DRIFT                                ID
    machine.dev  docker    ready   missing, ended 2026-11-28 05:10 UTC  3f9c1ab23f9c
    "#);
    let json: Vec<serde_json::Value> = serde_json::from_str(&status_json(&rows)).unwrap();
    assert_eq!(json[0]["ended"], "2026-11-28T05:10:59Z");
    assert_eq!(json[1].get("ended"), None);
}

#[test]
fn an_object_is_shown_without_its_fingerprint() {
    let mut partial = object(extension("20.1.0"));
    partial.status = Status::Partial {
        failed: vec![PartFailure {
            part: "pnpm".into(),
            reason: "404\nnot found".into(),
        }],
    };
    partial
        .attributes
        .set("tools", serde_json::json!({"node": "20.1.0"}));
    assert_snapshot!(state_show(&address("extension.dev.nodejs"), &partial, &Style::PLAIN), @r#"
    # extension.dev.nodejs (partial)
    extension "dev" "nodejs" {
        id         = "3f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab2"
        generation = 1
        content    = "sha256:14f3ee31f394"
        method     = "npm"
        version    = "20.1.0"
        tools      = { node = "20.1.0" }
    }

    Failed: 1 part
      pnpm: 404\nnot found
    "#);
    let secret = object(secret("x"));
    let at = address("secret.dev.TOKEN");
    assert_snapshot!(state_show(&at, &secret, &Style::PLAIN), @r#"
    # secret.dev.TOKEN (ready)
    secret "dev" "TOKEN" {
        id          = "3f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab23f9c1ab2"
        generation  = 1
        fingerprint = (sensitive)
        from        = { source = "env" }
        required    = true
    }
    "#);
    assert!(!state_show_json(&at, &secret).contains("hmac:"));
}

#[test]
fn a_list_is_addresses_and_nothing_else() {
    let mut state = State::new("shop", lineage());
    for at in ["machine.dev", "secret.dev.TOKEN"] {
        let record = Record {
            current: Some(object(secret("x")).into()),
            deposed: vec![],
        };
        state.resources.insert(address(at), record);
    }
    assert_eq!(state_list(&state), "machine.dev\nsecret.dev.TOKEN\n");
    assert!(!state_json(&state).contains("hmac:"));
}
