//! Volumes: deleting them is soft.

use serde_json::{Value, json};

use super::http::Request;
use super::world::{Answer, App, NOW, Volume, World, no};

/// A volume as it is shown alone.
pub(super) fn shown(id: &str, volume: &Volume) -> Value {
    let mut shown = json!({
        "id": id, "name": volume.name, "region": volume.region, "size_gb": volume.size,
        "state": volume.state, "snapshot_retention": volume.retention, "encrypted": true,
        "auto_backup_enabled": true, "fstype": "ext4", "zone": volume.zone, "host_status": "ok",
        "created_at": NOW,
    });
    if let Some(machine) = &volume.attached {
        shown["attached_machine_id"] = json!(machine);
    }
    shown
}

/// The hardware a new volume is put on; none where no other is left.
fn zone(app: &App, request: &Request) -> Option<&'static str> {
    let asks = |key| request.body.get(key) == Some(&json!(true));
    // Only together do the two spread volumes of different names.
    let apart = asks("require_unique_zone") && asks("unique_zone_app_wide");
    let standing = app.volumes.values().filter(|one| one.state == "created");
    let used: Vec<&str> = standing.map(|one| &*one.zone).collect();
    ["a1b2", "c3d4", "e5f6"]
        .into_iter()
        .find(|zone| !apart || !used.contains(zone))
}

pub(super) fn route(world: &mut World, request: &Request, app: &str, rest: &[&str]) -> Answer {
    let (number, lag) = (world.next(), world.lag);
    let full = world.full.clone();
    let Some(app) = world.apps.get_mut(app) else {
        return no(404, "app not found");
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let mut all = Vec::new();
            for (id, volume) in &mut app.volumes {
                if volume.hidden > 0 {
                    volume.hidden -= 1;
                } else {
                    all.push(shown(id, volume));
                }
            }
            (200, json!(all))
        }
        ("POST", []) => {
            let name = request.text("name").unwrap_or_default();
            let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            if name.is_empty() || name.len() > 30 || !name.bytes().all(fits) {
                return no(
                    400,
                    "name must be 1 to 30 lowercase alphanumeric characters or underscores",
                );
            }
            let region = request.text("region").unwrap_or("iad");
            let region = region
                .split(',')
                .next()
                .map_or("iad", |one| if one == "any" { "iad" } else { one });
            if full.iter().any(|full| full == region) {
                let text = "no room in that region";
                return (
                    412,
                    json!({ "error": text, "status": "insufficient_capacity" }),
                );
            }
            let Some(zone) = zone(app, request) else {
                return no(412, "no room in another zone");
            };
            let volume = Volume {
                zone: zone.to_owned(),
                name: name.to_owned(),
                region: region.to_owned(),
                size: request
                    .body
                    .get("size_gb")
                    .and_then(Value::as_u64)
                    .unwrap_or(3),
                state: "created".to_owned(),
                retention: request
                    .body
                    .get("snapshot_retention")
                    .and_then(Value::as_u64)
                    .unwrap_or(5),
                attached: None,
                hidden: lag,
            };
            let id = format!("vol_{number:016x}");
            let answer = shown(&id, &volume);
            app.volumes.insert(id, volume);
            (200, answer)
        }
        (method, [id, rest @ ..]) => {
            let Some(volume) = app.volumes.get_mut(*id) else {
                return no(404, "volume not found");
            };
            match (method, rest) {
                ("GET", []) => (200, shown(id, volume)),
                ("PUT", ["extend"]) => {
                    let size = request
                        .body
                        .get("size_gb")
                        .and_then(Value::as_u64)
                        .unwrap_or(0);
                    if size < volume.size {
                        return no(400, "volumes can't shrink");
                    }
                    volume.size = size;
                    (
                        200,
                        json!({ "needs_restart": false, "volume": shown(id, volume) }),
                    )
                }
                ("DELETE", []) => {
                    if volume.attached.is_some() {
                        return no(400, "volume is attached to a machine");
                    }
                    "pending_destroy".clone_into(&mut volume.state);
                    (200, shown(id, volume))
                }
                _ => no(404, "no such thing"),
            }
        }
        _ => no(404, "no such thing"),
    }
}
