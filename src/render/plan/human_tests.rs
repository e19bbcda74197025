use insta::assert_snapshot;
use proptest::prelude::*;

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

pub(in crate::render) fn mixed() -> Plan {
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
            "machine.ci",
            crate::plan::DriftKind::Ended("2026-11-28T05:10:59.7Z".parse().unwrap()),
            vec![],
        ),
        drift(
            "network.dev",
            crate::plan::DriftKind::Unreadable("connection refused".into()),
            vec![],
        ),
    ];
    assert_snapshot!(screen(&plan), @r#"
    Changed outside of sindri:

      # machine.dev has changed
      ~ machine "dev" {
          ~ memory = "4GB" -> "2GB"
        }

      # volume.dev.cache is gone

      # machine.ci is gone: it ended 2026-11-28 05:10 UTC

    Unknown, drifted or not:

      # network.dev couldn't be read (connection refused)

    --------------------------------------------------------------------------------

    To bring shop to its configuration, sindri will:
      + create
      ~ update in-place
    -/+ destroy and then create replacement
      - destroy

      # image.dev will be pinned anew
      # (its image now stands for another digest)
      ~ image "dev" {
          ~ reference = "debian:12" -> "debian:13"
          ~ digest    = "sha256:0011" -> (known after apply)
            # (2 unchanged fields hidden)
        }

      # volume.dev.cache will be created
      + volume "dev" "cache" {
          + id       = (known after apply)
          + name     = "shop-dev-workspace"
          + provider = "docker"
          + size     = "10GB"
        }

      # machine.dev must be replaced
      # (image can't be changed in place)
    -/+ machine "dev" {
          ~ id     = "3f9c1ab23f9c" -> (known after apply)
          ~ image  = "debian:12" -> "debian:13" # forces replacement
          ~ memory = "4GB" -> "8GB"
            # (9 unchanged fields hidden)
        }

      # secret.dev.TOKEN will be updated in-place
      ~ secret "dev" "TOKEN" {
          ~ fingerprint = (sensitive) -> (sensitive)
            # (2 unchanged fields hidden)
        }

      # extension.dev.nodejs must be replaced
      # (because machine.dev is replaced)
    -/+ extension "dev" "nodejs"

      # extension.dev.tmux will be destroyed
      # (the configuration no longer asks for it)
      - extension "dev" "tmux" {
          - content = "sha256:92521fc3cbd9"
          - method  = "npm"
          - version = "1.0.0"
        }

    Not counted below: 1 pin to set.
    Plan: 3 to add, 1 to change, 3 to destroy.
    "#);
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
    assert_snapshot!(screen(&plan), @r#"
    To bring shop to its configuration, sindri will:
      + create

      # image.dev will be pinned
      + image "dev" {
          + imageId    = (known after apply)
          + provider   = "docker"
          + pullPolicy = "IfNotPresent"
          + reference  = "debian:12"
        }

      # volume.dev.workspace will be created
      + volume "dev" "workspace" {
          + id       = (known after apply)
          + name     = "shop-dev-workspace"
          + provider = "docker"
          + size     = "20GB"
        }

      # machine.dev will be created
      + machine "dev" {
          + id             = (known after apply)
          + cpus           = 2
          + docker.network = "bridge"
          + docker.ports   = [
              + { container = 80, host = 8080, protocol = "tcp" },
            ]
          + docker.restart = "unless-stopped"
          + docker.runtime = "auto"
          + image          = "debian:12"
          + memory         = "4GB"
          + mounts         = [
              + { path = "/workspace", volume = "workspace" },
            ]
          + name           = "shop-dev"
          + power          = "running"
          + provider       = "docker"
        }

      # secret.dev.TOKEN will be created
      + secret "dev" "TOKEN" {
          + fingerprint = (sensitive)
          + from        = { source = "env" }
          + required    = true
        }

      # extension.dev.nodejs will be created
      + extension "dev" "nodejs" {
          + content = "sha256:14f3ee31f394"
          + method  = "npm"
          + version = "20.1.0"
        }

    Not counted below: 1 pin to set.
    Plan: 4 to add, 0 to change, 0 to destroy.
    "#);
}

#[test]
fn nothing_to_do() {
    assert_snapshot!(screen(&plan(vec![])), @"No changes. What stands matches the configuration.");
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
    assert_snapshot!(screen(&plan(vec![ugly])), @r#"
    To bring shop to its configuration, sindri will:
      ~ update in-place

      # machine.dev will be updated in-place
      ~ machine "dev" {
            id                = "3f9c1ab23f9c"
          ~ docker.extraHosts = [
              - "b:2",
              + "d:4",
                # (2 unchanged items hidden)
            ]
          ~ docker.labels     = {
              ~ a = 1 -> 2
              - "b c" = "x"
              + new = null
                # (1 unchanged entry hidden)
            }
          ~ docker.script     = <<-DIFF
              @@ -1,3 +1,3 @@
                one
              - two
              + 2\u{1b}[31m
                three
            DIFF
          ~ docker.long       = ..."aaaaaaaaaaaaaaaaaaaax"
            -> ..."aaaaaaaaaaaaaaaaaaaay"
          ~ docker.evil       = "\u{1b}]0;owned\u{7}" -> "dév \u{202e}\"quoted\""
          ~ docker.wide       = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
            -> "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
          - docker.gone       = "x" -> null
          + docker.ports      = [
              + { container = 80, host = 8080, protocol = "tcp" },
            ] # forces replacement
            # (10 unchanged fields hidden)
        }

    Plan: 0 to add, 1 to change, 0 to destroy.
    "#);
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
    assert_snapshot!(screen(&plan), @r#"
    To bring shop to its configuration, sindri will:
      ~ update in-place
    +/- create replacement and then destroy
      > adopt (take under management as it is)
      . forget (drop from the state, leave it be)

      # machine.ci must be replaced
      # (it was left half made, or is marked with `taint`)
    +/- machine "ci" {
          ~ id = "3f9c1ab23f9c" -> (known after apply)
            # (11 unchanged fields hidden)
        }

      # volume.ci.data will be adopted
      # (kept from an earlier machine, with its content)
      > volume "ci" "data" {
            id = "3f9c1ab23f9c"
            # (3 unchanged fields hidden)
        }

      # network.old will be forgotten, not destroyed
      # (the configuration no longer asks for it)

      # extension.dev.nodejs will be updated in-place
      # (what failed last time is tried again: pnpm)
      ~ extension "dev" "nodejs"

      # volume.dev.workspace will be kept
      # (with its content, after its machine is gone; --volumes destroys it)

    Only a part was looked at: machine.ci.
    Not counted below: 1 to adopt, 1 to forget.
    Nothing can be applied: 1 error.
    Plan: 1 to add, 1 to change, 1 to destroy.
    "#);
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<String>().prop_map(serde_json::Value::from),
        "(a\n|\u{1b}\\[2J|\\PC){0,30}".prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_moves_the_terminal(
        before in any_value(),
        after in any_value(),
        path in any::<String>(),
        width in 0_usize..200,
    ) {
        let mut any = both(
            change("machine.dev", replace(), Reason::Forced { path: path.clone() }),
            machine(&path, 4),
            machine(&path, 4),
        );
        any.fields = vec![field(&path, before, after)];
        let style = Style { color: false, width, unicode: false };
        let text = plan_human(&plan(vec![any, create("machine.new", machine(&path, 1))]), &style);
        prop_assert!(text.chars().all(|c| c == '\n' || !crate::render::text::is_unsafe(c)));
        prop_assert!(text.ends_with("Plan: 2 to add, 0 to change, 1 to destroy.\n"));
    }
}

#[test]
fn colours_mark_what_happens() {
    let style = Style {
        color: true,
        ..Style::PLAIN
    };
    let text = plan_human(&mixed(), &style);
    assert!(
        text.contains("\u{1b}[31m-\u{1b}[0m/\u{1b}[32m+\u{1b}[0m machine"),
        "{text:?}"
    );
    let plain = plan_human(&mixed(), &Style::PLAIN);
    let mut stripped = String::new();
    for part in text.split('\u{1b}') {
        stripped.push_str(
            part.strip_prefix('[')
                .map_or(part, |p| p.split_once('m').unwrap().1),
        );
    }
    assert_eq!(stripped, plain);
}

#[test]
fn a_destroy_says_what_it_keeps() {
    let mut gone = both(
        change("machine.dev", Action::Delete, Reason::Destroyed),
        machine("debian:12", 4),
        machine("debian:12", 4),
    );
    gone.desired = None;
    let mut kept = both(
        change("volume.dev.workspace", Action::NoOp, Reason::Retained),
        volume(20),
        volume(20),
    );
    kept.desired = None;
    let mut plan = plan(vec![gone, kept]);
    plan.header.destroy = true;
    assert_snapshot!(screen(&plan), @r#"
    To destroy shop, sindri will:
      - destroy

      # machine.dev will be destroyed
      - machine "dev" {
          - id             = "3f9c1ab23f9c"
          - cpus           = 2
          - docker.network = "bridge"
          - docker.ports   = [
              - { container = 80, host = 8080, protocol = "tcp" },
            ]
          - docker.restart = "unless-stopped"
          - docker.runtime = "auto"
          - image          = "debian:12"
          - memory         = "4GB"
          - mounts         = [
              - { path = "/workspace", volume = "workspace" },
            ]
          - name           = "shop-dev"
          - power          = "running"
          - provider       = "docker"
        }

      # volume.dev.workspace will be kept
      # (with its content, after its machine is gone; --volumes destroys it)

    Plan: 0 to add, 0 to change, 1 to destroy.
    "#);
}
