//! The way into a sandbox: woken to work in it, left as it is to look.

use std::future::pending;
use std::time::Duration;

use super::E2b;
use super::endpoint::Door;
use super::error::fail;
use super::request;
use super::wire::{Detail, Reached, State};
use crate::provider::{Class, MachineRef, ProviderError};
use crate::resource::{E2bSettings, MachineSpec, Settings, Spec};

/// How long a sandbox's daemon may take to answer after the sandbox was made or woken.
const WAKING: Duration = Duration::from_mins(1);

/// The machine's specification and its settings of this provider.
pub(super) fn settings(spec: &Spec) -> Result<(&MachineSpec, &E2bSettings), ProviderError> {
    if let Spec::Machine(machine) = spec
        && let Settings::E2b(settings) = &machine.settings
    {
        return Ok((machine, settings));
    }
    Err(fail(
        Class::Invalid,
        "e2b::foreign-settings",
        "what is asked for is no machine on E2B",
    ))
}

/// The way into a sandbox to work in it; it is woken, and its end put off.
pub(super) async fn enter(e2b: &E2b, machine: &MachineRef) -> Result<Door, ProviderError> {
    let (_, settings) = settings(&machine.spec)?;
    let id = machine.id.as_str();
    if let Some(door) = e2b.known_door(id) {
        return Ok(door);
    }
    wake(e2b, id, settings.timeout).await
}

/// Wakes a sandbox and waits until it takes commands.
pub(super) async fn wake(e2b: &E2b, id: &str, seconds: u32) -> Result<Door, ProviderError> {
    let reached: Reached = e2b.answer(&request::connect(id, seconds)).await?;
    answers(e2b, reached, seconds).await
}

/// Waits until a sandbox that was just reached takes commands.
pub(super) async fn answers(
    e2b: &E2b,
    reached: Reached,
    seconds: u32,
) -> Result<Door, ProviderError> {
    let domain = reached.domain.as_deref();
    let door = Door::of(
        &e2b.endpoint,
        &reached.id,
        domain,
        reached.envd_access_token,
    );
    let asking = async {
        let mut pause = Duration::from_millis(50);
        loop {
            match e2b.knock(&door, &request::health()).await {
                Ok(_) => return Ok(()),
                Err(error) if matches!(error.class, Class::Denied | Class::Invalid) => {
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    };
    match tokio::time::timeout(WAKING, asking).await {
        Ok(answered) => answered?,
        Err(_) => {
            return Err(fail(
                Class::Retryable,
                "e2b::no-daemon",
                format!(
                    "the sandbox `{}` runs, and its daemon didn't answer within {WAKING:?}",
                    reached.id
                ),
            )
            .help("look at `E2B_SANDBOX_URL` and `E2B_DOMAIN` where they are set"));
        }
    }
    e2b.keep_door(&reached.id, &door, seconds);
    Ok(door)
}

/// The way into a running sandbox to look; a paused one is left asleep.
pub(super) async fn look_in(e2b: &E2b, machine: &MachineRef) -> Result<Door, ProviderError> {
    let id = machine.id.as_str();
    let detail: Detail = e2b.answer(&request::detail(id)).await?;
    match detail.state {
        State::Running => Ok(Door::of(
            &e2b.endpoint,
            id,
            detail.domain.as_deref(),
            detail.envd_access_token,
        )),
        State::Paused => Err(fail(
            Class::Conflict,
            "e2b::paused",
            format!("the sandbox of `{}` is paused", machine.name),
        )
        .help("`sindri start` and `sindri connect` wake it")),
    }
}

/// Puts a sandbox's end off for as long as this is polled; it never ends.
///
/// The service only ever prolongs a life by this call, whatever somebody else set meanwhile.
pub(super) async fn hold(e2b: &E2b, machine: &MachineRef) {
    let Ok((_, settings)) = settings(&machine.spec) else {
        return pending().await;
    };
    let every = Duration::from_secs(u64::from(settings.timeout / 3).max(5));
    loop {
        tokio::time::sleep(every).await;
        let call = request::connect(machine.id.as_str(), settings.timeout);
        // One that is missed is made up for by the next; what breaks shows in the work itself.
        drop(e2b.send(&call).await);
    }
}
