//! Calls about machines.

use std::time::Duration;

use serde_json::{Value, json};

use super::call::{Action, Call, encoded};
use crate::provider::fly::id::Id;

/// How long one wait may take, in seconds; the most that is allowed.
const WAIT: u64 = 60;
/// How long a lease lasts without being renewed, in seconds.
pub(in crate::provider::fly) const LEASE: u64 = 120;
/// How long a command may take, in seconds; the most that is allowed.
pub(in crate::provider::fly) const EXEC: u64 = 60;

/// Makes a machine; its lease is ours from the start.
pub(in crate::provider::fly) fn create(
    app: &str,
    name: &str,
    region: &str,
    config: &Value,
    skip_launch: bool,
) -> Call {
    let mut body = json!({ "name": name, "region": region, "config": config });
    if skip_launch {
        body["skip_launch"] = json!(true);
    }
    Call::post(
        Action::CreateMachine,
        app,
        format!("/apps/{}/machines", encoded(app)),
    )
    .with(body)
    .doing(format!("make the machine `{name}`"))
}

/// Changes a machine: its whole configuration, if it still is the version that was looked at.
pub(in crate::provider::fly) fn update(
    id: &Id,
    config: &Value,
    version: &str,
    secrets: Option<i64>,
    skip_launch: bool,
) -> Call {
    let mut body = json!({ "config": config, "current_version": version });
    if let Some(secrets) = secrets {
        body["min_secrets_version"] = json!(secrets);
    }
    if skip_launch {
        body["skip_launch"] = json!(true);
    }
    Call::post(Action::UpdateMachine, &id.object, path(id))
        .with(body)
        .doing(format!("change the machine `{}`", id.object))
}

/// Lists an app's machines, their configurations included.
pub(in crate::provider::fly) fn list(app: &str) -> Call {
    Call::get(
        Action::GetApp,
        app,
        format!("/apps/{}/machines", encoded(app)),
    )
    .doing(format!("list the machines of the app `{app}`"))
}

/// Looks at a machine.
pub(in crate::provider::fly) fn get(id: &Id) -> Call {
    Call::get(Action::GetMachine, &id.object, path(id))
        .doing(format!("look at the machine `{}`", id.object))
}

/// Deletes a machine, running or not.
pub(in crate::provider::fly) fn delete(id: &Id) -> Call {
    Call::delete(Action::DeleteMachine, &id.object, path(id))
        .query("force", "true")
        .doing(format!("delete the machine `{}`", id.object))
}

/// Starts a machine.
pub(in crate::provider::fly) fn start(id: &Id) -> Call {
    power(id, "start")
}

/// Stops a machine.
pub(in crate::provider::fly) fn stop(id: &Id) -> Call {
    power(id, "stop").with(json!({ "signal": "SIGTERM", "timeout": "10s" }))
}

/// Lets a machine rest, its memory kept.
pub(in crate::provider::fly) fn suspend(id: &Id) -> Call {
    power(id, "suspend")
}

fn power(id: &Id, what: &str) -> Call {
    Call::post(Action::Power, &id.object, format!("{}/{what}", path(id)))
        .repeatable()
        .doing(format!("{what} the machine `{}`", id.object))
}

/// Waits until a machine is in one of these states, or the time is up: then the answer is 408.
pub(in crate::provider::fly) fn wait(id: &Id, states: &[&str], version: Option<&str>) -> Call {
    let mut call = Call::get(Action::Wait, &id.object, format!("{}/wait", path(id)))
        .query("timeout", &WAIT)
        .doing(format!("wait for the machine `{}`", id.object));
    for state in states {
        call = call.query("state", *state);
    }
    if let Some(version) = version {
        call = call.query("instance_id", version);
    }
    call.patience = Duration::from_secs(WAIT + 15);
    call
}

/// Writes what is known of a machine, without making a version of it.
pub(in crate::provider::fly) fn metadata(id: &Id, values: &Value) -> Call {
    Call::patch(
        Action::Metadata,
        &id.object,
        format!("{}/metadata", path(id)),
    )
    .repeatable()
    .with(json!({ "metadata": values }))
    .doing(format!("mark the machine `{}`", id.object))
}

/// Takes the lease of a machine.
pub(in crate::provider::fly) fn lease(id: &Id, description: &str) -> Call {
    Call::post(Action::Lease, &id.object, format!("{}/lease", path(id)))
        .repeatable()
        .with(json!({ "description": description, "ttl": LEASE }))
        .doing(format!("take the lease of the machine `{}`", id.object))
}

/// Tells who has the lease of a machine.
pub(in crate::provider::fly) fn lease_holder(id: &Id) -> Call {
    Call::get(Action::Lease, &id.object, format!("{}/lease", path(id)))
        .doing(format!("look at the lease of the machine `{}`", id.object))
}

/// Gives a lease back.
pub(in crate::provider::fly) fn release(id: &Id) -> Call {
    Call::delete(Action::Lease, &id.object, format!("{}/lease", path(id))).doing(format!(
        "give back the lease of the machine `{}`",
        id.object
    ))
}

/// Runs a command in a machine.
pub(in crate::provider::fly) fn exec(
    id: &Id,
    argv: &[String],
    stdin: Option<&str>,
    seconds: u64,
) -> Call {
    let seconds = seconds.clamp(1, EXEC);
    let mut body = json!({ "command": argv, "timeout": seconds });
    if let Some(stdin) = stdin {
        body["stdin"] = json!(stdin);
    }
    let mut call = Call::post(Action::Exec, &id.object, format!("{}/exec", path(id)))
        .with(body)
        .doing(format!("run a command in the machine `{}`", id.object));
    call.patience = Duration::from_secs(seconds + 15);
    call
}

fn path(id: &Id) -> String {
    format!(
        "/apps/{}/machines/{}",
        encoded(&id.app),
        encoded(&id.object)
    )
}

/// Lists what happened to a machine, the last first.
pub(in crate::provider::fly) fn events(id: &Id) -> Call {
    Call::get(
        Action::GetMachine,
        &id.object,
        format!("{}/events", path(id)),
    )
    .doing(format!("list the events of the machine `{}`", id.object))
}
