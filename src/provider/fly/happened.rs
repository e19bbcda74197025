//! What happened to a machine lately, as Fly.io tells it.

use jiff::Timestamp;
use serde_json::Value;

use super::id::Id;
use super::{Fly, request};
use crate::plan::Happened;
use crate::provider::{MachineRef, ProviderError};

/// What happened to a machine, the last first.
pub(super) async fn happened(
    fly: &Fly,
    machine: &MachineRef,
) -> Result<Vec<Happened>, ProviderError> {
    of(fly, &Id::parse(&machine.id)?).await
}

/// What happened to a machine of this id, the last first.
pub(super) async fn of(fly: &Fly, id: &Id) -> Result<Vec<Happened>, ProviderError> {
    let events: Vec<Value> = fly.call(request::machine::events(id)).await?;
    Ok(events.iter().filter_map(event).collect())
}

/// One event; nothing where it says neither when nor what.
fn event(event: &Value) -> Option<Happened> {
    let word = |key: &str| event.get(key).and_then(Value::as_str);
    let at = event.get("timestamp").and_then(Value::as_i64)?;
    Some(Happened {
        at: Timestamp::from_millisecond(at).ok()?,
        what: match (word("type")?, word("status")) {
            (kind, Some(status)) => format!("{kind} {status}"),
            (kind, None) => kind.to_owned(),
        },
        by: word("source").map(str::to_owned),
        how: ending(event),
    })
}

/// How a machine ended: the specification leaves this part open, flyctl reads it so (`MachineExitEvent`
/// in its client, fly-go).
fn ending(event: &Value) -> Option<String> {
    let exit = event.get("request")?.get("exit_event")?;
    let is = |key: &str| exit.get(key).and_then(Value::as_bool) == Some(true);
    let code = exit.get("exit_code").and_then(Value::as_i64);
    let told = [
        code.map(|code| format!("exit code {code}")),
        is("oom_killed").then(|| "out of memory".to_owned()),
        is("requested_stop").then(|| "as asked".to_owned()),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_exit_says_how_it_came_about() {
        let told = event(&json!({
            "id": "1", "type": "exit", "status": "stopped", "source": "flyd",
            "timestamp": 1_795_166_200_000_i64,
            "request": { "exit_event": { "exit_code": 137, "oom_killed": true, "requested_stop": false } },
        }));
        let told = told.unwrap();
        assert_eq!(told.what, "exit stopped");
        assert_eq!(told.by.as_deref(), Some("flyd"));
        assert_eq!(told.how.as_deref(), Some("exit code 137, out of memory"));
        assert_eq!(told.at.to_string(), "2026-11-20T09:16:40Z");
    }

    #[test]
    fn one_that_says_little_is_told_as_it_is() {
        let told = event(&json!({ "type": "launch", "timestamp": 0, "request": {} })).unwrap();
        assert_eq!(
            (told.what.as_str(), told.by, told.how),
            ("launch", None, None)
        );
        assert_eq!(event(&json!({ "type": "launch" })), None);
        assert_eq!(event(&json!({ "timestamp": 1, "status": "x" })), None);
    }
}
