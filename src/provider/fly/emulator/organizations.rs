//! Organizations, the platform, the token.

use serde_json::{Value, json};

use super::http::Request;
use super::volumes::shown;
use super::world::{Answer, ORGANIZATION, World, no};

pub(super) fn token() -> Answer {
    let token = json!({
        "token_id": "1", "org_slug": ORGANIZATION, "organization": "1", "apps": ["*"],
        "user": "ada@example.org", "restricted_to_machine": "", "source_machine_id": "",
    });
    (200, json!({ "tokens": [token] }))
}

pub(super) fn regions() -> Answer {
    (
        200,
        json!({ "nearest": "iad", "regions": [{ "code": "iad", "name": "Ashburn" }] }),
    )
}

pub(super) fn placements(world: &World, request: &Request) -> Answer {
    let region = request.text("region").unwrap_or("iad");
    let room = i32::from(!world.full.iter().any(|full| full == region));
    let room = json!({ "region": region, "count": room, "concurrency": 1 });
    (200, json!({ "regions": [room] }))
}

pub(super) fn page(world: &mut World, request: &Request, organization: &str, what: &str) -> Answer {
    if organization != ORGANIZATION {
        return no(404, "organization not found");
    }
    let all = match what {
        "machines" => machines(world),
        "volumes" => volumes(world),
        _ => return no(404, "no such thing"),
    };
    let limit = request.query("limit").and_then(|limit| limit.parse().ok());
    let limit = limit.unwrap_or(world.page).min(world.page);
    let from: usize = request
        .query("cursor")
        .and_then(|c| c.parse().ok())
        .unwrap_or(0);
    let rest = all.len().saturating_sub(from);
    let mut page = json!({ what: all.into_iter().skip(from).take(limit).collect::<Vec<_>>() });
    if rest > limit {
        page["next_cursor"] = json!((from + limit).to_string());
    }
    if what == "machines" {
        page["error_regions"] = json!(world.silent);
    }
    (200, page)
}

fn machines(world: &mut World) -> Vec<Value> {
    let silent = world.silent.clone();
    let mut all = Vec::new();
    for (app, id, machine) in world.machines() {
        if machine.hidden > 0 {
            machine.hidden -= 1;
            continue;
        }
        if silent.contains(&machine.region) {
            continue;
        }
        let mut one = json!({
            "id": id, "app_name": app, "name": machine.name, "state": machine.state,
            "region": machine.region, "instance_id": machine.instance,
            "version": machine.instance, "private_ip": "fdaa:0:1::2",
            "updated_at": machine.updated,
        });
        if machine.host == "ok" {
            let config = &machine.config;
            one["config"] = json!({
                "guest": config["guest"], "image": config["image"], "metadata": config["metadata"],
            });
        }
        all.push(one);
    }
    all
}

fn volumes(world: &mut World) -> Vec<Value> {
    let mut all = Vec::new();
    for (app, one) in &mut world.apps {
        if one.elsewhere {
            continue;
        }
        for (id, volume) in &mut one.volumes {
            if volume.hidden > 0 {
                volume.hidden -= 1;
                continue;
            }
            let mut value = shown(id, volume);
            value["app_name"] = json!(app);
            all.push(value);
        }
    }
    all
}
