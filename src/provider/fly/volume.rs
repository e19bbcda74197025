//! Volumes: made before their machine, grown in place, deleted only on purpose.

use std::time::Duration;

use super::classify::{error, optional};
use super::id::Id;
use super::wire::Volume;
use super::{Fly, app, label, request};
use crate::address::{Address, Kind};
use crate::provider::{Class, CreateRequest, DeleteRequest, Made, ProviderError, UpdateRequest};
use crate::resource::{Attributes, VolumeSpec};

/// How often a volume is looked for that may have been made, and how long between two looks.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// The app that an object belongs to.
pub(super) fn app_of(wanted: &CreateRequest) -> Result<&str, ProviderError> {
    wanted
        .dependencies
        .iter()
        .find_map(|(address, object)| match address {
            Address::Network(_) => Some(object.id.as_str()),
            _ => None,
        })
        .ok_or_else(|| {
            error(
                Class::Invalid,
                "fly::no-app",
                format!("`{}` belongs to no app", wanted.address),
            )
            .help("run `sindri plan` again: its network is missing")
        })
}

/// Makes the volume, or finds the one this operation made already.
pub(super) async fn create(
    fly: &Fly,
    wanted: &CreateRequest,
    spec: &VolumeSpec,
) -> Result<Made, ProviderError> {
    let app = app_of(wanted)?;
    let name = label::volume_name(wanted);
    if let Some(standing) = standing(fly, app, &name).await? {
        return Ok(made(app, &standing));
    }
    // One that comes after another stands by for it, and shall not fall with it.
    let apart = (wanted.dependencies.keys()).any(|address| address.kind() == Kind::Volume);
    let region = spec.region.as_deref();
    let call = request::volume::create(app, &name, region, spec.size, spec.compute, apart);
    match fly.call::<Volume>(call).await {
        Ok(volume) => Ok(made(app, &volume)),
        // It may stand all the same, and show only after a while: its name is unique.
        Err(failed) if failed.class == Class::Ambiguous => {
            for _ in 0..LOOKS {
                if let Some(standing) = standing(fly, app, &name).await? {
                    return Ok(made(app, &standing));
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(failed)
        }
        Err(failed) => Err(failed),
    }
}

async fn standing(fly: &Fly, app: &str, name: &str) -> Result<Option<Volume>, ProviderError> {
    let volumes: Vec<Volume> = fly.call(request::volume::list(app)).await?;
    let mut volumes = volumes.into_iter();
    Ok(volumes.find(|volume| volume.name == name && !volume.is_gone()))
}

fn made(app: &str, volume: &Volume) -> Made {
    let mut attributes = Attributes::default();
    attributes.set("region", volume.region.as_str());
    Made {
        id: Id::new(app, &volume.id).recorded(),
        attributes,
        incarnation: None,
    }
}

/// Lets the volume grow.
pub(super) async fn update(
    fly: &Fly,
    request: &UpdateRequest,
    spec: &VolumeSpec,
) -> Result<Made, ProviderError> {
    let id = Id::parse(&request.current.id)?;
    let unchanged = Made {
        id: request.current.id.clone(),
        attributes: request.current.attributes.clone(),
        incarnation: None,
    };
    if let Some(size) = spec.size
        && request.paths.iter().any(|path| path == "size")
    {
        fly.tell(request::volume::extend(&id.app, &id.object, size))
            .await?;
    }
    Ok(unchanged)
}

/// Deletes the volume and what it holds; one that is gone already is a success.
pub(super) async fn delete(fly: &Fly, unwanted: &DeleteRequest) -> Result<(), ProviderError> {
    let id = Id::parse(&unwanted.current.id)?;
    let looking = fly.call::<Volume>(request::volume::get(&id.app, &id.object));
    let Some(seen) = optional(looking.await)?.filter(|volume| !volume.is_gone()) else {
        return app::sweep(fly, &id.app, &unwanted.lineage).await;
    };
    let made_at = unwanted.current.made_at.as_ref();
    let ours = [Some(&unwanted.address), made_at]
        .into_iter()
        .flatten()
        .any(|address| {
            let prefix = label::volume_prefix(&unwanted.lineage, address);
            seen.name.starts_with(&format!("{prefix}_"))
        });
    if !ours {
        return Err(error(
            Class::Conflict,
            "fly::not-ours",
            format!(
                "the volume `{}` isn't the one that sindri made and is left alone",
                id.object
            ),
        )
        .help("forget it with `sindri state rm`, or delete it yourself: `fly volumes destroy`"));
    }
    if let Some(machine) = seen
        .attached_machine_id
        .as_ref()
        .filter(|id| !id.is_empty())
    {
        return Err(error(
            Class::Conflict,
            "fly::volume-in-use",
            format!(
                "the volume `{}` is mounted into the machine `{machine}`",
                id.object
            ),
        )
        .help("remove that machine first"));
    }
    optional(fly.tell(request::volume::delete(&id.app, &id.object)).await)?;
    app::sweep(fly, &id.app, &unwanted.lineage).await
}
