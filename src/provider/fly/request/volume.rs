//! Calls about volumes.

use serde_json::json;

use super::call::{Action, Call, encoded};
use crate::resource::{FlyGuest, Size};

/// How many days of snapshots are kept.
const RETENTION: u32 = 5;

/// Makes a volume where a machine of this size will find room; `apart` on another host than any
/// other volume of the app.
pub(in crate::provider::fly) fn create(
    app: &str,
    name: &str,
    region: Option<&str>,
    size: Option<Size>,
    compute: Option<FlyGuest>,
    apart: bool,
) -> Call {
    let mut body = json!({
        "name": name,
        "encrypted": true,
        "auto_backup_enabled": true,
        "snapshot_retention": RETENTION,
    });
    if let Some(region) = region {
        body["region"] = json!(region);
    }
    if let Some(size) = size {
        body["size_gb"] = json!(gigabytes(size));
    }
    if let Some(compute) = compute {
        body["compute"] = super::config::guest(compute);
    }
    if apart {
        body["require_unique_zone"] = json!(true);
        body["unique_zone_app_wide"] = json!(true);
    }
    Call::post(
        Action::CreateVolume,
        app,
        format!("/apps/{}/volumes", encoded(app)),
    )
    .with(body)
    .doing(format!("make a volume in the app `{app}`"))
}

/// Lists an app's volumes.
pub(in crate::provider::fly) fn list(app: &str) -> Call {
    Call::get(
        Action::GetApp,
        app,
        format!("/apps/{}/volumes", encoded(app)),
    )
    .doing(format!("list the volumes of the app `{app}`"))
}

/// Looks at a volume.
pub(in crate::provider::fly) fn get(app: &str, id: &str) -> Call {
    Call::get(Action::GetApp, id, path(app, id)).doing(format!("look at the volume `{id}`"))
}

/// Lets a volume grow.
pub(in crate::provider::fly) fn extend(app: &str, id: &str, size: Size) -> Call {
    Call::put(
        Action::UpdateVolume,
        id,
        format!("{}/extend", path(app, id)),
    )
    .repeatable()
    .with(json!({ "size_gb": gigabytes(size) }))
    .doing(format!("let the volume `{id}` grow"))
}

/// Deletes a volume.
pub(in crate::provider::fly) fn delete(app: &str, id: &str) -> Call {
    Call::delete(Action::DeleteVolume, id, path(app, id)).doing(format!("delete the volume `{id}`"))
}

fn path(app: &str, id: &str) -> String {
    format!("/apps/{}/volumes/{}", encoded(app), encoded(id))
}

fn gigabytes(size: Size) -> u64 {
    size.as_bytes() / Size::gib(1).as_bytes()
}
