//! A part of an extension's tools: what is chosen, what isn't there, what another one needs.

use super::fixture::{catalog, manifest, name, show};
use crate::catalog::{Catalog, Ground, Incompatible, Pick, Resolution, Wanted, resolve, select};
use crate::diagnostic::Diagnostics;
use crate::resource::ProviderKind;

/// A manifest of tools by npm, those named core first.
fn kit(name: &str, goes_on: bool, core: &[&str], others: &[&str]) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "metadata: {{name: {name}, version: 1.0.0, description: a kit, category: devops}}\n\
         install:\n  method: hybrid\n  continueOnError: {goes_on}\n  steps:\n"
    );
    for (tools, core) in [(core, true), (others, false)] {
        for tool in tools {
            writeln!(
                text,
                "    - {{tool: {tool}, core: {core}, npm: {{package: {tool}@1.0.0}}}}"
            )
            .unwrap();
        }
    }
    text + "validate: {commands: [{name: sh}]}\n"
}

fn picked(extension: &str, tools: &[&str]) -> Wanted {
    let pick = |tool: &&str| Pick {
        tool: (*tool).to_owned(),
        place: None,
    };
    Wanted {
        tools: Some(tools.iter().map(pick).collect()),
        ..Wanted::whole(name(extension), None)
    }
}

fn chosen(catalog: &Catalog, wanted: &[Wanted]) -> (Vec<String>, Diagnostics) {
    let (resolution, findings): (Resolution, Diagnostics) = resolve(catalog, wanted);
    let kit = resolution.get(&name("kit")).unwrap();
    (kit.tools.clone(), findings)
}

#[test]
fn the_tools_chosen_come_in_the_manifests_order_and_with_its_core() {
    let declared = catalog(&[("kit", kit("kit", true, &["base"], &["one", "two"]))]);
    let (tools, findings) = chosen(&declared, &[picked("kit", &["two", "one"])]);
    assert_eq!(
        (tools.join(" "), show(&findings)),
        ("base one two".into(), String::new())
    );
    // Where nothing goes on after an error, nothing is told from a core.
    let plain = catalog(&[("kit", kit("kit", false, &["base", "one"], &[]))]);
    let (tools, _) = chosen(&plain, &[picked("kit", &["one"])]);
    assert_eq!(tools, ["one"]);
    // All of them, where nothing is said; and what is said holds for one a profile names, too.
    let whole = Wanted::whole(name("kit"), None);
    assert!(chosen(&declared, std::slice::from_ref(&whole)).0.is_empty());
    let (tools, _) = chosen(&declared, &[whole, picked("kit", &["one"])]);
    assert_eq!(tools, ["base", "one"]);
}

#[test]
fn a_tool_that_is_not_there_is_told() {
    let catalog = catalog(&[
        ("kit", kit("kit", true, &[], &["aws", "gcloud"])),
        ("single", manifest("single", "")),
        (
            "user",
            manifest("user", "  dependencies: [{name: kit, tools: [azure]}]\n"),
        ),
    ]);
    let wanted = [
        picked("kit", &["gclod"]),
        picked("single", &["other"]),
        Wanted::whole(name("user"), None),
    ];
    let (_, findings) = resolve(&catalog, &wanted);
    assert_eq!(
        show(&findings),
        "error[catalog::unknown-tool]: `kit` has no tool `gclod`
  help: did you mean `gcloud`?
error[catalog::unknown-tool]: `single` has no tool `other`
  help: it installs as one, `single`: leave `with.tools` out
error[catalog::unknown-tool]: `kit` has no tool `azure`
  extensions/user/extension.yaml:6:18 |   dependencies: [{name: kit, tools: [azure]}]
  because: `user` says that it needs it
  help: its tools are aws, gcloud
"
    );
}

#[test]
fn what_another_one_needs_must_be_chosen() {
    let needs = |needs: &str| manifest("user", &format!("  dependencies: [{needs}]\n"));
    let of = |needs_text: &str, core: &[&str], wanted: Wanted| {
        let catalog = catalog(&[
            ("kit", kit("kit", true, core, &["aws", "gcloud"])),
            ("user", needs(needs_text)),
        ]);
        let all = [Wanted::whole(name("user"), None), wanted];
        let ground = Ground::on(ProviderKind::Local);
        show(&select(&catalog, &all, &ground, Incompatible::Error).findings)
    };
    assert_eq!(
        of("{name: kit, tools: [aws]}", &[], picked("kit", &["gcloud"])),
        "error[catalog::tool-not-chosen]: `user` needs `aws` of `kit`, which its `with.tools` leaves out
  because: chosen of `kit`: gcloud
  help: add `aws` to `with.tools` of `kit`
"
    );
    assert_eq!(
        of("{name: kit, tools: [aws]}", &[], picked("kit", &["aws"])),
        ""
    );
    // Without a word it needs the core, which always comes along.
    assert_eq!(of("kit", &["base"], picked("kit", &["gcloud"])), "");
}

#[test]
fn a_dependency_that_is_no_mapping_of_these_is_told() {
    let catalog = catalog(&[(
        "user",
        manifest(
            "user",
            "  dependencies:\n    - {name: kit, tool: [aws]}\n    - {tools: [x]}\n    - {name: kit, tools: []}\n    - [kit]\n",
        ),
    )]);
    let found = catalog.manifest(&name("user")).unwrap_err();
    let codes: Vec<String> = found.iter().map(|one| one.code.to_string()).collect();
    assert!(codes.len() >= 3, "{}", show(&found));
    assert!(show(&found).contains("tool"), "{}", show(&found));
}

#[test]
fn only_hosts_of_the_chosen_tools_are_needed() {
    let catalog = catalog(&[]);
    let kit = catalog.manifest(&name("cloud-tools")).unwrap().unwrap();
    let of = |tools: &[&str]| {
        let tools: Vec<String> = tools.iter().map(|&tool| tool.to_owned()).collect();
        kit.domains_of(&tools).join(" ")
    };
    let github = "github.com release-assets.githubusercontent.com";
    assert_eq!(of(&[]), kit.requirements.domains.join(" "));
    assert_eq!(of(&["aws"]), "awscli.amazonaws.com");
    assert_eq!(of(&["oci"]), "");
    assert_eq!(of(&["flyctl"]), github);
    assert_eq!(
        of(&["gcloud", "doctl"]),
        format!("packages.cloud.google.com {github}")
    );
}
