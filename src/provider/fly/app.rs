//! Apps: each the place of one machine, with its address and its secrets.

use super::classify::{error, optional, settled};
use super::wire::{Addresses, App, Machine, Volume};
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
            Ok(Some(app)) => return Err(taken(&spec.name, app.organization())),
            Ok(None) => return Err(settled(failed)),
            Err(denied) if denied.class == Class::Denied => return Err(taken(&spec.name, None)),
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

/// The error for a name that another app has; of an app that the token may see, its organization
/// is known.
pub(super) fn taken(name: &str, organization: Option<&str>) -> ProviderError {
    let place =
        organization.map_or_else(String::new, |slug| format!(" in the organization `{slug}`"));
    error(
        Class::Conflict,
        "fly::name-taken",
        format!("there is an app `{name}` already{place} that sindri didn't make"),
    )
    .help("names of apps are one for all of Fly.io; choose another `name` in sindri.yaml")
}

/// What is wrong with the name of an app that is to be made, where there is one already.
pub(super) async fn occupied(fly: &Fly, name: &str, app: &App, lineage: &Lineage) -> ProviderError {
    if app.network.as_deref() == Some(&label::network(lineage)) {
        let slug = app.organization().unwrap_or_default();
        return error(
            Class::Conflict,
            "fly::other-organization",
            format!("the app `{name}` of this project is in the organization `{slug}`"),
        )
        .help(format!(
            "an app stays in its organization: write `providers.fly.organization: {slug}`, or `sindri destroy` it there first"
        ));
    }
    let listing = fly.call::<Vec<Machine>>(request::machine::list(name));
    let machines = listing.await.unwrap_or_default();
    let mut marks = machines
        .iter()
        .filter_map(|machine| machine.config.as_ref());
    if marks.any(|config| config.metadata.contains_key(label::OF_FLY_DEPLOY)) {
        return error(
            Class::Conflict,
            "fly::of-fly-deploy",
            format!("`fly deploy` looks after the app `{name}`, and sindri leaves it alone"),
        )
        .help(format!(
            "choose another `name`; or stay with `fly deploy`, for which `sindri render fly.toml` writes the file; or, to let sindri make it anew, `fly apps destroy {name}` first, volumes and all"
        ));
    }
    taken(name, app.organization())
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
