//! Machines: containers made in several calls, each of which may be the last before a crash.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerUpdateBody};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
    LogsOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
    StopContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::classify::{ACTING, Effect, LOOKING, is_missing, optional, within};
use super::exec::run_body;
use super::label::{self, Claim};
use super::request::volume::Part;
use super::{Docker, ownership, request, volume};
use crate::address::Address;
use crate::diagnostic::Code;
use crate::provider::{
    Class, CreateRequest, DeleteRequest, Made, Progress, ProviderError, Stream, UpdateRequest,
};
use crate::resource::{Attributes, MachineSpec, Power, Spec};
use crate::state::{Lineage, ObjectId};

/// How long a machine may take to stop before it is killed, in seconds.
const STOPPING: i32 = 10;
/// The same for one that is about to be deleted.
const ENDING: i32 = 3;

/// Makes the machine and, if it shall run, starts it and waits until it takes commands.
///
/// What this operation already made is finished; what fails for good is cleaned up, so that the
/// next apply starts afresh.
pub(super) async fn create(
    docker: &Docker,
    wanted: &CreateRequest,
    machine: &MachineSpec,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Made, ProviderError> {
    let say = |text: &str| {
        progress(Progress {
            text: text.to_owned(),
            share: None,
        });
    };
    let mut id = if let Some(id) = standing(docker, wanted).await? {
        id
    } else {
        say("creating the container");
        make(docker, wanted, machine, true).await?
    };
    if machine.power != Power::Stopped {
        say("starting");
        if let Err(error) = wake(docker, &id).await {
            if error.message.contains("docker-init") {
                // An Engine without its init binary says so only here.
                remove(docker, &id).await?;
                id = make(docker, wanted, machine, false).await?;
                if let Err(error) = wake(docker, &id).await {
                    return Err(clean_up(docker, wanted, machine, &id, error).await);
                }
            } else {
                return Err(clean_up(docker, wanted, machine, &id, error).await);
            }
        }
    }
    let seen = look(docker, &id).await?;
    Ok(made(&id, seen.as_ref()))
}

fn made(id: &str, seen: Option<&ContainerInspectResponse>) -> Made {
    let mut attributes = Attributes::default();
    if let Some(image) = seen.and_then(|seen| seen.image.as_deref()) {
        attributes.set("imageId", image);
    }
    Made {
        id: ObjectId::new(id),
        attributes,
        incarnation: Some(id.to_owned()),
    }
}

/// The container this operation made already, whatever it is called by now.
async fn standing(
    docker: &Docker,
    wanted: &CreateRequest,
) -> Result<Option<String>, ProviderError> {
    let client = docker.client().await?;
    let filters = HashMap::from([(
        "label",
        vec![
            format!("{}={}", label::LINEAGE, wanted.lineage),
            format!("{}={}", label::ADDRESS, wanted.address),
            format!("{}={}", label::OPERATION, wanted.operation),
        ],
    )]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let listing = client.list_containers(Some(options));
    let found = within(Effect::Reads, "list containers", LOOKING, listing).await?;
    Ok(found.into_iter().find_map(|container| container.id))
}

/// Makes the volumes that belong to the machine alone, then the container.
async fn make(
    docker: &Docker,
    wanted: &CreateRequest,
    machine: &MachineSpec,
    init: bool,
) -> Result<String, ProviderError> {
    let client = docker.client().await?;
    let engine = docker.features().await?;
    if let Some(taken) = look(docker, &machine.name).await? {
        let labels = taken.config.and_then(|config| config.labels);
        let whose = label::claim(labels.as_ref(), wanted);
        return Err(ownership::taken("container", &machine.name, whose));
    }
    let body = request::container::body(wanted, machine, engine, init)?;
    volume::create_part(docker, wanted, &machine.name, Part::Secrets).await?;
    let settings = request::container::settings(machine)?;
    if request::nesting(settings, engine).volume {
        volume::create_part(docker, wanted, &machine.name, Part::Engine).await?;
    }
    let options = CreateContainerOptionsBuilder::new()
        .name(&machine.name)
        .build();
    let making = client.create_container(Some(options), body);
    let made = within(Effect::Acts, "make a container", ACTING, making).await;
    let error = match made {
        Ok(answer) => return Ok(answer.id),
        Err(error) => error,
    };
    // Whatever it says, the container may stand: look before saying anything.
    match standing(docker, wanted).await {
        Ok(Some(id)) => Ok(id),
        Ok(None) if error.code.as_str() == "docker::timeout" => Err(error),
        Ok(None) => {
            drop(
                volume::delete_parts(docker, &wanted.lineage, &wanted.address, &machine.name).await,
            );
            Err(refused(machine, ownership::settled(error)))
        }
        Err(_) => Err(error),
    }
}

/// Says what to do where the Engine refused a container.
fn refused(machine: &MachineSpec, error: ProviderError) -> ProviderError {
    let image = machine.image.as_deref().unwrap_or("the image");
    if error.class == Class::NotFound && error.message.to_lowercase().contains("no such image") {
        return ProviderError {
            code: Code::new("docker::image-missing"),
            message: format!("the Engine doesn't have `{image}` as pinned any more"),
            help: Some("run apply again: it pins the image anew".to_owned()),
            ..error
        };
    }
    if error.class == Class::Conflict && error.message.contains("is already in use") {
        return ownership::taken("container", &machine.name, Claim::Unlabelled).source(error);
    }
    error
}

/// The container as it is, `None` if there is none of this id or name.
pub(super) async fn look(
    docker: &Docker,
    id: &str,
) -> Result<Option<ContainerInspectResponse>, ProviderError> {
    let client = docker.client().await?;
    let looking = client.inspect_container(id, None::<InspectContainerOptions>);
    optional(within(Effect::Reads, "look at a container", LOOKING, looking).await)
}

fn runs(seen: &ContainerInspectResponse) -> bool {
    seen.state
        .as_ref()
        .is_some_and(|state| state.running == Some(true) && state.paused != Some(true))
}

/// Starts a container and waits until it takes commands.
async fn wake(docker: &Docker, id: &str) -> Result<(), ProviderError> {
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

/// Removes what a failed creation left, unless nobody knows whether it failed.
async fn clean_up(
    docker: &Docker,
    wanted: &CreateRequest,
    machine: &MachineSpec,
    id: &str,
    error: ProviderError,
) -> ProviderError {
    match error.class {
        Class::Ambiguous | Class::Unreachable => return error,
        Class::Retryable
        | Class::Throttled(_)
        | Class::Conflict
        | Class::NotFound
        | Class::Denied
        | Class::Invalid
        | Class::Failed => {}
    }
    if remove(docker, id).await.is_ok() {
        drop(volume::delete_parts(docker, &wanted.lineage, &wanted.address, &machine.name).await);
    }
    error
}

/// Removes a container with its anonymous volumes and waits until it is gone.
async fn remove(docker: &Docker, id: &str) -> Result<(), ProviderError> {
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

/// Changes the machine in place: memory with its swap limit, processors, restart policy, power.
pub(super) async fn update(
    docker: &Docker,
    wanted: &UpdateRequest,
    machine: &MachineSpec,
) -> Result<Made, ProviderError> {
    let client = docker.client().await?;
    let id = wanted.current.id.as_str();
    let seen = mine(docker, id, &wanted.wanted.lineage)
        .await?
        .ok_or_else(|| gone(&wanted.wanted.address))?;
    let engine = docker.features().await?;
    let body = request::container::update(machine, &wanted.paths, engine)?;
    if body != ContainerUpdateBody::default() {
        let updating = client.update_container(id, body);
        // Asking twice for the same limits does no harm.
        within(
            Effect::Reads,
            "change the container's limits",
            ACTING,
            updating,
        )
        .await?;
    }
    if wanted.paths.iter().any(|path| path == "power") {
        set_power(docker, id, machine.power).await?;
    }
    Ok(made(id, Some(&seen)))
}

fn gone(address: &Address) -> ProviderError {
    ProviderError::new(
        Class::NotFound,
        Code::new("docker::gone"),
        format!("the container of `{address}` is gone"),
    )
    .help("run `sindri plan` again: it shows what is missing")
}

/// The container of an id, refusing one that carries another lineage.
async fn mine(
    docker: &Docker,
    id: &str,
    lineage: &Lineage,
) -> Result<Option<ContainerInspectResponse>, ProviderError> {
    let Some(seen) = look(docker, id).await? else {
        return Ok(None);
    };
    let labels = seen
        .config
        .as_ref()
        .and_then(|config| config.labels.as_ref());
    ownership::may_touch(labels, lineage, "container", id)?;
    Ok(Some(seen))
}

/// Deletes the machine with what belongs to it alone; one that is gone already is a success.
pub(super) async fn delete(docker: &Docker, unwanted: &DeleteRequest) -> Result<(), ProviderError> {
    let id = unwanted.current.id.as_str();
    if let Some(seen) = mine(docker, id, &unwanted.lineage).await? {
        if runs(&seen) {
            let client = docker.client().await?;
            let options = StopContainerOptionsBuilder::new().t(ENDING).build();
            let stopping = client.stop_container(id, Some(options));
            // What doesn't stop is killed by the removal.
            drop(within(Effect::Reads, "stop the container", ACTING, stopping).await);
        }
        remove(docker, id).await?;
    }
    match unwanted.current.spec.as_ref() {
        Spec::Machine(machine) => {
            volume::delete_parts(docker, &unwanted.lineage, &unwanted.address, &machine.name).await
        }
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => Ok(()),
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
        Power::Stopped => {
            let options = StopContainerOptionsBuilder::new().t(STOPPING).build();
            let stopping = client.stop_container(id, Some(options));
            within(Effect::Reads, "stop the container", ACTING, stopping).await
        }
    }
}
