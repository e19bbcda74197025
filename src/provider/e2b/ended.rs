//! When sandboxes that are gone came to their end, as far as E2B tells.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::wire::Event;
use super::{E2b, request};
use crate::provider::Class;
use crate::state::ObjectId;

/// How long all tries of one question may take: nobody waits for long to hear when something ended.
const PATIENCE: Duration = Duration::from_secs(15);

/// E2B's record of what became of sandboxes.
///
/// It is a comfort and no more. Whoever hosts an E2B of their own may not have it, and it forgets
/// after seven days; whatever goes wrong with it is taken for not knowing.
#[derive(Debug)]
pub(super) struct Chronicle<'a> {
    e2b: &'a E2b,
    /// Whether it gave no answer, so that a thousand sandboxes don't each wait for one.
    is_silent: AtomicBool,
}

impl<'a> Chronicle<'a> {
    /// The record of one E2B.
    pub(super) fn of(e2b: &'a E2b) -> Self {
        Self {
            e2b,
            is_silent: AtomicBool::new(false),
        }
    }

    /// When a sandbox ended; none where nobody says.
    pub(super) async fn ended(&self, id: &ObjectId) -> Option<Timestamp> {
        if self.is_silent.load(Ordering::Relaxed) {
            return None;
        }
        let call = request::events(id.as_str());
        let answer = tokio::time::timeout(PATIENCE, self.e2b.send(&call)).await;
        match answer {
            Ok(Ok(answer)) => last_end(&answer.body, id.as_str()),
            // Of this sandbox nothing is known, or of none: which of both isn't told.
            Ok(Err(error)) if error.class == Class::NotFound => None,
            Ok(Err(_)) | Err(_) => {
                self.is_silent.store(true, Ordering::Relaxed);
                None
            }
        }
    }
}

/// The last end among a sandbox's events; what can't be read is none.
fn last_end(body: &[u8], id: &str) -> Option<Timestamp> {
    let events: Vec<Value> = serde_json::from_slice(body).ok()?;
    let events = events
        .into_iter()
        .filter_map(|event| serde_json::from_value::<Event>(event).ok());
    let ends = events.filter(|event| {
        event.sandbox_id == id
            && match &event.kind {
                Some(kind) => kind == request::KILLED,
                None => event.label.as_deref() == Some("kill"),
            }
    });
    ends.map(|event| event.timestamp).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::last_end;

    fn at(text: &str) -> jiff::Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_end_of_the_sandbox_itself_counts() {
        let event = |id: &str, kind: &str, at: &str| {
            json!({ "version": "v1", "id": "f5911677-cb60-498f-afed-f68143b3cc59", "type": kind,
                "eventData": null, "sandboxBuildId": "b", "sandboxExecutionId": "e",
                "sandboxId": id, "sandboxTeamId": "t", "sandboxTemplateId": "x",
                "timestamp": at })
        };
        let events = json!([
            event("i1", "sandbox.lifecycle.paused", "2026-11-28T09:00:00Z"),
            event("i2", "sandbox.lifecycle.killed", "2026-11-28T08:00:00Z"),
            event("i1", "sandbox.lifecycle.killed", "2026-11-28T05:09:00Z"),
            event("i1", "sandbox.lifecycle.killed", "2026-11-28T05:10:59.5Z"),
            event("i1", "sandbox.lifecycle.killed", "yesterday"),
            event("i1", "sandbox.lifecycle.created", "2026-11-28T04:10:00Z"),
            json!("a word"),
        ]);
        let body = events.to_string();
        assert_eq!(
            last_end(body.as_bytes(), "i1"),
            Some(at("2026-11-28T05:10:59.5Z"))
        );
        assert_eq!(last_end(body.as_bytes(), "i3"), None);
    }

    #[test]
    fn a_server_of_before_the_types_is_understood() {
        let events = json!([
            { "eventCategory": "lifecycle", "eventData": null, "eventLabel": "kill",
                "sandboxId": "i1", "timestamp": "2025-08-06T20:59:36Z" },
            { "eventCategory": "lifecycle", "eventLabel": "create", "sandboxId": "i1",
                "timestamp": "2025-08-06T20:59:24Z" },
        ]);
        let body = events.to_string();
        assert_eq!(
            last_end(body.as_bytes(), "i1"),
            Some(at("2025-08-06T20:59:36Z"))
        );
    }

    #[test]
    fn what_is_no_list_of_events_tells_nothing() {
        for body in ["<html>", "[", "{}", "[]", "null", r#"[{"type":1}]"#] {
            assert_eq!(last_end(body.as_bytes(), "i1"), None, "{body}");
        }
    }
}
