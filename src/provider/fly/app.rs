//! Apps: each the place of one machine, with its address and its secrets.

use super::classify::{error, optional, settled};
use super::wire::{Addresses, App, Volume};
use super::{Fly, label, request};
use crate::provider::{Class, CreateRequest, DeleteRequest, Made, ProviderError};
use crate::resource::{Attributes, NetworkSpec};
use crate::state::{Lineage, ObjectId};

/// Makes the app, or finds the one that was made already, and sees to its address.
pub(super) async fn create(
    fly: &Fly,
    wanted: &CreateRequest,
    spec: &NetworkSpec,
) -> Result<Made, ProviderError> {
    let organization = fly.organization(spec.organization.as_ref()).await?;
    let network = label::network(&wanted.lineage);
    let making = fly.tell(request::app::create(&spec.name, &organization, &network));
    if let Err(failed) = making.await {
        if failed.class == Class::Denied {
            return Err(failed);
        }
        match look(fly, &spec.name).await {
            Ok(Some(app)) if app.network.as_deref() == Some(&network) => {}
            Ok(Some(_)) => return Err(taken(&spec.name)),
            Ok(None) => return Err(settled(failed)),
            Err(denied) if denied.class == Class::Denied => return Err(taken(&spec.name)),
            Err(_) => return Err(failed),
        }
    }
    let address = address(fly, &spec.name, &organization).await?;
    let mut attributes = Attributes::default();
    attributes.set("address", address);
    Ok(Made {
        id: ObjectId::new(&spec.name),
        attributes,
        incarnation: None,
    })
}

/// The app's own IPv4 address, assigned where it has none.
///
/// An app that was kept for a volume gave its address back.
pub(super) async fn address(
    fly: &Fly,
    app: &str,
    organization: &str,
) -> Result<String, ProviderError> {
    for _ in 0..2 {
        let listed: Addresses = fly.call(request::app::addresses(app)).await?;
        let mut ips = listed.ips.into_iter();
        let own = ips.find(|one| one.shared != Some(true) && one.ip.contains('.'));
        if let Some(own) = own {
            return Ok(own.ip);
        }
        let assigning = fly.tell(request::app::assign(app, organization)).await;
        match assigning {
            Ok(()) => {}
            // It may be there all the same: the list says so.
            Err(failed) if failed.class == Class::Ambiguous => {}
            Err(failed) => return Err(failed),
        }
    }
    let listed: Addresses = fly.call(request::app::addresses(app)).await?;
    let own = listed.ips.into_iter().find(|one| one.shared != Some(true));
    own.map(|own| own.ip).ok_or_else(|| {
        error(
            Class::Retryable,
            "fly::no-address",
            format!("the app `{app}` has no address although one was assigned"),
        )
    })
}

/// Looks at an app.
pub(super) async fn look(fly: &Fly, app: &str) -> Result<Option<App>, ProviderError> {
    optional(fly.call::<App>(request::app::get(app)).await)
}

/// The error for a name that another app has.
pub(super) fn taken(name: &str) -> ProviderError {
    error(
        Class::Conflict,
        "fly::name-taken",
        format!("there is an app `{name}` already that sindri didn't make"),
    )
    .help("names of apps are one for all of Fly.io; choose another `name` in sindri.yaml")
}

/// Refuses to touch an app of another lineage.
async fn ours(fly: &Fly, app: &str, lineage: &Lineage) -> Result<Option<App>, ProviderError> {
    let Some(seen) = look(fly, app).await? else {
        return Ok(None);
    };
    if seen.network.as_deref() == Some(&label::network(lineage)) {
        return Ok(Some(seen));
    }
    Err(error(
        Class::Conflict,
        "fly::not-ours",
        format!("the app `{app}` isn't the one that sindri made and is left alone"),
    )
    .help("forget it with `sindri state rm`, or delete it yourself: `fly apps destroy`"))
}

/// Deletes the app with its secrets and addresses; one that is gone already is a success.
///
/// Deleting an app deletes its volumes. As long as one is kept, so is the app; only its address,
/// which costs something, goes.
pub(super) async fn delete(fly: &Fly, unwanted: &DeleteRequest) -> Result<(), ProviderError> {
    let app = unwanted.current.id.as_str();
    if ours(fly, app, &unwanted.lineage).await?.is_none() {
        return Ok(());
    }
    if kept(fly, app).await? {
        let listed: Addresses = fly.call(request::app::addresses(app)).await?;
        for one in listed.ips {
            optional(fly.tell(request::app::release(app, &one.ip)).await)?;
        }
        return Ok(());
    }
    optional(fly.tell(request::app::delete(app)).await).map(|_| ())
}

/// Whether an app still holds a volume.
async fn kept(fly: &Fly, app: &str) -> Result<bool, ProviderError> {
    let volumes: Vec<Volume> = fly.call(request::volume::list(app)).await?;
    Ok(volumes.iter().any(|volume| !volume.is_gone()))
}

/// Deletes an app that was kept for a volume alone, once that is gone: one without an address.
pub(super) async fn sweep(fly: &Fly, app: &str, lineage: &Lineage) -> Result<(), ProviderError> {
    if ours(fly, app, lineage).await?.is_none() || kept(fly, app).await? {
        return Ok(());
    }
    let listed: Addresses = fly.call(request::app::addresses(app)).await?;
    let machines: Vec<serde_json::Value> = fly.call(request::machine::list(app)).await?;
    if listed.ips.is_empty() && machines.is_empty() {
        optional(fly.tell(request::app::delete(app)).await)?;
    }
    Ok(())
}
