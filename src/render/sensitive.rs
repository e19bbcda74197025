//! What is never shown: secret values aren't in our values at all, and their fingerprints stay here.

use serde_json::Value;

/// What stands in the place of a sensitive value.
pub(super) const MASK: &str = "(sensitive)";

/// Whether the value at a path is kept to ourselves.
///
/// A fingerprint tells whether two values are equal, which is nobody's business in a log or a pull
/// request; it is recognised by its path and, wherever a provider may have put it, by its shape.
pub(super) fn is_sensitive(path: &str, value: Option<&Value>) -> bool {
    path.rsplit('.').next() == Some("fingerprint") || value.is_some_and(holds_fingerprint)
}

fn holds_fingerprint(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.starts_with("hmac:"),
        Value::Array(items) => items.iter().any(holds_fingerprint),
        Value::Object(members) => members
            .iter()
            .any(|(key, value)| key == "fingerprint" || holds_fingerprint(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_found_by_path_and_by_shape() {
        assert!(is_sensitive("fingerprint", None));
        assert!(is_sensitive(
            "docker.env",
            Some(&serde_json::json!([{"x": "hmac:00"}]))
        ));
        assert!(!is_sensitive("memory", Some(&serde_json::json!("4GB"))));
    }
}
