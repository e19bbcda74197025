//! Starting, stopping, and waiting until it is so.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::classify::{error, optional};
use super::id::Id;
use super::listing::is_gone;
use super::seen::is_transient;
use super::wire::Machine;
use super::{Fly, exec, happened, machine, observe, request};
use crate::provider::{Class, MachineRef, ProviderError};
use crate::resource::{FlyGuest, Power};

/// How long a machine may be on its way before it counts as stuck.
const STUCK: Duration = Duration::from_mins(5);

/// The machine, which must be there.
pub(super) async fn look(fly: &Fly, id: &Id) -> Result<Machine, ProviderError> {
    observe::machine(fly, id).await?.ok_or_else(|| gone(id))
}

/// The machine, which must be there, and its whole configuration as it is shown.
pub(super) async fn look_whole(fly: &Fly, id: &Id) -> Result<(Machine, Value), ProviderError> {
    let looking = optional(fly.call::<Value>(request::machine::get(id)).await)?;
    let shown = looking.ok_or_else(|| gone(id))?;
    let config = shown.get("config").cloned().unwrap_or_default();
    let seen = serde_json::from_value(shown).map_err(|cause| {
        error(
            Class::Failed,
            "fly::protocol",
            format!("what Fly.io says of `{}` makes no sense", id.object),
        )
        .source(cause)
    })?;
    Ok((seen, config))
}

fn gone(id: &Id) -> ProviderError {
    error(
        Class::NotFound,
        "fly::gone",
        format!("the machine `{}` is gone", id.object),
    )
    .help("run `sindri plan`: it shows what is missing")
}

/// Starts or stops a machine and returns when it is so.
pub(super) async fn set(
    fly: &Fly,
    machine: &MachineRef,
    power: Power,
) -> Result<(), ProviderError> {
    let id = Id::parse(&machine.id)?;
    match power {
        Power::Running => wake(fly, &id).await,
        Power::Stopped => stop(fly, &id).await,
        Power::Provider => Ok(()),
    }
}

/// Lets a machine run, wherever it is on its way to.
pub(super) async fn wake(fly: &Fly, id: &Id) -> Result<(), ProviderError> {
    let mut seen = look(fly, id).await?;
    if is_transient(&seen.state) && seen.state != "starting" {
        seen = settle(fly, id).await?;
    }
    if seen.state != "started" && seen.state != "starting" {
        fly.tell(request::machine::start(id)).await?;
    }
    reach(fly, id, "started", None).await
}

async fn stop(fly: &Fly, id: &Id) -> Result<(), ProviderError> {
    let mut seen = look(fly, id).await?;
    if is_transient(&seen.state) {
        seen = settle(fly, id).await?;
    }
    if seen.state == "started" {
        fly.tell(request::machine::stop(id)).await?;
        return reach(fly, id, "stopped", None).await;
    }
    Ok(())
}

/// Lets a machine rest with what it has in memory.
pub(super) async fn suspend(fly: &Fly, machine: &MachineRef) -> Result<(), ProviderError> {
    let id = Id::parse(&machine.id)?;
    let spec = exec::spec(machine)?;
    let settings = machine::settings(spec)?;
    let memory = FlyGuest::of(settings.cpu_kind, spec.cpus, spec.memory).memory;
    if let Some(why) = FlyGuest::sleepless(memory, settings.swap, spec.gpu.is_some()) {
        return Err(error(
            Class::Invalid,
            "machine::no-suspend",
            format!("`{}` can't be suspended: {why}", machine.name),
        )
        .help("`sindri stop` ends what runs in it and keeps its disk"));
    }
    let mut seen = look(fly, &id).await?;
    if is_transient(&seen.state) {
        seen = settle(fly, &id).await?;
    }
    match seen.state.as_str() {
        "started" => {
            fly.tell(request::machine::suspend(&id)).await?;
            reach(fly, &id, "suspended", None).await
        }
        "suspended" => Ok(()),
        state => Err(error(
            Class::Invalid,
            "machine::no-suspend",
            format!("`{}` doesn't run: it is {state}", machine.name),
        )
        .help("`sindri start` starts it")),
    }
}

/// Waits until a machine is on its way nowhere.
async fn settle(fly: &Fly, id: &Id) -> Result<Machine, ProviderError> {
    let waiting = fly.tell(request::machine::wait(id, &["settled"], None));
    match waiting.await {
        Ok(()) => {}
        Err(failed) if may_pass(&failed) => {}
        Err(failed) => return Err(failed),
    }
    look(fly, id).await
}

fn may_pass(failed: &ProviderError) -> bool {
    matches!(
        failed.code.as_str(),
        "fly::timeout" | "fly::trouble" | "fly::no-answer"
    )
}

/// Waits until a machine is in a state, as long as it is still on its way there.
pub(super) async fn reach(
    fly: &Fly,
    id: &Id,
    state: &'static str,
    version: Option<&str>,
) -> Result<(), ProviderError> {
    let begun = Instant::now();
    loop {
        let waiting = fly.tell(request::machine::wait(id, &[state], version));
        let failed = match waiting.await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        let seen = look(fly, id).await?;
        if seen.state == state {
            return Ok(());
        }
        if is_gone(&seen.state) {
            return Err(gone(id));
        }
        if !is_transient(&seen.state) && seen.state != "created" {
            return Err(ended(fly, id, &seen.state, state).await);
        }
        if begun.elapsed() > STUCK {
            return Err(error(
                Class::Failed,
                "fly::stuck",
                format!(
                    "the machine `{}` has been `{}` for {} minutes",
                    id.object,
                    seen.state,
                    STUCK.as_secs() / 60
                ),
            )
            .help(
                "Fly.io may have trouble (https://status.flyio.net); apply again once it has moved",
            ));
        }
        if !may_pass(&failed) {
            return Err(failed);
        }
    }
}

/// Says how a machine ended elsewhere than it was to go, with what it says happened.
async fn ended(fly: &Fly, id: &Id, state: &str, wanted: &str) -> ProviderError {
    let events = happened::of(fly, id).await.unwrap_or_default();
    let last = events.into_iter().next().map_or_else(String::new, |last| {
        let how = last.how.map_or_else(String::new, |how| format!(", {how}"));
        format!("; last it says: {}{how}", last.what)
    });
    error(
        Class::Failed,
        "fly::not-up",
        format!(
            "the machine `{}` is `{state}` instead of `{wanted}`{last}",
            id.object
        ),
    )
    .help(format!("`fly logs -a {}` shows what it printed", id.app))
}
