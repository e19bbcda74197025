//! Files for other tools, read by those who read them: every example as a dev container, by the schema
//! and by the reader that editors have; every `fly.toml` by Python's TOML and by Fly's own keys.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use sindri::sys::Environment;

use crate::examples::{copy_folder, folders, sindri};

/// What flyctl knows of a `fly.toml`, as far as we could write it; tables by their path.
const FLY_KEYS: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "app",
            "primary_region",
            "kill_signal",
            "kill_timeout",
            "swap_size_mb",
            "console_command",
            "build",
            "experimental",
            "deploy",
            "env",
            "mounts",
            "files",
            "services",
            "http_service",
            "restart",
            "vm",
        ],
    ),
    ("build", &["image", "dockerfile", "build-target", "args"]),
    ("experimental", &["cmd", "entrypoint", "exec"]),
    (
        "mounts",
        &[
            "source",
            "destination",
            "initial_size",
            "snapshot_retention",
        ],
    ),
    (
        "files",
        &["guest_path", "local_path", "secret_name", "raw_value"],
    ),
    (
        "services",
        &[
            "protocol",
            "internal_port",
            "auto_stop_machines",
            "auto_start_machines",
            "min_machines_running",
            "ports",
        ],
    ),
    ("services.ports", &["port", "handlers"]),
    ("restart", &["policy", "retries"]),
    (
        "vm",
        &[
            "size",
            "memory",
            "cpus",
            "cpu_kind",
            "gpu_kind",
            "gpus",
            "persist_rootfs",
        ],
    ),
    ("deploy", &["strategy"]),
];

/// A machine that fills every part of a dev container.
const WHOLE: &str = r#"version: "4.0"
name: whole
deployment:
  provider: docker
  image: debian:12
  resources: { cpus: 2, memory: 1536MB, gpu: { enabled: true, memory: 24GB } }
  volumes:
    workspace: { size: 10GB }
    cache: { path: "/var/cache/a b", size: 5GB }
network:
  proxy: http://proxy.example.org:3128
  noProxy: [.example.org]
secrets:
  - { name: TOKEN, source: env }
extensions:
  active: [workspace-layout]
providers:
  docker:
    network: host
    ports: ["8080:3000", "53:5353/udp"]
    extraHosts: ["db:10.0.0.2"]
    dind: { enabled: true, mode: socket }
"#;

/// A machine that fills every part of a `fly.toml`.
const WHOLE_FLY: &str = r#"version: "4.0"
name: shop
deployment:
  provider: fly
  image: debian:12
  resources: { cpus: 4, memory: 8GB }
  volumes:
    my-work: { path: /work, size: 20GB }
network:
  proxy: http://proxy.example.org:3128
secrets:
  - { name: TOKEN, source: env }
  - { name: AUTHORIZED_KEYS, source: file, path: key.pub }
providers:
  fly: { region: "iad,ord", cpuKind: shared, swap: 1GB, autoStartMachines: false }
"#;

pub(crate) fn trials() -> Vec<Trial> {
    let whole = || dev_container_of(WHOLE).map_err(Failed::from);
    let examples = || dev_containers_of_examples().map_err(Failed::from);
    let fly = || a_fly_toml().map_err(Failed::from);
    vec![
        Trial::test("artifacts::a_whole_dev_container_is_read", whole),
        Trial::test("artifacts::every_example_is_a_dev_container", examples),
        Trial::test("artifacts::a_whole_fly_toml_is_read", fly),
    ]
}

fn dev_container_of(text: &str) -> Result<(), String> {
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    fs::write(room.path().join("sindri.yaml"), text).map_err(|error| error.to_string())?;
    let file = dev_container(room.path(), None)?;
    for part in [
        "name",
        "image",
        "remoteUser",
        "init",
        "mounts",
        "forwardPorts",
        "containerEnv",
        "remoteEnv",
        "runArgs",
        "hostRequirements",
        "postCreateCommand",
        "customizations",
    ] {
        if file.get(part).is_none() {
            return Err(format!("it has no `{part}`: {file}"));
        }
    }
    Ok(())
}

fn dev_containers_of_examples() -> Result<(), String> {
    let examples = folders(&below("examples"));
    if examples.len() < 5 {
        return Err(format!("only {} examples are there", examples.len()));
    }
    for example in examples {
        let room = tempfile::tempdir().map_err(|error| error.to_string())?;
        copy_folder(&example, room.path()).map_err(|error| error.to_string())?;
        let shown = sindri(room.path(), &["config", "show", "--json"])?;
        let shown: Value =
            serde_json::from_slice(&shown.stdout).map_err(|error| error.to_string())?;
        let names: Vec<String> = match shown["machines"].as_object() {
            Some(machines) => machines.keys().cloned().collect(),
            None => Vec::new(),
        };
        let machines: Vec<Option<&str>> = if names.len() < 2 {
            vec![None]
        } else {
            names.iter().map(|name| Some(name.as_str())).collect()
        };
        for machine in machines {
            dev_container(room.path(), machine)
                .map_err(|why| format!("{} {machine:?}: {why}", example.display()))?;
        }
    }
    Ok(())
}

