//! Machines: containers made in several calls, each of which may be the last before a crash.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerUpdateBody};
use bollard::query_parameters::{CreateContainerOptionsBuilder, ListContainersOptionsBuilder};

use super::classify::{ACTING, Effect, LOOKING, within};
use super::container::{ENDING, look, remove, runs, set_power, stop, vanishes, wake};
use super::label::{self, Claim};
use super::request::volume::Part;
use super::{Docker, ownership, request, volume};
use crate::address::Address;
use crate::diagnostic::Code;
use crate::provider::{
    Class, CreateRequest, DeleteRequest, Made, Progress, ProviderError, UpdateRequest,
};
use crate::resource::{Attributes, MachineSpec, Power, Spec};
use crate::state::{Lineage, ObjectId};

/// How often a container that vanishes is made again.
const ATTEMPTS: usize = 5;
/// How often a name that is taken by nobody is tried again.
const NAMES_LOOKED_UP: usize = 50;
/// How long a container may take to show under the name it has taken.
const NAME_SHOWS: Duration = Duration::from_millis(200);

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
    let mut init = true;
    for _ in 0..ATTEMPTS {
        if let Some(made) = attempt(docker, wanted, machine, &mut init, &say).await? {
            return Ok(made);
        }
        tokio::time::sleep(NAME_SHOWS).await;
    }
    Err(ProviderError::new(
        Class::Retryable,
        Code::new("docker::vanished"),
        "the container vanished again and again while it was being made",
    )
    .help("does something on the Engine's host remove containers?"))
}

/// Makes and starts the container; `None` if it is to be tried once more.
async fn attempt(
    docker: &Docker,
    wanted: &CreateRequest,
    machine: &MachineSpec,
    init: &mut bool,
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<Option<Made>, ProviderError> {
    let id = if let Some(id) = standing(docker, wanted).await? {
        id
    } else {
        say("creating the container");
        make(docker, wanted, machine, *init).await?
    };
    if machine.power != Power::Stopped {
        say("starting");
        if let Err(error) = wake(docker, &id).await {
            // An Engine takes back what it made for a caller that hung up: what stood a moment ago
            // may be gone.
            if error.message.contains("No such container") || vanishes(docker, &id).await {
                return Ok(None);
            }
            // An Engine without its init binary says so only here.
            if *init && error.message.contains("docker-init") {
                *init = false;
                remove(docker, &id).await?;
                return Ok(None);
            }
            return Err(clean_up(docker, wanted, machine, &id, error).await);
        }
    }
    let seen = look(docker, &id).await?;
    Ok(seen.map(|seen| made(&id, &seen)))
}

fn made(id: &str, seen: &ContainerInspectResponse) -> Made {
    let mut attributes = Attributes::default();
    if let Some(image) = &seen.image {
        attributes.set("imageId", image.as_str());
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
    free_name(docker, wanted, machine).await?;
    let body = request::container::body(wanted, machine, engine, init)?;
    volume::create_part(docker, wanted, &machine.name, Part::Secrets).await?;
    let settings = request::container::settings(machine)?;
    if request::nesting(settings, engine).volume {
        volume::create_part(docker, wanted, &machine.name, Part::Engine).await?;
    }
    for _ in 0..NAMES_LOOKED_UP {
        let options = CreateContainerOptionsBuilder::new()
            .name(&machine.name)
            .build();
        let making = client.create_container(Some(options), body.clone());
        let error = match within(Effect::Acts, "make a container", ACTING, making).await {
            Ok(answer) => return Ok(answer.id),
            Err(error) => error,
        };
        // Whatever it says, the container may stand: look before saying anything.
        match standing(docker, wanted).await {
            Ok(Some(id)) => return Ok(id),
            Ok(None) if error.code.as_str() == "docker::timeout" => return Err(error),
            Ok(None) if !error.message.contains("is already in use") => {
                let (lineage, address) = (&wanted.lineage, &wanted.address);
                drop(volume::delete_parts(docker, lineage, address, &machine.name).await);
                return Err(refused(machine, ownership::settled(error)));
            }
            // An earlier attempt, cut off here, may still be under way in the Engine: it has taken
            // the name, but its container doesn't show yet.
            Ok(None) => free_name(docker, wanted, machine).await?,
            Err(_) => return Err(error),
        }
        tokio::time::sleep(NAME_SHOWS).await;
    }
    Err(ownership::taken(
        "container",
        &machine.name,
        Claim::Unlabelled,
    ))
}

/// Makes sure that nobody else has the machine's name.
async fn free_name(
    docker: &Docker,
    wanted: &CreateRequest,
    machine: &MachineSpec,
) -> Result<(), ProviderError> {
    let Some(taken) = look(docker, &machine.name).await? else {
        return Ok(());
    };
    let labels = taken.config.and_then(|config| config.labels);
    match label::claim(labels.as_ref(), wanted) {
        Claim::Operation => Ok(()),
        claim @ (Claim::Address | Claim::Lineage | Claim::Foreign | Claim::Unlabelled) => {
            Err(ownership::taken("container", &machine.name, claim))
        }
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
    error
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
    if wanted.paths.iter().any(|path| path == "name") {
        let name = bollard::query_parameters::RenameContainerOptionsBuilder::default()
            .name(&machine.name)
            .build();
        let renaming = client.rename_container(id, name);
        within(
            Effect::Acts,
            "give the container its name back",
            ACTING,
            renaming,
        )
        .await?;
    }
    if wanted.paths.iter().any(|path| path == "power") {
        set_power(docker, id, machine.power).await?;
    }
    Ok(made(id, &seen))
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
            // What doesn't stop is killed by the removal.
            drop(stop(docker, id, ENDING).await);
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
