//! Apps, their addresses and their secrets.

use serde_json::{Value, json};

use super::http::Request;
use super::world::{Answer, App, ELSEWHERE, NOW, ORGANIZATION, World, no};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    if request.query("org_slug") != Some(ORGANIZATION) {
        return no(404, "organization not found");
    }
    let apps: Vec<Value> = world
        .apps
        .iter()
        .filter(|(_, app)| !app.elsewhere)
        .map(|(name, app)| shown(name, app))
        .collect();
    (200, json!({ "total_apps": apps.len(), "apps": apps }))
}

fn shown(name: &str, app: &App) -> Value {
    let (title, slug) = if app.elsewhere {
        ("Elsewhere", ELSEWHERE)
    } else {
        ("Acme", ORGANIZATION)
    };
    json!({
        "id": name, "name": name, "network": app.network, "status": "deployed",
        "machine_count": app.machines.len(), "volume_count": app.volumes.len(),
        "organization": { "name": title, "slug": slug },
    })
}

pub(super) fn create(world: &mut World, request: &Request) -> Answer {
    let Some(name) = request.text("name") else {
        return no(400, "a name is missing");
    };
    if request.text("org_slug") != Some(ORGANIZATION) {
        return no(404, "organization not found");
    }
    if world.apps.contains_key(name) || world.foreign.iter().any(|foreign| foreign == name) {
        let text = "Validation failed: Name has already been taken";
        return (422, json!({ "error": text, "status": "name_taken" }));
    }
    let app = App {
        network: request.text("network").unwrap_or("default").to_owned(),
        ..App::default()
    };
    world.apps.insert(name.to_owned(), app);
    (201, Value::Null)
}

pub(super) fn one(world: &mut World, request: &Request, name: &str) -> Answer {
    match request.method.as_str() {
        "GET" => (200, shown(name, &world.apps[name])),
        "DELETE" => {
            world.apps.remove(name);
            (202, Value::Null)
        }
        _ => no(405, "not so"),
    }
}

pub(super) fn addresses(world: &mut World, request: &Request, name: &str, rest: &[&str]) -> Answer {
    let number = world.next();
    let given = world.address.clone();
    let given = given.unwrap_or_else(|| format!("203.0.113.{}", number % 250 + 1));
    let Some(app) = world.apps.get_mut(name) else {
        return no(404, "app not found");
    };
    let shown =
        |ip: &String| json!({ "ip": ip, "region": "global", "shared": false, "created_at": NOW });
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let ips: Vec<Value> = app.addresses.iter().map(shown).collect();
            (200, json!({ "ips": ips }))
        }
        ("POST", []) => {
            app.addresses.push(given);
            (200, app.addresses.last().map(shown).unwrap_or_default())
        }
        ("DELETE", [ip]) => {
            app.addresses.retain(|address| address != ip);
            (204, Value::Null)
        }
        _ => no(404, "no such thing"),
    }
}

/// A digest nobody else could make of it, and nobody can make it back from.
fn digest(value: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in value.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

pub(super) fn secrets(world: &mut World, request: &Request, name: &str, rest: &[&str]) -> Answer {
    let Some(app) = world.apps.get_mut(name) else {
        return no(404, "app not found");
    };
    let shown = |(name, value): (&String, &String)| json!({ "name": name, "digest": digest(value), "created_at": NOW, "updated_at": NOW });
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let secrets: Vec<Value> = app.secrets.iter().map(shown).collect();
            (200, json!({ "secrets": secrets }))
        }
        ("POST", []) => {
            let values = request.body.get("values").and_then(Value::as_object);
            for (name, value) in values.into_iter().flatten() {
                match value.as_str() {
                    Some(value) => app.secrets.insert(name.clone(), value.to_owned()),
                    None => app.secrets.remove(name),
                };
            }
            app.version += 1;
            let secrets: Vec<Value> = app.secrets.iter().map(shown).collect();
            (
                200,
                json!({ "secrets": secrets, "version": app.version, "Version": app.version }),
            )
        }
        ("DELETE", [secret]) => {
            if app.secrets.remove(*secret).is_none() {
                return no(404, "secret not found");
            }
            app.version += 1;
            (200, json!({ "version": app.version }))
        }
        _ => no(404, "no such thing"),
    }
}
