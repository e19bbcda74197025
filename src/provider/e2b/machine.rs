//! Sandboxes as machines: made, changed, paused and ended.

use std::time::Duration;

use super::client::Sandbox;
use super::error::fail;
use super::inside::{answers, settings, wake};
use super::wire::{Detail, Reached, State};
use super::{E2b, label, request, template};
use crate::provider::{
    Class, CreateRequest, DeleteRequest, MachineRef, Made, Progress, ProviderError, UpdateRequest,
};
use crate::resource::{Attributes, E2bSettings, MachineSpec, Power};
use crate::state::ObjectId;

/// When a sandbox is looked for whose making was answered by nothing that can be relied on; the
/// service may list it late.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

fn made(id: &str, template: Option<&str>) -> Made {
    let mut attributes = Attributes::default();
    if let Some(template) = template {
        attributes.set("template", template);
    }
    Made {
        id: ObjectId::new(id),
        attributes,
        incarnation: Some(id.to_owned()),
    }
}

/// Makes a sandbox, or finishes the one that this operation made before.
pub(super) async fn create(
    e2b: &E2b,
    request: &CreateRequest,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Made, ProviderError> {
    let (machine, settings) = settings(&request.spec)?;
    if let Some(found) = of_operation(e2b, request).await? {
        return finish_found(e2b, machine, settings, &found).await;
    }
    let template = template::ready(e2b, machine, settings, progress).await?;
    let call = request::create(request, machine, settings, &template);
    let mut answer = e2b.answer::<Reached>(&call).await;
    if answer.as_ref().is_err_and(lacks_the_call) {
        let call = request::create_before_keys(request, machine, settings, &template);
        answer = e2b.answer(&call).await;
    }
    match answer {
        Ok(reached) => {
            let id = reached.id.clone();
            settle(e2b, machine, settings, &id, Some(reached)).await?;
            Ok(made(&id, Some(&template)))
        }
        Err(error) if error.class == Class::Ambiguous => {
            for pause in LOOKS {
                tokio::time::sleep(pause).await;
                if let Some(found) = of_operation(e2b, request).await? {
                    return finish_found(e2b, machine, settings, &found).await;
                }
            }
            Err(error)
        }
        Err(error) if error.class == Class::NotFound => {
            Err(template::missing(&request::alias_of(machine, settings)).source(error))
        }
        Err(error) => Err(error),
    }
}

/// Whether a server is older than a call.
fn lacks_the_call(error: &ProviderError) -> bool {
    let unknown = error.message.contains("no matching operation");
    error.code.as_str() == "e2b::no-such-call" || (error.class == Class::NotFound && unknown)
}

/// The sandbox that a request's operation made, if it did.
async fn of_operation(
    e2b: &E2b,
    request: &CreateRequest,
) -> Result<Option<Sandbox>, ProviderError> {
    let operation = [(label::OPERATION, request.operation.as_str())];
    let mut found = e2b.sandboxes(&request.lineage, &operation).await?;
    let address = request.address.to_string();
    found.retain(|one| one.marked.metadata.get(label::ADDRESS) == Some(&address));
    Ok(found.into_iter().next())
}

async fn finish_found(
    e2b: &E2b,
    machine: &MachineSpec,
    settings: &E2bSettings,
    found: &Sandbox,
) -> Result<Made, ProviderError> {
    let id = &found.marked.id;
    settle(e2b, machine, settings, id, None).await?;
    Ok(made(id, None))
}

/// Brings a sandbox that stands to the power it shall have.
async fn settle(
    e2b: &E2b,
    machine: &MachineSpec,
    settings: &E2bSettings,
    id: &str,
    reached: Option<Reached>,
) -> Result<(), ProviderError> {
    if machine.power == Power::Stopped {
        return sleep(e2b, id).await;
    }
    match reached {
        Some(reached) => drop(answers(e2b, reached, settings.timeout).await?),
        None => drop(wake(e2b, id, settings.timeout).await?),
    }
    Ok(())
}

async fn sleep(e2b: &E2b, id: &str) -> Result<(), ProviderError> {
    e2b.forget_door(id);
    match e2b.send(&request::pause(id)).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.class, Class::Conflict | Class::Ambiguous) => {
            let detail: Detail = e2b.answer(&request::detail(id)).await?;
            match detail.state {
                State::Paused => Ok(()),
                State::Running => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Pauses a sandbox, or wakes it and waits until it takes commands.
pub(super) async fn set_power(
    e2b: &E2b,
    machine: &MachineRef,
    power: Power,
) -> Result<(), ProviderError> {
    let (_, settings) = settings(&machine.spec)?;
    let id = machine.id.as_str();
    match power {
        Power::Stopped => sleep(e2b, id).await,
        Power::Running | Power::Provider => {
            e2b.forget_door(id);
            drop(wake(e2b, id, settings.timeout).await?);
            Ok(())
        }
    }
}

/// Changes a sandbox in place; a sleeping one is woken for it, and sleeps again if it shall.
pub(super) async fn update(e2b: &E2b, request: &UpdateRequest) -> Result<Made, ProviderError> {
    let (machine, settings) = settings(&request.wanted.spec)?;
    let id = request.current.id.as_str();
    let touches = |paths: &[&str]| request.paths.iter().any(|path| paths.contains(&&**path));
    let reach = touches(&[
        "e2b.internetAccess",
        "e2b.allowedDomains",
        "e2b.blockedDomains",
    ]);
    let life = touches(&["e2b.timeout"]);
    if reach || life {
        e2b.forget_door(id);
        drop(wake(e2b, id, settings.timeout).await?);
    }
    if reach {
        e2b.send(&request::network(id, settings)).await?;
    }
    if life {
        // Waking only prolongs; a shorter life has to be said.
        e2b.send(&request::extend(id, settings.timeout)).await?;
    }
    if reach || life || touches(&["power"]) {
        settle(e2b, machine, settings, id, None).await?;
    }
    Ok(Made {
        id: request.current.id.clone(),
        attributes: request.current.attributes.clone(),
        incarnation: request.current.incarnation.clone(),
    })
}

/// Ends a sandbox for good; templates stay, since others may be made from them.
pub(super) async fn delete(e2b: &E2b, request: &DeleteRequest) -> Result<(), ProviderError> {
    let id = request.current.id.as_str();
    let detail: Detail = match e2b.answer(&request::detail(id)).await {
        Ok(detail) => detail,
        Err(error) if error.class == Class::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let lineage = detail.metadata.get(label::LINEAGE);
    if lineage.is_none_or(|lineage| lineage != request.lineage.as_str()) {
        return Err(fail(
            Class::Conflict,
            "e2b::not-ours",
            format!("the sandbox `{id}` doesn't belong to this state"),
        )
        .help("it is left alone; `sindri state rm` lets go of it"));
    }
    e2b.forget_door(id);
    match e2b.send(&request::delete(id)).await {
        Ok(_) => Ok(()),
        Err(error) if error.class == Class::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
