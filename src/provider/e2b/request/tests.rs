use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Call, alias_of, begin_build, build_status, close_stdin, connect, create, create_before_keys,
    delete, detail, events, extend, feed, find_alias, health, list, network, new_template, pause,
    read_file, resize, signal, start, versions,
};
use crate::provider::{CreateRequest, TerminalSize};
use crate::resource::{E2bSettings, MachineSpec, Power, ProviderKind, Settings, Size, Spec};
use crate::state::{Lineage, OperationId};
use crate::sys::Environment;

fn settings(changes: &Value) -> E2bSettings {
    let mut all = json!({
        "reuseTemplate": true, "buildOnDeploy": false, "timeout": 300, "autoPause": true,
        "autoResume": true, "internetAccess": true, "publicAccess": false,
    });
    let members = all.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn machine(settings: &E2bSettings) -> MachineSpec {
    MachineSpec {
        provider: ProviderKind::E2b,
        name: "acme-dev".to_owned(),
        image: Some("debian:12".to_owned()),
        cpus: Some(2),
        memory: Some(Size::gib(4)),
        gpu: None,
        network: None,
        mounts: Vec::new(),
        power: Power::Provider,
        settings: Settings::E2b(settings.clone()),
    }
}

fn request(machine: &MachineSpec) -> CreateRequest {
    CreateRequest {
        lineage: Lineage::parse(&"0f".repeat(16)).unwrap(),
        address: "machine.dev".parse().unwrap(),
        operation: OperationId::from_label("0011223344556677"),
        generation: 2,
        spec: Arc::new(Spec::Machine(Box::new(machine.clone()))),
        dependencies: BTreeMap::new(),
    }
}

/// Every call to the service, with the path and the body's schema in its specification.
fn service() -> Vec<(Call, &'static str, Option<&'static str>)> {
    let plain = settings(&json!({}));
    let closed = settings(&json!({
        "autoPause": false, "internetAccess": true, "publicAccess": true, "timeout": 3600,
        "allowedDomains": ["*.example.com", "203.0.113.7"], "blockedDomains": ["198.51.100.0/24"],
        "metadata": { "team": "core" }, "team": "team-1",
    }));
    let (one, other) = (machine(&plain), machine(&closed));
    let size = machine(&plain);
    let labels = [("dev.sindri.lineage", "0f0f"), ("a b", "c&d=e")];
    let id = "i5cvhpvspyqhr7g0xxxx";
    let (sandbox, build) = (
        "/sandboxes/{sandboxID}",
        "/v2/templates/{templateID}/builds/{buildID}",
    );
    let status = "/templates/{templateID}/builds/{buildID}/status";
    vec![
        (list(&labels, None), "/v2/sandboxes", None),
        (list(&labels[..1], Some("a/b+c==")), "/v2/sandboxes", None),
        (detail(id), sandbox, None),
        (
            create(&request(&one), &one, &plain, "t1"),
            "/v2/sandboxes",
            Some("NewSandbox"),
        ),
        (
            create(&request(&other), &other, &closed, "t1"),
            "/v2/sandboxes",
            Some("NewSandbox"),
        ),
        (
            create_before_keys(&request(&one), &one, &plain, "t1"),
            "/sandboxes",
            Some("NewSandbox"),
        ),
        (
            network(id, &plain),
            "/sandboxes/{sandboxID}/network",
            Some("SandboxNetworkUpdateConfig"),
        ),
        (
            network(id, &closed),
            "/sandboxes/{sandboxID}/network",
            Some("SandboxNetworkUpdateConfig"),
        ),
        (
            extend(id, 600),
            "/sandboxes/{sandboxID}/timeout",
            Some("SandboxTimeoutRequest"),
        ),
        (
            connect(id, 600),
            "/sandboxes/{sandboxID}/connect",
            Some("ConnectSandbox"),
        ),
        (
            pause(id),
            "/sandboxes/{sandboxID}/pause",
            Some("SandboxPauseRequest"),
        ),
        (delete(id), sandbox, None),
        (
            find_alias(&alias_of(&size, &plain)),
            "/templates/aliases/{alias}",
            None,
        ),
        (versions("t1"), "/templates/{templateID}", None),
        (
            new_template("sindri-x", &size, None),
            "/v3/templates",
            Some("TemplateBuildRequestV3"),
        ),
        (
            new_template("mine", &size, Some("team-1")),
            "/v3/templates",
            Some("TemplateBuildRequestV3"),
        ),
        (
            begin_build("t1", "b1", "debian:12", true),
            build,
            Some("TemplateBuildStartV2"),
        ),
        (build_status("t1", "b1", 7), status, None),
    ]
}

/// The calls that E2B's documentation has and its specification hasn't, with their paths.
fn documented() -> Vec<(Call, &'static str)> {
    let events = events("i5cvhpvspyqhr7g0xxxx");
    vec![(events, "/events/sandboxes/{sandboxID}")]
}

/// Every call to the daemon inside a sandbox.
fn daemon() -> Vec<Call> {
    let size = TerminalSize {
        rows: 24,
        columns: 80,
    };
    let argv = ["/bin/sh", "-c", "echo \"$A\""].map(str::to_owned);
    let env = BTreeMap::from([("A".to_owned(), "it's".to_owned())]);
    vec![
        health(),
        start(&argv, &env, false, None),
        start(&argv, &env, true, Some(size)),
        feed(7, b"hi\n", false),
        feed(7, b"hi\n", true),
        close_stdin(7),
        resize(7, size),
        signal(7),
        read_file("/root/a b"),
    ]
}

/// A call as it goes over the wire, what is no text escaped.
fn shown(call: &Call) -> String {
    let mut text = format!("{} {}\n", call.method, call.path);
    for (name, value) in &call.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    if !call.body.is_empty() {
        writeln!(text, "\n{}", call.body.escape_ascii()).unwrap();
    }
    text
}

#[test]
fn every_call_is_what_it_was() {
    let service = service().into_iter().map(|(call, _, _)| call);
    let documented = documented().into_iter().map(|(call, _)| call);
    let all = service.chain(documented).chain(daemon());
    let all: Vec<String> = all.map(|call| shown(&call)).collect();
    let text = all.join("\n----\n");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/provider/e2b/request/calls.txt");
    if Environment::of_process().get("SINDRI_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "SINDRI_BLESS=1 rewrites calls.txt");
}

#[test]
fn templates_are_shared_by_what_goes_into_them() {
    let plain = settings(&json!({}));
    let one = machine(&plain);
    let mut other = one.clone();
    other.name = "another".to_owned();
    assert_eq!(alias_of(&one, &plain), alias_of(&other, &plain));
    other.memory = Some(Size::gib(8));
    assert_ne!(alias_of(&one, &plain), alias_of(&other, &plain));
    let named = settings(&json!({ "templateAlias": "base" }));
    assert_eq!(alias_of(&one, &named), "base");
}

/// E2B's own specification; none where it isn't at hand, which is said.
fn specification() -> Option<Value> {
    let environment = Environment::of_process();
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs");
    let folder = environment.get("SINDRI_TEST_SPECS").unwrap_or(beside);
    let path = PathBuf::from(folder).join("e2b.openapi.yml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Nextest shows it with `--no-capture`, and whoever runs without the specification asked
        // for it.
        let why = format!(
            "not checked against E2B's specification: no {}\n",
            path.display()
        );
        std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes()).unwrap();
        return None;
    };
    Some(serde_yaml::from_str(&text).unwrap())
}

/// The members that a schema knows of, wherever they are written.
fn known<'a>(specification: &'a Value, schema: &'a Value) -> (BTreeMap<&'a str, &'a Value>, bool) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        return known(specification, specification.pointer(pointer).unwrap());
    }
    let open = schema.get("additionalProperties").is_some();
    let members = schema["properties"].as_object().into_iter().flatten();
    (
        members.map(|(name, one)| (name.as_str(), one)).collect(),
        open,
    )
}

