//! One container: looked at, woken, stopped, removed.

use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum};
use bollard::query_parameters::{
    InspectContainerOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions, StopContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::classify::{ACTING, Effect, LOOKING, is_missing, optional, within};
use super::exec::run_body;
use super::{Docker, ownership, request};
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError, Stream};
use crate::resource::Power;

/// How long a machine may take to stop before it is killed, in seconds.
const STOPPING: i32 = 10;
/// The same for one that is about to be deleted.
pub(super) const ENDING: i32 = 3;

/// The container as it is, `None` if there is none of this id or name.
pub(super) async fn look(
    docker: &Docker,
    id: &str,
) -> Result<Option<ContainerInspectResponse>, ProviderError> {
    let client = docker.client().await?;
    let looking = client.inspect_container(id, None::<InspectContainerOptions>);
    optional(within(Effect::Reads, "look at a container", LOOKING, looking).await)
}

/// Whether a container runs and isn't paused.
pub(super) fn runs(seen: &ContainerInspectResponse) -> bool {
    seen.state
        .as_ref()
        .is_some_and(|state| state.running == Some(true) && state.paused != Some(true))
}

/// Whether a container is gone or about to be.
pub(super) async fn vanishes(docker: &Docker, id: &str) -> bool {
    let Ok(seen) = look(docker, id).await else {
        return false;
    };
    let status = seen.map(|seen| seen.state.and_then(|state| state.status));
    matches!(
        status,
        None | Some(Some(
            ContainerStateStatusEnum::REMOVING | ContainerStateStatusEnum::DEAD
        ))
    )
}

/// Starts a container and waits until it takes commands.
pub(super) async fn wake(docker: &Docker, id: &str) -> Result<(), ProviderError> {
    let client = docker.client().await?;
    let starting = client.start_container(id, None::<StartContainerOptions>);
    let started = within(Effect::Acts, "start the container", ACTING, starting).await;
    if let Err(error) = started {
        return match look(docker, id).await {
            Ok(Some(seen)) if runs(&seen) => Ok(()),
            Ok(_) => Err(ownership::settled(error)),
            Err(_) => Err(error),
        };
    }
    let probe = request::exec::probe();
    let mut silent = |_: Stream, _: &[u8]| {};
    let answered = run_body(docker, id, probe, None, &mut silent);
    match tokio::time::timeout(ACTING, answered).await {
        Ok(Ok(0)) => Ok(()),
        Ok(Ok(_) | Err(_)) | Err(_) => Err(dead(docker, id).await),
    }
}

/// The error of a container that doesn't take commands: how it ended and what it last said.
async fn dead(docker: &Docker, id: &str) -> ProviderError {
    let state = look(docker, id)
        .await
        .ok()
        .flatten()
        .and_then(|seen| seen.state);
    let ended = state.filter(|state| state.running != Some(true)).map_or(
        "doesn't take commands".to_owned(),
        |state| {
            format!(
                "ended at once with exit code {}",
                state.exit_code.unwrap_or(-1)
            )
        },
    );
    let said = last_lines(docker, id).await;
    let mut message = format!("the container {ended}");
    if !said.is_empty() {
        message.push_str("; it last said: ");
        message.push_str(&said);
    }
    ProviderError::new(Class::Failed, Code::new("docker::ended-at-once"), message)
        .help("a machine needs an image with a working `/bin/sh` and `sleep`")
}

async fn last_lines(docker: &Docker, id: &str) -> String {
    let Ok(client) = docker.client().await else {
        return String::new();
    };
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .tail("5")
        .build();
    let reading = async {
        let mut lines = Box::pin(client.logs(id, Some(options)));
        let mut text = String::new();
        while let Some(Ok(line)) = lines.next().await {
            text.push_str(&line.to_string());
        }
        text
    };
    let text = tokio::time::timeout(Duration::from_secs(5), reading)
        .await
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" | ").chars().take(500).collect()
}

/// Removes a container with its anonymous volumes and waits until it is gone.
pub(super) async fn remove(docker: &Docker, id: &str) -> Result<(), ProviderError> {
    let client = docker.client().await?;
    let options = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    let removing = client.remove_container(id, Some(options));
    match within(Effect::Acts, "delete the container", ACTING, removing).await {
        Err(error) if error.message.contains("already in progress") => {
            for _ in 0..100 {
                if look(docker, id).await?.is_none() {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(error)
        }
        Err(error) if is_missing(&error) => Ok(()),
        other => other,
    }
}

/// Starts or stops a container and returns when it is so.
pub(super) async fn set_power(
    docker: &Docker,
    id: &str,
    power: Power,
) -> Result<(), ProviderError> {
    let client = docker.client().await?;
    let seen = look(docker, id).await?.ok_or_else(|| {
        ProviderError::new(
            Class::NotFound,
            Code::new("docker::gone"),
            "the container is gone",
        )
        .help("run `sindri plan`: it shows what is missing")
    })?;
    let state = seen.state.clone().unwrap_or_default();
    if power != Power::Provider && state.paused == Some(true) {
        let unpausing = client.unpause_container(id);
        within(Effect::Reads, "unpause the container", ACTING, unpausing).await?;
    }
    match power {
        Power::Provider => Ok(()),
        Power::Running if runs(&seen) => Ok(()),
        Power::Running => wake(docker, id).await,
        Power::Stopped if state.running != Some(true) => Ok(()),
        Power::Stopped => stop(docker, id, STOPPING).await,
    }
}

/// Stops a container, killing it after so many seconds.
pub(super) async fn stop(docker: &Docker, id: &str, seconds: i32) -> Result<(), ProviderError> {
    let client = docker.client().await?;
    let options = StopContainerOptionsBuilder::new().t(seconds).build();
    let stopping = client.stop_container(id, Some(options));
    within(Effect::Reads, "stop the container", ACTING, stopping).await
}
