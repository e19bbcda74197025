//! The calls that make, find, change and end sandboxes.

use serde_json::{Map, Value, json};

use super::call::{Call, Effect, encoded, query};
use crate::provider::CreateRequest;
use crate::provider::e2b::label;
use crate::resource::{E2bSettings, MachineSpec};

/// How many sandboxes a page holds at most.
const PAGE: &str = "100";

/// The event of a sandbox that came to its end, by its time or by hand.
pub(in crate::provider::e2b) const KILLED: &str = "sandbox.lifecycle.killed";

/// What denies everything that isn't allowed.
const EVERYTHING: &str = "0.0.0.0/0";

/// One page of the sandboxes that carry all these labels, running or paused.
pub(in crate::provider::e2b) fn list(labels: &[(&str, &str)], from: Option<&str>) -> Call {
    // The filter is a query of its own within the query, whose parts are encoded once more: E2B
    // takes it apart after it has decoded the whole.
    let twice = |text: &str| encoded(&encoded(text));
    let filter: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{}={}", twice(name), twice(value)))
        .collect();
    let filter = filter.join("&");
    // A list of words stands unexploded, its comma as it is.
    let mut path = query("/v2/sandboxes", &[("metadata", &filter), ("limit", PAGE)]);
    path.push_str("&state=running,paused");
    if let Some(from) = from {
        path.push_str("&nextToken=");
        path.push_str(&encoded(from));
    }
    Call::plain("list sandboxes", Effect::Reads, "GET", path)
}

fn of(id: &str, rest: &str) -> String {
    format!("/sandboxes/{}{rest}", encoded(id))
}

/// All there is to know of one sandbox.
pub(in crate::provider::e2b) fn detail(id: &str) -> Call {
    Call::plain("look at a sandbox", Effect::Reads, "GET", of(id, ""))
}

/// The last that became of a sandbox's life, the latest first; E2B keeps it for seven days.
///
/// No specification has it: it is the "lifecycle events API" of E2B's documentation
/// (`/docs/sandbox/lifecycle-events-api`). Older servers know no `types` and answer all kinds.
pub(in crate::provider::e2b) fn events(id: &str) -> Call {
    let wanted = [("limit", "10"), ("orderAsc", "false"), ("types", KILLED)];
    let path = query(&format!("/events/sandboxes/{}", encoded(id)), &wanted);
    Call::plain("look when a sandbox ended", Effect::Reads, "GET", path)
}

/// Makes a sandbox; the key makes a repeated call find the first one's.
pub(in crate::provider::e2b) fn create(
    request: &CreateRequest,
    machine: &MachineSpec,
    settings: &E2bSettings,
    template: &str,
) -> Call {
    let path = "/v2/sandboxes".to_owned();
    Call::plain("create a sandbox", Effect::Makes, "POST", path)
        .header("idempotency-key", request.operation.as_str().to_lowercase())
        .json(&body(request, machine, settings, template))
}

/// The same for a server that is older than the keys.
pub(in crate::provider::e2b) fn create_before_keys(
    request: &CreateRequest,
    machine: &MachineSpec,
    settings: &E2bSettings,
    template: &str,
) -> Call {
    let mut body = body(request, machine, settings, template);
    body["secure"] = true.into();
    let path = "/sandboxes".to_owned();
    Call::plain("create a sandbox", Effect::Makes, "POST", path).json(&body)
}

fn body(
    request: &CreateRequest,
    machine: &MachineSpec,
    settings: &E2bSettings,
    template: &str,
) -> Value {
    let mut network = egress(settings);
    network.insert(
        "allowPublicTraffic".to_owned(),
        settings.public_access.into(),
    );
    json!({
        "templateID": template,
        "timeout": settings.timeout,
        "autoPause": settings.auto_pause,
        "autoResume": { "enabled": settings.auto_pause && settings.auto_resume },
        "allow_internet_access": settings.internet_access,
        "network": network,
        "metadata": label::of(request, machine, settings),
    })
}

/// What may be reached: where something is allowed by name, nothing else is.
fn egress(settings: &E2bSettings) -> Map<String, Value> {
    let mut denied = settings.blocked_domains.clone();
    if !settings.allowed_domains.is_empty() && !denied.iter().any(|one| one == EVERYTHING) {
        denied.push(EVERYTHING.to_owned());
    }
    let mut rules = Map::new();
    if !settings.allowed_domains.is_empty() {
        rules.insert(
            "allowOut".to_owned(),
            settings.allowed_domains.clone().into(),
        );
    }
    if !denied.is_empty() {
        rules.insert("denyOut".to_owned(), denied.into());
    }
    rules
}

/// Replaces what a running sandbox may reach.
pub(in crate::provider::e2b) fn network(id: &str, settings: &E2bSettings) -> Call {
    let mut body = egress(settings);
    body.insert(
        "allow_internet_access".to_owned(),
        settings.internet_access.into(),
    );
    let title = "change what a sandbox may reach";
    Call::plain(title, Effect::Settles, "PUT", of(id, "/network")).json(&Value::Object(body))
}

/// Lets a sandbox live so many seconds from now on.
pub(in crate::provider::e2b) fn extend(id: &str, seconds: u32) -> Call {
    let title = "set a sandbox's time to live";
    Call::plain(title, Effect::Settles, "POST", of(id, "/timeout"))
        .json(&json!({ "timeout": seconds }))
}

/// Wakes a sandbox, or only prolongs its life, and tells how its daemon is spoken to.
pub(in crate::provider::e2b) fn connect(id: &str, seconds: u32) -> Call {
    let title = "connect to a sandbox";
    Call::plain(title, Effect::Settles, "POST", of(id, "/connect"))
        .json(&json!({ "timeout": seconds }))
}

/// Pauses a sandbox, its memory kept.
pub(in crate::provider::e2b) fn pause(id: &str) -> Call {
    let path = of(id, "/pause");
    Call::plain("pause a sandbox", Effect::Settles, "POST", path).json(&json!({ "memory": true }))
}

/// Ends a sandbox for good.
pub(in crate::provider::e2b) fn delete(id: &str) -> Call {
    Call::plain("delete a sandbox", Effect::Settles, "DELETE", of(id, ""))
}
