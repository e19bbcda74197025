//! Every call as bytes, and each held against Fly's own specification.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::config::Mounted;
use super::{Call, app, config, machine, organization, secret, volume};
use crate::address::{Name, NameRule};
use crate::provider::CreateRequest;
use crate::provider::fly::id::Id;
use crate::resource::{
    FlyAutostop, FlyCpuKind, FlyGuest, FlySettings, GpuSpec, GpuVendor, MachineSpec, Mount, Power,
    ProviderKind, Settings, Size, Spec,
};
use crate::state::{Lineage, OperationId};

fn settings() -> FlySettings {
    FlySettings {
        region: "iad".to_owned(),
        organization: None,
        cpu_kind: FlyCpuKind::Shared,
        autostop: FlyAutostop::Suspend,
        autostart: true,
        ssh_port: 10022,
        swap: None,
    }
}

fn spec(settings: FlySettings) -> MachineSpec {
    MachineSpec {
        provider: ProviderKind::Fly,
        name: "acme-dev".to_owned(),
        image: Some("debian:12".to_owned()),
        cpus: Some(2),
        memory: Some(Size::gib(2)),
        gpu: None,
        network: Some(Name::parse(NameRule::Label, "dev").unwrap()),
        mounts: vec![Mount {
            volume: Name::parse(NameRule::Volume, "workspace").unwrap(),
            path: "/workspace".to_owned(),
        }],
        power: Power::Provider,
        settings: Settings::Fly(settings),
    }
}

fn request(spec: &MachineSpec) -> CreateRequest {
    CreateRequest {
        lineage: Lineage::parse(&"0f".repeat(16)).unwrap(),
        address: "machine.dev".parse().unwrap(),
        operation: OperationId::from_label("0011223344556677"),
        generation: 2,
        spec: Arc::new(Spec::Machine(Box::new(spec.clone()))),
        dependencies: BTreeMap::new(),
    }
}

fn whole(settings: &FlySettings, files: &[Value]) -> Value {
    let spec = spec(settings.clone());
    let mounted = Mounted {
        volume: "vol_1",
        path: "/workspace",
    };
    config::whole(&request(&spec), &spec, settings, Some(&mounted), files)
}

fn with_gpu() -> Value {
    let mut spec = spec(settings());
    spec.gpu = Some(GpuSpec {
        provider: ProviderKind::Fly,
        vendor: GpuVendor::Nvidia,
        count: 1,
        kind: Some("a100-40gb".to_owned()),
        memory: None,
    });
    config::whole(&request(&spec), &spec, &settings(), None, &[])
}

/// A call, what it is for, and the schema of what it sends.
type Named = (&'static str, Call, Option<&'static str>);

/// Every call there is.
fn calls() -> Vec<Named> {
    let mut calls = around();
    calls.extend(of_machines());
    calls
}

