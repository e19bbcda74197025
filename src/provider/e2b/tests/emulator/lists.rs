//! Looking at sandboxes.

use serde_json::{Value, json};

use super::answer::Answer;
use super::http::{Request, decoded, pairs};
use super::world::{Sandbox, World};

/// The sandboxes of a page that have all labels asked for.
pub(crate) fn list(request: &Request, world: &mut World) -> Answer {
    // The whole is decoded before its parts are.
    let wanted = pairs(&decoded(request.query("metadata").unwrap_or_default()));
    let states = request.query("state").unwrap_or("running,paused");
    let limit = request.query("limit").and_then(|text| text.parse().ok());
    let limit: usize = limit.unwrap_or(100);
    if !(1..=100).contains(&limit) {
        return Answer::error(400, "limit must be between 1 and 100");
    }
    let from = request.query("nextToken").unwrap_or_default().to_owned();
    let (mut page, mut more) = (Vec::new(), None);
    let limit = limit.min(world.page);
    for sandbox in world.sandboxes.values_mut() {
        sandbox.unlisted = sandbox.unlisted.saturating_sub(1);
    }
    for (id, sandbox) in world.sandboxes.iter().filter(|(id, _)| **id > from) {
        let labels = &sandbox.wanted["metadata"];
        let state = if sandbox.paused { "paused" } else { "running" };
        let fits = wanted.iter().all(|(name, value)| labels[name] == **value)
            && states.split(',').any(|one| one == state)
            && sandbox.unlisted == 0;
        if !fits {
            continue;
        }
        if page.len() == limit {
            more = Some(page.last().map(|last: &Value| last["sandboxID"].clone()));
            break;
        }
        page.push(shown(id, sandbox, world));
    }
    let answer = Answer::json(200, &page.into());
    match more.flatten().as_ref().and_then(Value::as_str) {
        Some(token) => answer.header("x-next-token", token.to_owned()),
        None => answer,
    }
}

/// A sandbox as a list shows it.
fn shown(id: &str, sandbox: &Sandbox, world: &World) -> Value {
    let size = world.size(&sandbox.template);
    let mut shown = json!({
        "templateID": sandbox.template,
        "sandboxID": id,
        "clientID": "emulated",
        "startedAt": sandbox.started.to_string(),
        "endAt": sandbox.end.to_string(),
        "cpuCount": size[0],
        "memoryMB": size[1],
        "diskSizeMB": 512,
        "state": if sandbox.paused { "paused" } else { "running" },
        "envdVersion": "0.6.2",
    });
    if let Some(alias) = world.templates.get(&sandbox.template) {
        shown["alias"] = alias.alias.clone().into();
    }
    if sandbox.wanted["metadata"].is_object() {
        shown["metadata"] = sandbox.wanted["metadata"].clone();
    }
    shown
}

/// All there is to know of a sandbox.
pub(crate) fn detail(id: &str, world: &World) -> Answer {
    let Some(sandbox) = world.sandboxes.get(id) else {
        return Answer::error(404, &format!("sandbox \"{id}\" doesn't exist"));
    };
    let mut shown = shown(id, sandbox, world);
    shown["envdAccessToken"] = sandbox.token.clone().into();
    shown["network"] = sandbox.network.clone();
    shown["allowInternetAccess"] = sandbox.internet.clone();
    let pauses = sandbox.wanted["autoPause"] == true;
    shown["lifecycle"] = json!({
        "autoResume": sandbox.wanted["autoResume"]["enabled"] == true,
        "onTimeout": if pauses { "pause" } else { "kill" },
    });
    Answer::json(200, &shown)
}
