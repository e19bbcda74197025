//! Making, changing and ending sandboxes.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::Answer;
use super::http::Request;
use super::process;
use super::world::{Sandbox, World};

/// Makes a sandbox, or tells again of the one that a key made before.
pub(crate) fn create(request: &Request, world: &mut World) -> Answer {
    let body = request.json();
    let key = request.header("idempotency-key").map(str::to_owned);
    if let Some((with, answer)) = key.as_ref().and_then(|key| world.keys.get(key)) {
        return if *with == body {
            Answer::json(201, answer)
        } else {
            let mismatch = "idempotency_request_mismatch";
            Answer::refusal(409, mismatch, "the key was used with another request")
        };
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if key.as_ref().is_some_and(|key| !key.bytes().all(plain)) {
        return Answer::error(400, "Idempotency-Key must be of [a-z0-9-]");
    }
    let Some(template) = body["templateID"]
        .as_str()
        .and_then(|name| known(name, world))
    else {
        let name = &body["templateID"];
        return Answer::error(404, &format!("template {name} not found"));
    };
    let seconds = body["timeout"].as_i64().unwrap_or(300);
    if let Some(refusal) = too_long(seconds, world) {
        return refusal;
    }
    let id = world.id("i");
    process::furnish(&world.directory(&id));
    let now = world.now();
    let network = body.get("network").cloned().unwrap_or_else(|| json!({}));
    let sandbox = Sandbox {
        template: template.clone(),
        network,
        internet: body["allow_internet_access"].clone(),
        wanted: body.clone(),
        paused: false,
        started: now,
        end: now + Duration::from_secs(seconds.unsigned_abs()),
        token: format!("token-of-{id}"),
        unlisted: world.lag,
    };
    let answer = reached(&id, &sandbox);
    world.sandboxes.insert(id.clone(), sandbox);
    world.note(&id, "created", now);
    if let Some(key) = key {
        world.keys.insert(key, (body, answer.clone()));
    }
    Answer::json(201, &answer)
}

/// A template's id by its id or name; `base` is there from the start.
fn known(name: &str, world: &World) -> Option<String> {
    let usable = |id: &&String| {
        let template = &world.templates[*id];
        let mut builds = template.builds.values();
        (*id == name || template.alias == name) && builds.any(|build| build.status == "ready")
    };
    let own = world.templates.keys().find(usable).cloned();
    own.or_else(|| (name == "base").then(|| name.to_owned()))
}

fn too_long(seconds: i64, world: &World) -> Option<Answer> {
    let hours = world.longest / 3600;
    let text = format!("Timeout cannot be greater than {hours} hours");
    (seconds > world.longest).then(|| Answer::error(400, &text))
}

fn reached(id: &str, sandbox: &Sandbox) -> Value {
    json!({
        "templateID": sandbox.template,
        "sandboxID": id,
        "clientID": "emulated",
        "envdVersion": "0.6.2",
        "envdAccessToken": sandbox.token,
        "domain": null,
    })
}

fn gone(id: &str) -> Answer {
    Answer::error(404, &format!("sandbox \"{id}\" doesn't exist"))
}

/// Ends a sandbox.
pub(crate) fn delete(id: &str, world: &mut World) -> Answer {
    if world.end(id) {
        Answer::empty(204)
    } else {
        gone(id)
    }
}

/// Pauses a sandbox.
pub(crate) fn pause(id: &str, world: &mut World) -> Answer {
    match world.sandboxes.get(id) {
        None => gone(id),
        Some(sandbox) if sandbox.paused => {
            Answer::error(409, &format!("sandbox \"{id}\" is already paused"))
        }
        Some(_) => {
            world.pause(id);
            Answer::empty(204)
        }
    }
}

/// Wakes a sandbox, or only prolongs its life.
pub(crate) fn connect(id: &str, request: &Request, world: &mut World) -> Answer {
    let seconds = request.json()["timeout"].as_i64().unwrap_or(300);
    if let Some(refusal) = too_long(seconds, world) {
        return refusal;
    }
    let Some(paused) = world.sandboxes.get(id).map(|sandbox| sandbox.paused) else {
        return gone(id);
    };
    world.wake(id, seconds);
    let answer = reached(id, &world.sandboxes[id]);
    Answer::json(if paused { 201 } else { 200 }, &answer)
}

/// Lets a sandbox live so many seconds from now on.
pub(crate) fn timeout(id: &str, request: &Request, world: &mut World) -> Answer {
    let seconds = request.json()["timeout"].as_i64().unwrap_or(0);
    if let Some(refusal) = too_long(seconds, world) {
        return refusal;
    }
    let end = world.now() + Duration::from_secs(seconds.unsigned_abs());
    match world.sandboxes.get_mut(id) {
        Some(sandbox) if !sandbox.paused => {
            sandbox.end = end;
            let now = world.now();
            world.note(id, "updated", now);
            Answer::empty(204)
        }
        Some(_) | None => gone(id),
    }
}

/// Replaces what a running sandbox may reach.
pub(crate) fn network(id: &str, request: &Request, world: &mut World) -> Answer {
    let mut body = request.json();
    let denied = body["denyOut"].as_array().cloned().unwrap_or_default();
    let named = |one: &Value| {
        let text = one.as_str().unwrap_or_default();
        text.bytes().any(|byte| byte.is_ascii_alphabetic()) && !text.contains(':')
    };
    if denied.iter().any(named) {
        return Answer::error(400, "denyOut: domain names are not supported");
    }
    match world.sandboxes.get_mut(id) {
        None => gone(id),
        Some(sandbox) if sandbox.paused => Answer::error(409, "the sandbox is paused"),
        Some(sandbox) => {
            if let Some(members) = body.as_object_mut() {
                sandbox.internet = members.remove("allow_internet_access").unwrap_or_default();
            }
            body["allowPublicTraffic"] = sandbox.network["allowPublicTraffic"].clone();
            sandbox.network = body;
            Answer::empty(204)
        }
    }
}