fn around() -> Vec<Named> {
    let token = Name::parse(NameRule::Secret, "TOKEN").unwrap();
    let key = Name::parse(NameRule::Secret, "KEY").unwrap();
    let guest = FlyGuest::of(FlyCpuKind::Shared, None, None);
    let values = [
        (&key, b"\x00\xff".as_slice()),
        (&token, b"hush\n".as_slice()),
    ];
    vec![
        ("token", organization::token(), None),
        (
            "machines of an organization",
            organization::machines("acme", None),
            None,
        ),
        (
            "their next page",
            organization::machines("acme", Some("a b&c")),
            None,
        ),
        (
            "volumes of an organization",
            organization::volumes("acme", None),
            None,
        ),
        (
            "room",
            organization::placements("acme", "iad", guest, Some(Size::gib(10))),
            Some("main.getPlacementsRequest"),
        ),
        ("apps", app::list("acme", None), None),
        ("app", app::get("acme-dev"), None),
        (
            "make an app",
            app::create("acme-dev", "acme", "sindri-0f"),
            Some("CreateAppRequest"),
        ),
        ("delete an app", app::delete("acme-dev"), None),
        ("addresses", app::addresses("acme-dev"), None),
        (
            "assign an address",
            app::assign("acme-dev", "acme"),
            Some("assignIPRequest"),
        ),
        (
            "give an address back",
            app::release("acme-dev", "203.0.113.7"),
            None,
        ),
        (
            "set secrets",
            secret::set("acme-dev", values),
            Some("AppSecretsUpdateRequest"),
        ),
        ("secrets", secret::list("acme-dev"), None),
        ("unset a secret", secret::unset("acme-dev", &token), None),
        ("volumes", volume::list("acme-dev"), None),
        ("volume", volume::get("acme-dev", "vol_1"), None),
        (
            "make a volume",
            volume::create(
                "acme-dev",
                "work_1",
                Some("iad"),
                Some(Size::gib(10)),
                Some(guest),
                false,
            ),
            Some("CreateVolumeRequest"),
        ),
        (
            "make a volume on another host",
            volume::create("acme-dev", "work_2", Some("iad"), None, None, true),
            Some("CreateVolumeRequest"),
        ),
        (
            "let a volume grow",
            volume::extend("acme-dev", "vol_1", Size::gib(20)),
            Some("ExtendVolumeRequest"),
        ),
        ("delete a volume", volume::delete("acme-dev", "vol_1"), None),
    ]
}

fn of_machines() -> Vec<Named> {
    let id = Id::new("acme-dev", "3d8d9e1f");
    let token = Name::parse(NameRule::Secret, "TOKEN").unwrap();
    let swap = FlySettings {
        swap: Some(Size::mib(512)),
        autostop: FlyAutostop::Stop,
        cpu_kind: FlyCpuKind::Performance,
        ..settings()
    };
    let file = secret::file(&token, "/run/secrets/TOKEN", 0o400);
    let argv = ["/bin/sh", "-c", "cat"].map(str::to_owned);
    vec![
        ("machines", machine::list("acme-dev"), None),
        ("machine", machine::get(&id), None),
        ("events", machine::events(&id), None),
        (
            "make a machine",
            machine::create(
                "acme-dev",
                "acme-dev",
                "iad",
                &whole(&settings(), &[]),
                false,
            ),
            Some("CreateMachineRequest"),
        ),
        (
            "make a machine with a GPU, asleep",
            machine::create("acme-dev", "acme-dev", "iad", &with_gpu(), true),
            Some("CreateMachineRequest"),
        ),
        (
            "change a machine",
            machine::update(&id, &whole(&swap, &[file]), "01VERSION", Some(3), true)
                .under(Some("nonce1")),
            Some("UpdateMachineRequest"),
        ),
        (
            "delete a machine",
            machine::delete(&id).under(Some("nonce1")),
            None,
        ),
        ("start", machine::start(&id), None),
        ("stop", machine::stop(&id), Some("StopRequest")),
        ("suspend", machine::suspend(&id), None),
        (
            "wait",
            machine::wait(&id, &["started", "stopped"], Some("01VERSION")),
            None,
        ),
        (
            "mark",
            machine::metadata(&id, &json!({ "sindri_version": "01VERSION" })),
            Some("updateMetadataRequest"),
        ),
        (
            "lease",
            machine::lease(&id, "sindri of ada on here"),
            Some("CreateLeaseRequest"),
        ),
        ("who has the lease", machine::lease_holder(&id), None),
        (
            "give the lease back",
            machine::release(&id).under(Some("nonce1")),
            None,
        ),
        (
            "exec",
            machine::exec(&id, &argv, Some("aHVzaA=="), 600),
            Some("MachineExecRequest"),
        ),
    ]
}

fn shown(name: &str, call: &Call) -> String {
    let mut text = format!("# {name}\n{} {}\n", call.method, call.target());
    if let Some(nonce) = &call.nonce {
        text = format!("{text}fly-machine-lease-nonce: {nonce}\n");
    }
    if let Some(bytes) = call.bytes() {
        text.push_str(std::str::from_utf8(&bytes).unwrap());
        text.push('\n');
    }
    text
}

