//! Machines: versions, leases, power, and what is known of them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::command;
use super::http::Request;
use super::world::{Answer, Lease, Machine, NOW, World, no};

pub(super) fn route(world: &mut World, request: &Request, app: &str, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(world, app),
        ("POST", []) => create(world, request, app),
        (method, [id, rest @ ..]) => {
            let number = world.next();
            let root = world.root.clone();
            let longest = world.longest_lease;
            let Some(one) = world.apps.get_mut(app) else {
                return no(404, "app not found");
            };
            let Some(mut machine) = one.machines.remove(*id) else {
                return no(404, "machine not found");
            };
            let answer = match (method, rest) {
                ("GET", []) => (200, machine.shown(id)),
                ("GET", ["events"]) => (200, json!(machine.events)),
                (_, ["lease"]) => lease(&mut machine, request, number, longest),
                (_, ["metadata"]) => metadata(&mut machine, request),
                _ => machine.yields(request.nonce.as_deref()).map_or_else(
                    |refused| refused,
                    |()| {
                        change(
                            &mut machine,
                            request,
                            (id, &root),
                            rest,
                            number,
                            one.version,
                        )
                    },
                ),
            };
            if machine.state == "destroyed" {
                for volume in one.volumes.values_mut() {
                    volume.attached = volume.attached.take().filter(|attached| attached != id);
                }
                command::forget(&root, id);
                return answer;
            }
            if machine.state == "started" {
                command::furnish(&root, id, &machine, &one.secrets);
            }
            one.machines.insert((*id).to_owned(), machine);
            answer
        }
        _ => no(404, "no such thing"),
    }
}

fn list(world: &mut World, app: &str) -> Answer {
    let Some(app) = world.apps.get_mut(app) else {
        return no(404, "app not found");
    };
    let mut all = Vec::new();
    for (id, machine) in &mut app.machines {
        if machine.hidden > 0 {
            machine.hidden -= 1;
        } else {
            all.push(machine.shown(id));
        }
    }
    (200, json!(all))
}

/// Where a machine goes that may go to any of several regions.
fn region(setting: &str) -> String {
    let first = setting.split(',').next().unwrap_or("iad").trim();
    if first == "any" { "iad" } else { first }.to_owned()
}

fn create(world: &mut World, request: &Request, app: &str) -> Answer {
    let (number, lag, root) = (world.next(), world.lag, world.root.clone());
    let full = world.full.clone();
    let Some(one) = world.apps.get_mut(app) else {
        return no(404, "app not found");
    };
    let config = request.body.get("config").cloned().unwrap_or_default();
    if let Some(answer) = wrong(&config) {
        return answer;
    }
    let region = region(request.text("region").unwrap_or("iad"));
    if full.contains(&region) {
        let text = "insufficient resources available to fulfill request";
        return (
            412,
            json!({ "error": text, "status": "insufficient_capacity" }),
        );
    }
    let name = request.text("name").unwrap_or("nameless").to_owned();
    if one.machines.values().any(|machine| machine.name == name) {
        return no(409, "unique machine name violation");
    }
    let id = format!("{:014x}", 0x3d8d_9e1f_0000_u64 + number);
    for mount in config
        .get("mounts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let volume = mount
            .get("volume")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match one.volumes.get_mut(volume) {
            Some(volume) if volume.region != region => {
                return no(400, "the volume is in another region");
            }
            Some(volume) if volume.attached.is_some() => {
                return no(409, "the volume is attached to another machine");
            }
            Some(volume) => volume.attached = Some(id.clone()),
            None => return no(404, "volume not found"),
        }
    }
    let skips = request.body.get("skip_launch") == Some(&json!(true));
    let mut machine = Machine {
        name,
        region,
        state: if skips { "stopped" } else { "started" }.to_owned(),
        instance: format!("01EMULATED{number:016X}"),
        config,
        host: "ok".to_owned(),
        lease: None,
        events: Vec::new(),
        hidden: lag,
        updated: NOW.to_owned(),
        idle: Instant::now(),
    };
    machine.happened("launch", "created");
    let mut answer = machine.shown(&id);
    answer["state"] = json!("created");
    if !skips {
        machine.happened("start", "started");
        command::furnish(&root, &id, &machine, &one.secrets);
    }
    one.machines.insert(id, machine);
    (200, answer)
}

/// What the API wouldn't take.
fn wrong(config: &Value) -> Option<Answer> {
    if config.get("image").and_then(Value::as_str).is_none() {
        return Some(no(400, "config.image is missing"));
    }
    let guest = &config["guest"];
    let (cpus, memory) = (guest["cpus"].as_u64()?, guest["memory_mb"].as_u64()?);
    let (least, most, step) = match guest["cpu_kind"].as_str() {
        Some("performance") => (2048, 8192, 2048),
        _ => (256, 2048, 256),
    };
    if memory < least * cpus || memory > most * cpus || memory % step != 0 {
        return Some(no(422, "invalid config.guest.memory_mb"));
    }
    let mounts = config.get("mounts").and_then(Value::as_array);
    if mounts.is_some_and(|mounts| mounts.len() > 1) {
        return Some(no(422, "machines can have one volume"));
    }
    let suspends = config.to_string().contains("\"autostop\":\"suspend\"");
    if suspends && config["init"].get("swap_size_mb").is_some() {
        return Some(no(422, "a machine with swap can't be suspended"));
    }
    None
}

