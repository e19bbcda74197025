use proptest::prelude::*;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Action, Reason};
use crate::render::fixture::*;
use crate::render::plan::tests::mixed;
use crate::render::plan::{PlanMeta, plan_json};

fn meta() -> PlanMeta<'static> {
    PlanMeta {
        timestamp: "2026-01-02T03:04:05Z".parse().unwrap(),
        terraform_version: "1.11.0",
        sindri_version: "4.0.0",
        signer: None,
        edit: None,
    }
}

fn read(plan: &crate::plan::Plan) -> Value {
    let text = plan_json(plan, &meta());
    assert!(!text.contains('\n'), "more than one line");
    assert!(!text.contains("hmac:"), "a fingerprint in {text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_plan_reads_as_terraforms_own() {
    let mut plan = mixed();
    plan.checks = vec![Diagnostic::warning(
        Code::new("plan::no-limit"),
        "no memory limit",
    )];
    let json = read(&plan);
    assert_eq!(json["format_version"], "1.2");
    assert_eq!(json["timestamp"], "2026-01-02T03:04:05Z");
    assert_eq!(json["errored"], false);
    let machine = &json["resource_changes"][2];
    assert_eq!(machine["address"], "machine.dev");
    assert_eq!(machine["type"], "sindri_machine");
    assert_eq!(machine["provider_name"], "sindri.dev/sindri/docker");
    assert_eq!(machine["action_reason"], "replace_because_cannot_update");
    let change = &machine["change"];
    assert_eq!(change["actions"], serde_json::json!(["delete", "create"]));
    assert_eq!(change["before"]["image"], "debian:12");
    assert_eq!(change["after"]["image"], "debian:13");
    assert_eq!(change["after"]["docker"]["restart"], "unless-stopped");
    assert_eq!(change["after_unknown"]["id"], true);
    assert_eq!(change["replace_paths"], serde_json::json!([["image"]]));
    let secret = &json["resource_changes"][3];
    assert_eq!(secret["index"], "TOKEN");
    assert_eq!(secret["change"]["after_sensitive"]["fingerprint"], true);
    assert!(secret["change"]["after"].get("fingerprint").is_none());
    assert_eq!(secret["provider_name"], "sindri.dev/sindri/docker");
    assert_eq!(json["checks"][0]["status"], "fail");
    assert_eq!(json["sindri"]["totals"]["add"], 3);
    assert_eq!(
        json["planned_values"]["root_module"]["resources"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
}

#[test]
fn what_was_missing_has_no_before() {
    let mut again = both(
        change("machine.dev", Action::Create, Reason::Missing),
        machine("debian:12", 4),
        machine("debian:12", 4),
    );
    again.fields = Vec::new();
    let json = read(&plan(vec![again]));
    assert_eq!(json["resource_changes"][0]["change"]["before"], Value::Null);
    assert_eq!(json["sindri"]["reasons"][0]["reason"], "missing");
}

proptest! {
    #[test]
    fn any_text_makes_one_line_of_json(text in any::<String>(), path in any::<String>()) {
        let mut any = both(
            change("machine.dev", Action::Update, Reason::Forced { path: path.clone() }),
            machine(&text, 4),
            machine(&text, 4),
        );
        any.fields = vec![field(&path, text.clone(), format!("hmac:{text}"))];
        let mut plan = plan(vec![any]);
        plan.checks = vec![Diagnostic::error(Code::new("x::y"), text)];
        read(&plan);
    }
}