#[test]
fn every_call_is_as_it_was() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/fly/request/calls.txt");
    let calls: Vec<String> = calls()
        .iter()
        .map(|(name, call, _)| shown(name, call))
        .collect();
    let text = calls.join("\n");
    let environment = crate::sys::Environment::of_process();
    if environment.get("SINDRI_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    same_lines(&expected, &text);
}

fn same_lines(expected: &str, text: &str) {
    for (one, other) in expected.lines().zip(text.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(expected.lines().count(), text.lines().count());
}

/// Where Fly's specification is; none where nobody has it.
pub(in crate::provider::fly) fn specification() -> Option<Value> {
    let environment = crate::sys::Environment::of_process();
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs");
    let folder = environment.get("SINDRI_TEST_SPECS").unwrap_or(beside);
    let path = Path::new(folder).join("fly-machines.openapi.json");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Closes every object that says what it has, so that a mistyped field is one too many.
pub(in crate::provider::fly) fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            // A field may be called `properties` too: only a map of schemas counts.
            let closes = members.get("properties").is_some_and(Value::is_object)
                && members.get("type") == Some(&json!("object"))
                && !members.contains_key("allOf");
            if closes {
                members
                    .entry("additionalProperties")
                    .or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What is wrong with a value by a schema of the specification.
pub(in crate::provider::fly) fn wrong(
    document: &Value,
    schema: &str,
    value: &Value,
) -> Vec<String> {
    let mut whole = document.clone();
    whole["$ref"] = json!(format!("#/components/schemas/{schema}"));
    let validator = jsonschema::draft4::new(&whole).unwrap();
    let errors = validator.iter_errors(value);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
#[expect(clippy::print_stderr, reason = "what wasn't checked must be said")]
fn every_call_is_one_of_the_specification() {
    let Some(mut document) = specification() else {
        eprintln!(
            "not checked: Fly's specification isn't here; SINDRI_TEST_SPECS says where it is"
        );
        return;
    };
    close(&mut document["components"]["schemas"]);
    for (name, call, schema) in calls() {
        let path = call.path.split('/').collect::<Vec<_>>();
        let paths = document["paths"].as_object().unwrap();
        let known = paths.iter().find(|(template, _)| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == path.len()
                && template
                    .iter()
                    .zip(&path)
                    .all(|(one, other)| one.starts_with('{') || one == other)
        });
        let (_, item) = known.unwrap_or_else(|| panic!("{name}: no path {}", call.path));
        let operation = &item[call.method.to_lowercase()];
        assert!(operation.is_object(), "{name}: no {} there", call.method);
        // The newer copy of the specification documents these.
        let newer = [("apps", "cursor")];
        for (word, _) in &call.query {
            let parameters = operation["parameters"].as_array().unwrap();
            let known = parameters.iter().any(|one| one["name"] == *word);
            assert!(
                known || newer.contains(&(name, word)),
                "{name}: no `{word}`"
            );
        }
        let Some(bytes) = call.bytes() else {
            assert_eq!(schema, None, "{name}");
            continue;
        };
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let schema = schema.unwrap_or_else(|| panic!("{name} sends something"));
        assert_eq!(
            wrong(&document, schema, &value),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn a_mistyped_field_would_be_found() {
    let Some(mut document) = specification() else {
        return;
    };
    close(&mut document["components"]["schemas"]);
    let mut config = whole(&settings(), &[]);
    config["guest"]["memory"] = json!(2048);
    assert_ne!(
        wrong(&document, "fly.MachineConfig", &config),
        Vec::<String>::new()
    );
}

#[test]
fn nobody_sees_what_a_secret_is() {
    let key = Name::parse(NameRule::Secret, "KEY").unwrap();
    let call = secret::set("acme-dev", [(&key, b"hush".as_slice())]);
    let shown = format!("{call:?}");
    assert!(
        !shown.contains("hush") && !shown.contains("aHVzaA"),
        "{shown}"
    );
}