/// Writes the dev container of a machine, holds it against the schema, and has it read.
fn dev_container(room: &Path, machine: Option<&str>) -> Result<Value, String> {
    let mut words = vec!["render", "devcontainer", "--write"];
    words.extend(machine);
    sindri(room, &words)?;
    let text = fs::read_to_string(room.join(".devcontainer/devcontainer.json"))
        .map_err(|error| error.to_string())?;
    let file: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    fits(&file)?;
    let read = succeeded(
        Command::new(there(
            "target/devcontainers/node_modules/.bin/devcontainer",
        )?)
        .args(["read-configuration", "--workspace-folder"])
        .arg(room),
    )?;
    let read: Value = serde_json::from_slice(&read.stdout).map_err(|error| error.to_string())?;
    for part in [
        "name",
        "image",
        "remoteUser",
        "mounts",
        "forwardPorts",
        "runArgs",
        "hostRequirements",
        "postCreateCommand",
        "customizations",
    ] {
        // Only what names the container itself is filled in by the reader.
        if !file[part].to_string().contains("${") && read["configuration"][part] != file[part] {
            return Err(format!(
                "`{part}` was read as {}",
                read["configuration"][part]
            ));
        }
    }
    Ok(file)
}

/// Holds a file against the published schema, where that is.
#[expect(clippy::print_stderr, reason = "what wasn't checked must be said")]
fn fits(file: &Value) -> Result<(), String> {
    let environment = Environment::of_process();
    let specs = environment.get("SINDRI_TEST_SPECS");
    let specs = specs.map_or_else(|| below("../shared/specs"), PathBuf::from);
    let Ok(text) = fs::read_to_string(specs.join("devContainer.base.schema.json")) else {
        eprintln!(
            "not checked: the schema of dev containers isn't in {}",
            specs.display()
        );
        return Ok(());
    };
    let schema: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let schema = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
    match schema.iter_errors(file).next() {
        None => Ok(()),
        Some(error) => Err(format!("{error} at `{}`: {file}", error.instance_path())),
    }
}

fn a_fly_toml() -> Result<(), String> {
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    fs::write(room.path().join("sindri.yaml"), WHOLE_FLY).map_err(|error| error.to_string())?;
    sindri(room.path(), &["render", "fly.toml", "--out", "fly.toml"])?;
    let script =
        "import json, sys, tomllib; json.dump(tomllib.load(open(sys.argv[1], 'rb')), sys.stdout)";
    let read = succeeded(
        Command::new("python3")
            .args(["-c", script])
            .arg(room.path().join("fly.toml")),
    )?;
    let mut read: Value =
        serde_json::from_slice(&read.stdout).map_err(|error| error.to_string())?;
    known("", &read)?;
    let exec = read["experimental"]["exec"].take();
    if exec[0] != "/bin/sh" || exec[4] != "/work" {
        return Err(format!("it starts with {exec}"));
    }
    let script = exec[2].as_str().unwrap_or_default().to_owned();
    succeeded(Command::new("sh").args(["-n", "-c", &script]))?;
    let expected = json!({
        "app": "shop",
        "primary_region": "iad",
        "kill_signal": "SIGTERM",
        "kill_timeout": "10s",
        "swap_size_mb": 1024,
        "build": {"image": "debian:12"},
        "experimental": {"exec": null},
        "env": {
            "HTTP_PROXY": "http://proxy.example.org:3128",
            "HTTPS_PROXY": "http://proxy.example.org:3128",
            "http_proxy": "http://proxy.example.org:3128",
            "https_proxy": "http://proxy.example.org:3128",
        },
        "mounts": [{"source": "my_work", "destination": "/work", "initial_size": "20gb"}],
        "files": [{
            "guest_path": "/run/secrets/AUTHORIZED_KEYS",
            "secret_name": "SINDRI_FILE_AUTHORIZED_KEYS",
        }],
        "services": [{
            "protocol": "tcp",
            "internal_port": 10022,
            "auto_stop_machines": "stop",
            "auto_start_machines": false,
            "min_machines_running": 0,
            "ports": [{"port": 10022}],
        }],
        "restart": [{"policy": "always"}],
        "vm": [{
            "cpu_kind": "shared",
            "cpus": 4,
            "memory": "8192mb",
            "persist_rootfs": "always",
        }],
    });
    if read == expected {
        Ok(())
    } else {
        Err(format!("it was read as {read:#}"))
    }
}

/// Holds every key of a table, and of those in it, against flyctl's.
fn known(path: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| known(path, item)),
        // Names of variables are the person's own.
        Value::Object(table) if path != "env" => {
            let keys = FLY_KEYS.iter().find(|(at, _)| *at == path);
            let keys: BTreeSet<&str> = keys
                .map(|(_, keys)| *keys)
                .into_iter()
                .flatten()
                .copied()
                .collect();
            table.iter().try_for_each(|(key, inner)| {
                if !keys.contains(key.as_str()) {
                    return Err(format!("flyctl knows no `{key}` in `[{path}]`"));
                }
                let inside = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                known(&inside, inner)
            })
        }
        _ => Ok(()),
    }
}

fn below(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A program that the set-up of the tests installs.
fn there(program: &str) -> Result<PathBuf, String> {
    let program = below(program);
    if program.is_file() {
        return Ok(program);
    }
    Err(format!(
        "{} isn't there: run golden-tests/run",
        program.display()
    ))
}

fn succeeded(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!(
        "{command:?} fails: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}
