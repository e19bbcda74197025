//! Calls about an organization, the platform and the token.

use serde_json::json;

use super::call::{Action, Call, encoded};
use crate::resource::{FlyGuest, Size};

/// How many objects a page holds.
const PAGE: u32 = 1000;

/// A page of an organization's machines.
pub(in crate::provider::fly) fn machines(organization: &str, cursor: Option<&str>) -> Call {
    page(organization, "machines", cursor)
}

/// A page of an organization's volumes.
pub(in crate::provider::fly) fn volumes(organization: &str, cursor: Option<&str>) -> Call {
    page(organization, "volumes", cursor)
}

fn page(organization: &str, what: &str, cursor: Option<&str>) -> Call {
    let path = format!("/orgs/{}/{what}", encoded(organization));
    let call = Call::get(Action::Look, organization, path)
        .query("limit", &PAGE)
        .doing(format!("list the {what} of `{organization}`"));
    match cursor {
        Some(cursor) => call.query("cursor", cursor),
        None => call,
    }
}

/// What the token may do.
pub(in crate::provider::fly) fn token() -> Call {
    Call::get(Action::Look, "", "/tokens/current".to_owned()).doing("look at the token")
}

/// Asks whether there is room for a machine.
pub(in crate::provider::fly) fn placements(
    organization: &str,
    region: &str,
    guest: FlyGuest,
    disk: Option<Size>,
) -> Call {
    let mut body = json!({
        "org_slug": organization,
        "region": region,
        "count": 1,
        "compute": super::config::guest(guest),
    });
    if let Some(disk) = disk {
        body["volume_size_bytes"] = json!(disk.as_bytes());
    }
    Call::post(
        Action::Look,
        organization,
        "/platform/placements".to_owned(),
    )
    .repeatable()
    .with(body)
    .doing(format!("ask for room in `{region}`"))
}