/// Members that are in a body and in no schema: nobody would read them.
fn unknown(specification: &Value, schema: &Value, body: &Value, found: &mut BTreeSet<String>) {
    let (known, open) = known(specification, schema);
    for (name, value) in body.as_object().into_iter().flatten() {
        match known.get(name.as_str()) {
            Some(inner) => unknown(specification, inner, value, found),
            None if open => {}
            None => {
                found.insert(name.clone());
            }
        }
    }
}

#[test]
fn every_call_is_as_the_specification_has_it() {
    let Some(specification) = specification() else {
        return;
    };
    for (_, path) in documented() {
        let entry = &specification["paths"][path];
        assert!(entry.is_null(), "{path} can be held against it by now");
    }
    for (call, path, schema) in service() {
        let method = call.method.to_ascii_lowercase();
        let entry = &specification["paths"][path];
        // Making by the second version is newer than the specification at hand.
        if !(path == "/v2/sandboxes" && method == "post") {
            assert!(
                entry[&method].is_object(),
                "{} {path} isn't there",
                call.method
            );
        }
        let words = |path: &str| path.split('?').next().unwrap().split('/').count();
        assert_eq!(words(&call.path), words(path), "{}", call.path);
        for pair in call
            .path
            .split_once('?')
            .map_or("", |(_, query)| query)
            .split('&')
        {
            let name = pair.split('=').next().unwrap();
            let parameters = entry[&method]["parameters"]
                .as_array()
                .into_iter()
                .flatten();
            let mut names = parameters.map(|one| {
                let pointer = one["$ref"]
                    .as_str()
                    .map(|text| text.trim_start_matches('#'));
                pointer.map_or(one, |pointer| specification.pointer(pointer).unwrap())["name"]
                    .as_str()
            });
            assert!(
                name.is_empty() || names.any(|one| one == Some(name)),
                "{path}: {name}"
            );
        }
        let Some(schema) = schema else {
            assert_eq!(call.body, b"", "{path}");
            continue;
        };
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let mut whole = reference.clone();
        whole["components"] = specification["components"].clone();
        let validator = jsonschema::draft7::new(&whole).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{path}");
        let mut found = BTreeSet::new();
        unknown(&specification, &reference, &body, &mut found);
        assert_eq!(found, BTreeSet::new(), "{path}: members that nobody reads");
    }
}
