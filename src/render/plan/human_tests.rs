use insta::assert_snapshot;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Action, After, Effectuation, FieldChange, Reason};
use crate::render::fixture::*;
use crate::state::{PartFailure, Status};

fn screen(plan: &Plan) -> String {
    plan_human(plan, &Style::PLAIN)
}

fn replace() -> Action {
    Action::Replace(Order::DestroyFirst)
}

pub(crate) fn mixed() -> Plan {
    let mut upgraded = both(
        change(
            "machine.dev",
            replace(),
            Reason::Forced {
                path: "image".into(),
            },
        ),
        machine("debian:12", 4),
        machine("debian:13", 8),
    );
    upgraded.fields = vec![
        forcing(field("image", "debian:12", "debian:13")),
        field("memory", "4GB", "8GB"),
    ];
    let mut pin = both(
        change("image.dev", Action::Update, Reason::ImageMoved),
        image("debian:12"),
        image("debian:13"),
    );
    pin.fields = vec![
        field("reference", "debian:12", "debian:13"),
        FieldChange {
            path: "digest".into(),
            before: Some("sha256:0011".into()),
            after: After::Unknown,
            effect: Effectuation::InPlace,
        },
    ];
    let mut token = both(
        change("secret.dev.TOKEN", Action::Update, Reason::Changed),
        secret("old"),
        secret("new"),
    );
    token.fields = vec![field("fingerprint", "hmac:aaaa", "hmac:bbbb")];
    let node = both(
        change(
            "extension.dev.nodejs",
            replace(),
            Reason::Parent(address("machine.dev")),
        ),
        extension("20.1.0"),
        extension("20.1.0"),
    );
    let mut gone = both(
        change("extension.dev.tmux", Action::Delete, Reason::NotWanted),
        extension("1.0.0"),
        extension("1.0.0"),
    );
    gone.desired = None;
    plan(vec![
        pin,
        create("volume.dev.cache", volume(10)),
        upgraded,
        token,
        node,
        gone,
        both(
            change("volume.dev.workspace", Action::NoOp, Reason::Changed),
            volume(20),
            volume(20),
        ),
    ])
}

#[test]
fn a_plan_of_everything() {
    let mut plan = mixed();
    plan.drift = vec![
        drift(
            "machine.dev",
            crate::plan::DriftKind::Changed,
            vec![field("memory", "4GB", "2GB")],
        ),
        drift("volume.dev.cache", crate::plan::DriftKind::Missing, vec![]),
        drift(
            "network.dev",
            crate::plan::DriftKind::Unreadable("connection refused".into()),
            vec![],
        ),
    ];
    assert_snapshot!(screen(&plan), @"");
}

#[test]
fn a_new_machine() {
    let plan = plan(vec![
        create("image.dev", image("debian:12")),
        create("volume.dev.workspace", volume(20)),
        create("machine.dev", machine("debian:12", 4)),
        create("secret.dev.TOKEN", secret("x")),
        create("extension.dev.nodejs", extension("20.1.0")),
    ]);
    assert_snapshot!(screen(&plan), @"");
}

#[test]
fn nothing_to_do() {
    assert_snapshot!(screen(&plan(vec![])), @"");
}

#[test]
fn ugly_values() {
    let mut ugly = both(
        change("machine.dev", Action::Update, Reason::Changed),
        machine("debian:12", 4),
        machine("debian:12", 4),
    );
    let long = "a".repeat(300);
    ugly.fields = vec![
        field(
            "docker.extraHosts",
            serde_json::json!(["a:1", "b:2", "c:3"]),
            serde_json::json!(["a:1", "c:3", "d:4"]),
        ),
        field(
            "docker.labels",
            serde_json::json!({"a": 1, "b c": "x", "same": true}),
            serde_json::json!({"a": 2, "new": null, "same": true}),
        ),
        field(
            "docker.script",
            "one\ntwo\nthree\n",
            "one\n2\u{1b}[31m\nthree\n",
        ),
        field("docker.long", format!("{long}x"), format!("{long}y")),
        field(
            "docker.evil",
            "\u{1b}]0;owned\u{7}",
            "d\u{e9}v \u{202e}\"quoted\"",
        ),
        field("docker.wide", "w".repeat(50), "v".repeat(50)),
        FieldChange {
            path: "docker.gone".into(),
            before: Some("x".into()),
            after: After::Unset,
            effect: Effectuation::InPlace,
        },
        FieldChange {
            path: "docker.ports".into(),
            before: None,
            after: After::Known(
                serde_json::json!([{"host": 8080, "container": 80, "protocol": "tcp"}]),
            ),
            effect: Effectuation::ForcesReplacement,
        },
    ];
    assert_snapshot!(screen(&plan(vec![ugly])), @"");
}

#[test]
fn reasons_and_rare_actions() {
    let mut failed = both(
        change("extension.dev.nodejs", Action::Update, Reason::Partial),
        extension("20.1.0"),
        extension("20.1.0"),
    );
    let mut half = object(extension("20.1.0"));
    half.status = Status::Partial {
        failed: vec![PartFailure {
            part: "pnpm".into(),
            reason: "404".into(),
        }],
    };
    failed.recorded = Some(half.into());
    let mut kept = both(
        change("volume.dev.workspace", Action::NoOp, Reason::Retained),
        volume(20),
        volume(20),
    );
    kept.desired = None;
    let mut plan = plan(vec![
        both(
            change(
                "machine.ci",
                Action::Replace(Order::CreateFirst),
                Reason::Tainted,
            ),
            machine("debian:12", 4),
            machine("debian:12", 4),
        ),
        both(
            change("volume.ci.data", Action::Adopt, Reason::TakenAgain),
            volume(20),
            volume(20),
        ),
        both(
            change("network.old", Action::Forget, Reason::NotWanted),
            volume(20),
            volume(20),
        ),
        failed,
        kept,
    ]);
    plan.checks = vec![Diagnostic::error(Code::new("plan::no-gpu"), "no gpu")];
    plan.header.targets = vec![address("machine.ci")];
    assert_snapshot!(screen(&plan), @"");
}
