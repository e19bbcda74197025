//! Ignoring changes: what a person left to others keeps the value that stands.

use std::sync::Arc;

use serde_json::Value;

use super::Seen;
use super::diff::{overlay, union};
use crate::desired::Lifecycle;
use crate::resource::Spec;
use crate::state::Object;

/// Whether a path's changes are left alone; `docker` covers `docker.ports`.
pub(super) fn ignored(lifecycle: &Lifecycle, path: &str) -> bool {
    lifecycle.ignore_changes.iter().any(|ignored| {
        path.strip_prefix(ignored.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// What is wanted, with the ignored fields as they stand: so an update or a replacement made for
/// another reason doesn't change them either.
pub(super) fn keep_ignored(
    spec: Arc<Spec>,
    recorded: Option<&Object>,
    seen: Option<&Seen>,
    lifecycle: &Lifecycle,
) -> Arc<Spec> {
    let Some(recorded) = recorded.filter(|_| !lifecycle.ignore_changes.is_empty()) else {
        return spec;
    };
    if recorded.spec.provider() != spec.provider() {
        return spec;
    }
    let wanted = spec.attributes();
    let mut stands = recorded.spec.attributes();
    if let Some(seen) = seen {
        overlay(&mut stands, &seen.attributes);
    }
    let Ok(mut value) = serde_json::to_value(&*spec) else {
        return spec;
    };
    for path in union(&wanted, &stands) {
        if ignored(lifecycle, path) && wanted.get(path) != stands.get(path) {
            put(&mut value, spec.kind().as_str(), path, stands.get(path));
        }
    }
    // What a provider shows in words of its own doesn't fit the specification and isn't kept.
    serde_json::from_value(value).map_or(spec, Arc::new)
}

/// Sets one field in a specification's JSON, or takes it out.
fn put(value: &mut Value, kind: &str, path: &str, to: Option<&Value>) {
    let body = &mut value[kind];
    let (fields, name) = match path.split_once('.') {
        Some((provider, name)) => (&mut body["settings"][provider], name),
        None => (body, path),
    };
    if let Some(fields) = fields.as_object_mut() {
        match to {
            Some(to) => fields.insert(name.to_owned(), to.clone()),
            None => fields.remove(name),
        };
    }
}
