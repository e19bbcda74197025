//! Volumes: made for one machine, deleted only on purpose.

use bollard::models::{Volume, VolumeCreateRequest};
use bollard::query_parameters::RemoveVolumeOptions;

use super::classify::{ACTING, Effect, LOOKING, optional, within};
use super::label::{self, Claim};
use super::request::volume::Part;
use super::{Docker, ownership, request};
use crate::address::Address;
use crate::diagnostic::Code;
use crate::provider::{Class, CreateRequest, DeleteRequest, Made, ProviderError};
use crate::resource::{Attributes, VolumeSpec};
use crate::state::{Lineage, ObjectId};

/// Makes the volume, or finds the one this operation made already.
pub(super) async fn create(
    docker: &Docker,
    wanted: &CreateRequest,
    volume: &VolumeSpec,
) -> Result<Made, ProviderError> {
    let body = request::volume::body(wanted, volume);
    let standing = make(docker, body).await?;
    match label::claim(Some(&standing.labels), wanted) {
        Claim::Operation => Ok(Made {
            id: ObjectId::new(&standing.name),
            attributes: Attributes::default(),
            incarnation: None,
        }),
        claim @ (Claim::Address | Claim::Lineage | Claim::Foreign | Claim::Unlabelled) => {
            Err(ownership::taken("volume", &volume.name, claim))
        }
    }
}

/// Makes a volume that belongs to the requested machine alone.
///
/// What an earlier machine at this address left behind under the name goes away first, so that no
/// secret taken back since comes to light again.
pub(super) async fn create_part(
    docker: &Docker,
    wanted: &CreateRequest,
    machine: &str,
    part: Part,
) -> Result<(), ProviderError> {
    for _ in 0..2 {
        let standing = make(docker, request::volume::part_body(wanted, machine, part)).await?;
        let whose = label::claim(Some(&standing.labels), wanted);
        let same = standing.labels.get(label::PART).map(String::as_str) == Some(part.as_str());
        match whose {
            Claim::Operation if same => return Ok(()),
            Claim::Address if same => remove(docker, &standing.name).await?,
            Claim::Operation
            | Claim::Address
            | Claim::Lineage
            | Claim::Foreign
            | Claim::Unlabelled => {
                return Err(ownership::taken("volume", &standing.name, whose));
            }
        }
    }
    let name = part.volume_of(machine);
    Err(ownership::taken("volume", &name, Claim::Address))
}

/// Deletes the volumes that belong to a machine alone, where they are ours.
pub(super) async fn delete_parts(
    docker: &Docker,
    lineage: &Lineage,
    address: &Address,
    machine: &str,
) -> Result<(), ProviderError> {
    for part in Part::ALL {
        let name = part.volume_of(machine);
        let Some(seen) = look(docker, &name).await? else {
            continue;
        };
        let ours = label::claim_of(Some(&seen.labels), lineage, address);
        let same = seen.labels.get(label::PART).map(String::as_str) == Some(part.as_str());
        if same && ours == Claim::Address {
            remove(docker, &name).await?;
        }
    }
    Ok(())
}

/// Asks for a volume; the Engine answers with the one of that name, were it made just now or long
/// ago by anybody, so that its labels say whose it is.
async fn make(docker: &Docker, body: VolumeCreateRequest) -> Result<Volume, ProviderError> {
    let client = docker.client().await?;
    // Asking twice does no harm, so a failure leaves no doubt that a second try wouldn't settle.
    within(
        Effect::Reads,
        "make a volume",
        ACTING,
        client.create_volume(body),
    )
    .await
}

async fn look(docker: &Docker, name: &str) -> Result<Option<Volume>, ProviderError> {
    let client = docker.client().await?;
    let looking = client.inspect_volume(name);
    optional(within(Effect::Reads, "look at a volume", LOOKING, looking).await)
}

async fn remove(docker: &Docker, name: &str) -> Result<(), ProviderError> {
    let client = docker.client().await?;
    let removing = client.remove_volume(name, None::<RemoveVolumeOptions>);
    let removed = within(Effect::Acts, "delete a volume", ACTING, removing).await;
    optional(removed).map(|_| ()).map_err(|error| {
        if error.class != Class::Conflict {
            return error;
        }
        ProviderError::new(
            Class::Conflict,
            Code::new("docker::volume-in-use"),
            format!("the volume `{name}` is in use by a container"),
        )
        .help(format!(
            "`docker ps -a --filter volume={name}` shows by which; remove it first"
        ))
        .source(error)
    })
}

/// Deletes the volume and what it holds; one that is gone already is a success.
///
/// A volume has no identity but its name, so only our label tells it from a stranger's made under
/// the same name since; one without it is left alone.
pub(super) async fn delete(docker: &Docker, unwanted: &DeleteRequest) -> Result<(), ProviderError> {
    let name = unwanted.current.id.as_str();
    let Some(seen) = look(docker, name).await? else {
        return Ok(());
    };
    if !is_ours(&seen, &unwanted.lineage) {
        return Err(ProviderError::new(
            Class::Conflict,
            Code::new("docker::not-ours"),
            format!("the volume `{name}` isn't the one Sindri made and is left alone"),
        )
        .help("forget it with `sindri state`, or remove it yourself"));
    }
    remove(docker, name).await
}

/// Whether a volume carries a lineage.
pub(super) fn is_ours(volume: &Volume, lineage: &Lineage) -> bool {
    volume.labels.get(label::LINEAGE).map(String::as_str) == Some(lineage.as_str())
}
