//! Taking over: a machine can be marked as ours, a volume or an app only be ours from the start.

use serde_json::json;

use super::classify::{error, optional};
use super::id::Id;
use super::listing::{apps, list};
use super::wire::{Machine, Volume};
use super::{Fly, app, label, observe, request, seen};
use crate::address::{Address, Kind};
use crate::plan::{Observation, Seen};
use crate::provider::{Class, Made, Owned, ProviderError, Query, Question, Sought, TakeRequest};
use crate::resource::{Attributes, Spec};
use crate::state::{Lineage, ObjectId};

/// Looks at what a person named.
pub(super) async fn find(fly: &Fly, sought: &Sought) -> Result<Seen, ProviderError> {
    match sought.spec.as_ref() {
        Spec::Network(spec) => {
            let name = sought.id.as_str();
            let found = app::look(fly, name).await?.ok_or_else(|| absent(sought))?;
            if found.network.as_deref() == Some(&label::network(&sought.lineage)) {
                Ok(seen::app(name, spec.organization.as_ref()))
            } else {
                Err(unmarked(sought, "let sindri make an app of its own"))
            }
        }
        Spec::Volume(spec) => {
            let id = Id::parse(&sought.id)?;
            let looking = fly.call::<Volume>(request::volume::get(&id.app, &id.object));
            let found = optional(looking.await)?.filter(|volume| !volume.is_gone());
            let found = found.ok_or_else(|| absent(sought))?;
            let prefix = label::volume_prefix(&sought.lineage, &sought.address);
            if found.name.starts_with(&format!("{prefix}_")) {
                Ok(seen::volume(&id.app, spec, &found))
            } else {
                Err(unmarked(
                    sought,
                    "let sindri make a volume, then copy the content: `fly volumes fork`, or over ssh",
                ))
            }
        }
        Spec::Machine(_) => machine(fly, sought).await,
        Spec::Image(_) | Spec::Gpu(_) | Spec::Secret(_) | Spec::Extension(_) => Err(absent(sought)),
    }
}

async fn machine(fly: &Fly, sought: &Sought) -> Result<Seen, ProviderError> {
    let id = Id::parse(&sought.id)?;
    let found = observe::machine(fly, &id)
        .await?
        .ok_or_else(|| absent(sought))?;
    let metadata = found.config.clone().unwrap_or_default().metadata;
    if metadata
        .get(label::LINEAGE)
        .is_some_and(|lineage| lineage != sought.lineage.as_str())
    {
        return Err(error(
            Class::Conflict,
            "fly::not-ours",
            format!("`{}` belongs to another state", sought.id),
        )
        .help("it is left alone; destroy it from the project it belongs to"));
    }
    if metadata.contains_key(label::OF_FLY_DEPLOY) {
        return Err(error(
            Class::Conflict,
            "fly::of-fly-deploy",
            format!("`fly deploy` looks after the machine `{}`", sought.id),
        )
        .help("two that change one machine undo each other's work: let sindri make its own app"));
    }
    let query = Query {
        lineage: sought.lineage.clone(),
        questions: vec![Question {
            address: sought.address.clone(),
            spec: sought.spec.clone(),
            id: Some(id.recorded()),
            made_at: None,
            wanted: true,
        }],
    };
    match observe::observe(fly, &query).await?.remove(&sought.address) {
        Some(Observation::Present(seen)) => Ok(*seen),
        Some(Observation::Unreadable(why)) => Err(error(Class::Failed, "fly::unreadable", why)),
        Some(Observation::Absent | Observation::Ended(_)) | None => Err(absent(sought)),
    }
}

/// Takes it over: a machine is marked as ours; the rest is so already.
pub(super) async fn take(fly: &Fly, request: &TakeRequest) -> Result<Made, ProviderError> {
    let seen = find(fly, &request.sought()).await?;
    let mut attributes = Attributes::default();
    if let Some(region) = seen.outputs.get("region") {
        attributes.set("region", region.clone());
    }
    if request.wanted.address.kind() == Kind::Machine {
        let id = Id::parse(&seen.id)?;
        let mut marks = label::of(&request.wanted);
        // What it is was read, not made.
        marks.remove(label::SPEC);
        fly.tell(request::machine::metadata(&id, &json!(marks)))
            .await?;
    }
    Ok(Made {
        id: seen.id,
        attributes,
        incarnation: seen.incarnation,
    })
}

/// Everything that carries a lineage: machines say so, and with them what belongs to them alone.
pub(super) async fn owned(fly: &Fly, lineage: &Lineage) -> Result<Vec<Owned>, ProviderError> {
    let mut owned = Vec::new();
    for (at, organization) in fly.organizations().await?.iter().enumerate() {
        match owned_in(fly, organization, lineage).await {
            Ok(here) => owned.extend(here),
            // A token may be for one app alone of a further organization.
            Err(failed) if at > 0 && matches!(failed.class, Class::Denied | Class::NotFound) => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(owned)
}

async fn owned_in(
    fly: &Fly,
    organization: &String,
    lineage: &Lineage,
) -> Result<Vec<Owned>, ProviderError> {
    let (listing, apps) = tokio::join!(
        list(fly, std::slice::from_ref(organization)),
        apps(fly, organization)
    );
    let (listing, apps) = (listing?, apps?);
    let mut owned = Vec::new();
    for machine in listing.machines.values() {
        let Some((app, address)) = ours(machine, lineage) else {
            continue;
        };
        owned.push(Owned {
            id: Id::new(app, &machine.id).recorded(),
            address: address.clone(),
        });
        let metadata = machine.config.as_ref().map(|config| &config.metadata);
        if metadata.is_some_and(|metadata| metadata.contains_key(label::NETWORK)) {
            // The app is that of the machine it stands by for.
            continue;
        }
        let Some(name) = address.machine() else {
            continue;
        };
        let own = label::network(lineage);
        if apps
            .get(app)
            .is_some_and(|app| app.network.as_deref() == Some(&own))
        {
            owned.push(Owned {
                id: ObjectId::new(app),
                address: Address::Network(name.clone()),
            });
        }
    }
    Ok(owned)
}

fn ours<'a>(machine: &'a Machine, lineage: &Lineage) -> Option<(&'a str, Address)> {
    let metadata = &machine.config.as_ref()?.metadata;
    let app = machine.app_name.as_deref()?;
    let is_ours = metadata.get(label::LINEAGE).map(String::as_str) == Some(lineage.as_str());
    let address = metadata.get(label::ADDRESS)?.parse().ok()?;
    is_ours.then_some((app, address))
}

fn absent(sought: &Sought) -> ProviderError {
    error(
        Class::NotFound,
        "fly::absent",
        format!(
            "there is no {} `{}` on Fly.io that this token sees",
            sought.address.kind().as_str(),
            sought.id
        ),
    )
    .help("`sindri adopt` lists what belongs to this state")
}

/// Why a stranger's object can't be taken over, and what to do instead.
fn unmarked(sought: &Sought, instead: &str) -> ProviderError {
    error(
        Class::Invalid,
        "fly::unmarked",
        format!(
            "`{}` wasn't made by sindri for `{}`, and nothing can be written on it that says whose it is",
            sought.id, sought.address
        ),
    )
    .help(instead)
}
