//! Calls about an app's secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::call::{Action, Body, Call, encoded};
use crate::address::Name;

/// What the names of secrets begin with that become files.
const PREFIX: &str = "SINDRI_FILE_";

/// Sets secrets, all in one call; what becomes a file must be base64.
pub(in crate::provider::fly) fn set<'a>(
    app: &str,
    values: impl IntoIterator<Item = (&'a Name, &'a [u8])>,
) -> Call {
    // Written by hand, so that no copy of a value is left anywhere: neither a name nor base64 has
    // anything that JSON would escape.
    let mut bytes = Zeroizing::new(b"{\"values\":{".to_vec());
    for (at, (name, value)) in values.into_iter().enumerate() {
        let value = Zeroizing::new(STANDARD.encode(value));
        // Grown beforehand: a vector that grows leaves its old place unwiped.
        let mut grown = Zeroizing::new(Vec::with_capacity(bytes.len() + value.len() + 128));
        grown.extend_from_slice(&bytes);
        let comma = if at == 0 { "" } else { "," };
        grown.extend_from_slice(format!("{comma}\"{}\":\"", of(name)).as_bytes());
        grown.extend_from_slice(value.as_bytes());
        grown.push(b'"');
        bytes = grown;
    }
    bytes.extend_from_slice(b"}}");
    let mut call = call(app).doing(format!("set secrets of the app `{app}`"));
    call.body = Some(Body::Secret(bytes));
    call
}

/// Lists an app's secrets: their names and digests, never their values.
pub(in crate::provider::fly) fn list(app: &str) -> Call {
    let path = format!("/apps/{}/secrets", encoded(app));
    Call::get(Action::Secrets, app, path).doing(format!("list the secrets of the app `{app}`"))
}

/// Takes a secret back.
pub(in crate::provider::fly) fn unset(app: &str, name: &Name) -> Call {
    let path = format!("/apps/{}/secrets/{}", encoded(app), of(name));
    Call::delete(Action::Secrets, app, path)
        .doing(format!("remove the secret {name} of the app `{app}`"))
}

fn call(app: &str) -> Call {
    let path = format!("/apps/{}/secrets", encoded(app));
    Call::post(Action::Secrets, app, path).repeatable()
}

/// What a secret is called in its app.
///
/// Fly puts every secret of an app into the environment of its machines; under another name, a
/// base64 text doesn't pass for the value there.
pub(in crate::provider::fly) fn of(name: &Name) -> String {
    format!("{PREFIX}{name}")
}

/// The file a secret appears as in its machine.
pub(in crate::provider::fly) fn file(name: &Name, path: &str, mode: u32) -> Value {
    json!({ "guest_path": path, "secret_name": of(name), "mode": mode })
}