/// Changes a machine whose lease is out of the way.
fn change(
    machine: &mut Machine,
    request: &Request,
    (id, root): (&str, &Path),
    rest: &[&str],
    number: u64,
    secrets: i64,
) -> Answer {
    match (request.method.as_str(), rest) {
        ("POST", []) => {
            // It starts anew, and nothing of what ran in it is left.
            command::signal(root, id, "KILL");
            update(machine, request, id, number, secrets)
        }
        ("DELETE", []) => {
            if machine.state == "started" && request.query("force") != Some("true") {
                return no(412, "the machine runs");
            }
            "destroyed".clone_into(&mut machine.state);
            (200, json!({ "ok": true }))
        }
        ("POST", ["start"]) => {
            if machine.host != "ok" {
                return no(503, "the host is unreachable");
            }
            command::signal(root, id, "CONT");
            "started".clone_into(&mut machine.state);
            machine.happened("start", "started");
            (200, json!({ "previous_state": "stopped" }))
        }
        ("POST", ["stop"]) => {
            "stopped".clone_into(&mut machine.state);
            machine.happened("exit", "stopped");
            (200, json!({ "ok": true }))
        }
        ("POST", ["suspend"]) => {
            "suspended".clone_into(&mut machine.state);
            machine.happened("suspend", "suspended");
            (200, json!({ "ok": true }))
        }
        _ => no(404, "no such thing"),
    }
}

fn update(machine: &mut Machine, request: &Request, id: &str, number: u64, secrets: i64) -> Answer {
    let config = request.body.get("config").cloned().unwrap_or_default();
    if let Some(answer) = wrong(&config) {
        return answer;
    }
    if request
        .text("current_version")
        .is_some_and(|version| version != machine.instance)
    {
        return no(409, "machine version mismatch");
    }
    if config.get("mounts").map(|mounts| &mounts[0]["volume"])
        != machine
            .config
            .get("mounts")
            .map(|mounts| &mounts[0]["volume"])
    {
        return no(400, "the volume of a machine can't be changed");
    }
    let least = request
        .body
        .get("min_secrets_version")
        .and_then(Value::as_i64);
    if least.is_some_and(|least| least > secrets) {
        return no(412, "secrets of that version aren't there yet");
    }
    machine.config = config;
    machine.instance = format!("01EMULATED{number:016X}");
    machine.happened("update", "replaced");
    if request.body.get("skip_launch") != Some(&json!(true)) {
        "started".clone_into(&mut machine.state);
        machine.happened("start", "started");
    }
    (200, machine.shown(id))
}

fn lease(machine: &mut Machine, request: &Request, number: u64, longest: Duration) -> Answer {
    let held = machine
        .lease
        .as_ref()
        .is_some_and(|lease| lease.ends > Instant::now());
    let ours = machine.yields(request.nonce.as_deref());
    let wrapped = |lease: &Lease, nonce: bool| {
        let mut data = json!({
            "owner": lease.owner, "description": lease.description,
            "expires_at": 1_795_166_300, "version": machine.instance,
        });
        if nonce {
            data["nonce"] = json!(lease.nonce);
        }
        json!({ "status": "success", "data": data })
    };
    match request.method.as_str() {
        "GET" => match machine.lease.as_ref().filter(|_| held) {
            Some(lease) => (200, wrapped(lease, false)),
            None => no(404, "no lease"),
        },
        "POST" => {
            if let Err(answer) = ours {
                return answer;
            }
            let ttl = request
                .body
                .get("ttl")
                .and_then(Value::as_u64)
                .unwrap_or(30);
            let lease = Lease {
                nonce: format!("nonce{number}"),
                description: request.text("description").unwrap_or_default().to_owned(),
                owner: "ada@example.org".to_owned(),
                ends: Instant::now() + Duration::from_secs(ttl).min(longest),
            };
            let answer = wrapped(&lease, true);
            machine.lease = Some(lease);
            (201, answer)
        }
        "DELETE" => {
            if let Err(answer) = ours {
                return answer;
            }
            machine.lease = None;
            (200, json!({ "ok": true }))
        }
        _ => no(405, "not so"),
    }
}

/// Merges what is known of a machine, which makes no version of it.
fn metadata(machine: &mut Machine, request: &Request) -> Answer {
    if request.method == "GET" {
        return (200, machine.config["metadata"].clone());
    }
    if let Err(answer) = machine.yields(request.nonce.as_deref()) {
        return answer;
    }
    let version = request.text("machine_version");
    if version.is_some_and(|version| version != machine.instance) {
        return no(412, "machine version mismatch");
    }
    let given = request
        .body
        .get("metadata")
        .and_then(Value::as_object)
        .cloned();
    let mut known = machine.config["metadata"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (key, value) in given.unwrap_or_default() {
        if value.is_null() || value == json!("") {
            known.remove(&key);
        } else {
            known.insert(key, value);
        }
    }
    machine.config["metadata"] = Value::Object(known);
    (204, Value::Null)
}

/// Waits until a machine is in one of the states that are asked for.
pub(super) fn wait(request: &Request, app: &str, id: &str, shared: &Mutex<World>) -> Answer {
    let seconds = request.query("timeout").and_then(|text| text.parse().ok());
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(60));
    let states = || {
        let states = request.query.iter().filter(|(name, _)| name == "state");
        states.map(|(_, state)| state.as_str())
    };
    loop {
        {
            let world = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let machine = world.apps.get(app).and_then(|app| app.machines.get(id));
            let Some(machine) = machine else {
                return if states().any(|state| state == "destroyed") {
                    (200, json!({ "ok": true, "state": "destroyed" }))
                } else {
                    no(404, "machine not found")
                };
            };
            let settled = !machine.state.ends_with("ing");
            if states().any(|state| state == machine.state || (state == "settled" && settled)) {
                let (state, version) = (&machine.state, &machine.instance);
                return (
                    200,
                    json!({ "ok": true, "state": state, "version": version }),
                );
            }
        }
        if Instant::now() > until {
            return no(408, "deadline exceeded");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
