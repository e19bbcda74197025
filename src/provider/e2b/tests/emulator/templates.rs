//! Templates and their builds: each takes two looks, and an image named `broken` never builds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Answer;
use super::http::Request;
use super::world::{Build, Template, World};

fn gone(what: &str) -> Answer {
    Answer::error(404, &format!("{what} not found"))
}

/// Looks a template up by its name.
pub(crate) fn alias(alias: &str, world: &World) -> Answer {
    let mut templates = world.templates.iter();
    match templates.find(|(_, template)| template.alias == alias) {
        Some((id, _)) => Answer::json(200, &json!({ "templateID": id, "public": false })),
        None => gone("template alias"),
    }
}

/// A template with its builds.
pub(crate) fn versions(id: &str, world: &World) -> Answer {
    let Some(template) = world.templates.get(id) else {
        return gone("template");
    };
    let builds = template.builds.iter().map(|(id, build)| {
        json!({
            "buildID": id,
            "status": build.status,
            "createdAt": build.created.to_string(),
            "updatedAt": build.created.to_string(),
            "cpuCount": build.cpus,
            "memoryMB": build.memory,
        })
    });
    let builds: Vec<Value> = builds.collect();
    let created = world.now().to_string();
    let body = json!({
        "templateID": id,
        "public": false,
        "aliases": [template.alias],
        "names": [template.alias],
        "createdAt": created,
        "updatedAt": created,
        "lastSpawnedAt": null,
        "spawnCount": 0,
        "builds": builds,
    });
    Answer::json(200, &body)
}

/// Registers a template, or another build of one.
pub(crate) fn register(request: &Request, world: &mut World) -> Answer {
    let body = request.json();
    let Some(name) = body["name"].as_str().map(str::to_owned) else {
        return Answer::error(400, "a template needs a name");
    };
    let mut known = world.templates.iter();
    let known = known.find(|(_, template)| template.alias == name);
    let id = match known.map(|(id, _)| id.clone()) {
        Some(id) => id,
        None => world.id("t"),
    };
    let build_id = world.build_id();
    let build = Build {
        status: "waiting",
        cpus: body["cpuCount"].as_u64().unwrap_or(2),
        memory: body["memoryMB"].as_u64().unwrap_or(512),
        image: String::new(),
        log: Vec::new(),
        created: world.now(),
    };
    let template = world.templates.entry(id.clone());
    let template = template.or_insert_with(|| Template {
        alias: name.clone(),
        builds: BTreeMap::new(),
    });
    template.builds.insert(build_id.clone(), build);
    let body = json!({
        "templateID": id,
        "buildID": build_id,
        "public": false,
        "names": [name],
        "tags": [],
        "aliases": [name],
    });
    Answer::json(202, &body)
}

/// Begins a build.
pub(crate) fn begin(id: &str, build: &str, request: &Request, world: &mut World) -> Answer {
    let template = world.templates.get_mut(id);
    let Some(build) = template.and_then(|template| template.builds.get_mut(build)) else {
        return gone("build");
    };
    let image = request.json()["fromImage"].as_str().map(str::to_owned);
    build.image = image.unwrap_or_default();
    build.status = "building";
    build.log = vec![format!("FROM {}", build.image)];
    Answer::empty(202)
}

/// How far a build is; it is further at each look.
pub(crate) fn status(id: &str, build_id: &str, request: &Request, world: &mut World) -> Answer {
    let now = world.now().to_string();
    let template = world.templates.get_mut(id);
    let Some(build) = template.and_then(|template| template.builds.get_mut(build_id)) else {
        return gone("build");
    };
    let from = request
        .query("logsOffset")
        .and_then(|text| text.parse().ok());
    let new = build.log.iter().skip(from.unwrap_or(0));
    let entry = |message: &String| json!({ "timestamp": now, "message": message, "level": "info" });
    let entries: Vec<Value> = new.map(entry).collect();
    let mut body = json!({
        "templateID": id,
        "buildID": build_id,
        "status": build.status,
        "logs": [],
        "logEntries": entries,
    });
    if build.status == "error" {
        let message = format!("failed to pull image {}", build.image);
        body["reason"] = json!({ "message": message, "step": "base" });
    }
    if build.status == "building" {
        build.log.push("Build finished".to_owned());
        let broken = build.image.contains("broken");
        build.status = if broken { "error" } else { "ready" };
    }
    Answer::json(200, &body)
}
