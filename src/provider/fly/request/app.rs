//! Calls about apps: the place of one machine, its addresses.

use serde_json::json;

use super::call::{Action, Call, encoded};

/// Looks at an app: 404 says that its name is free, 403 that somebody else has it.
pub(in crate::provider::fly) fn get(app: &str) -> Call {
    Call::get(Action::GetApp, app, format!("/apps/{}", encoded(app)))
        .doing(format!("look at the app `{app}`"))
}

/// Lists the apps of an organization.
pub(in crate::provider::fly) fn list(organization: &str, cursor: Option<&str>) -> Call {
    let call = Call::get(Action::Look, organization, "/apps".to_owned())
        .query("org_slug", organization)
        .doing("list apps");
    match cursor {
        Some(cursor) => call.query("cursor", cursor),
        None => call,
    }
}

/// Makes an app on a private network.
pub(in crate::provider::fly) fn create(app: &str, organization: &str, network: &str) -> Call {
    Call::post(Action::CreateApp, "", "/apps".to_owned())
        .with(json!({ "name": app, "org_slug": organization, "network": network }))
        .doing(format!("make the app `{app}`"))
}

/// Deletes an app.
pub(in crate::provider::fly) fn delete(app: &str) -> Call {
    Call::delete(Action::DeleteApp, "", format!("/apps/{}", encoded(app)))
        .doing(format!("delete the app `{app}`"))
}

/// Lists an app's addresses.
pub(in crate::provider::fly) fn addresses(app: &str) -> Call {
    Call::get(
        Action::GetApp,
        app,
        format!("/apps/{}/ip_assignments", encoded(app)),
    )
    .doing(format!("list the addresses of the app `{app}`"))
}

/// Gives an app an IPv4 address of its own, the only one that leads ssh to it from everywhere.
pub(in crate::provider::fly) fn assign(app: &str, organization: &str) -> Call {
    Call::post(
        Action::AssignAddress,
        app,
        format!("/apps/{}/ip_assignments", encoded(app)),
    )
    .with(json!({ "type": "v4", "org_slug": organization }))
    .doing(format!("give the app `{app}` an address"))
}

/// Gives an address back.
pub(in crate::provider::fly) fn release(app: &str, address: &str) -> Call {
    let path = format!("/apps/{}/ip_assignments/{}", encoded(app), encoded(address));
    Call::delete(Action::AssignAddress, app, path).doing(format!(
        "give back the address {address} of the app `{app}`"
    ))
}
