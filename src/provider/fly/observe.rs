//! What exists now: an organization's pages, and a closer look at what was changed since.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::classify::optional;
use super::id::Id;
use super::listing::{Listing, apps, is_gone, list};
use super::seen::{self, Condition};
use super::wire::{Machine, Volume};
use super::{Fly, label, request};
use crate::address::{Address, Kind, Name};
use crate::plan::{Observation, Seen};
use crate::provider::{ProviderError, Query, Question};
use crate::resource::{MachineSpec, Settings, Spec, VolumeSpec};
use crate::state::ObjectId;

/// How many machines are looked at in parallel.
const PARALLEL: usize = 16;

/// Looks for everything a query asks about.
pub(super) async fn observe(
    fly: &Fly,
    query: &Query,
) -> Result<BTreeMap<Address, Observation>, ProviderError> {
    let mut found = BTreeMap::new();
    // Pins alone need nobody to be asked.
    let asks = [Kind::Network, Kind::Volume, Kind::Machine].map(|kind| query.asks(kind));
    let listing = if asks.contains(&true) {
        list(fly, &organizations(fly, query).await?).await?
    } else {
        Listing::default()
    };
    let volumes = volumes(query, &listing);
    let mut closer = Vec::new();
    let mut networks = Vec::new();
    for question in &query.questions {
        let observation = match question.spec.as_ref() {
            Spec::Machine(spec) => match find_machine(query, question, &listing) {
                Found::This(app, machine) => {
                    if seen::is_as_made(spec, machine) && readable(machine).is_none() {
                        let own = volumes.of(question);
                        Observation::Present(Box::new(seen::machine(app, spec, machine, own)))
                    } else {
                        closer.push((question, spec, Id::new(app, &machine.id)));
                        continue;
                    }
                }
                Found::Not => Observation::Absent,
                Found::Unclear(why) => Observation::Unreadable(why),
            },
            Spec::Volume(spec) => match find_volume(query, question, &listing) {
                Found::This(app, volume) => {
                    Observation::Present(Box::new(seen::volume(app, spec, volume)))
                }
                Found::Not => Observation::Absent,
                Found::Unclear(why) => Observation::Unreadable(why),
            },
            Spec::Network(_) => {
                networks.push(question);
                continue;
            }
            Spec::Image(_) | Spec::Gpu(_) => match &question.id {
                Some(id) => Observation::Present(Box::new(seen::pin(id.clone(), &question.spec))),
                None => Observation::Absent,
            },
            // What lives inside machines is asked of the machines.
            Spec::Secret(_) | Spec::Extension(_) => continue,
        };
        found.insert(question.address.clone(), observation);
    }
    let looks = closer.into_iter().map(|(question, spec, id)| {
        let own = volumes.of(question);
        async move {
            let observation = look(fly, spec, &id, own).await?;
            Ok::<_, ProviderError>((question.address.clone(), observation))
        }
    });
    let looked: Vec<_> = stream::iter(looks.collect::<Vec<_>>())
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    found.extend(looked);
    found.extend(find_networks(fly, query, &networks, &listing).await?);
    Ok(found)
}

/// The organizations in which to look.
pub(super) async fn organizations(fly: &Fly, query: &Query) -> Result<Vec<String>, ProviderError> {
    let mut named = BTreeSet::new();
    let mut own = false;
    for question in &query.questions {
        let organization = match question.spec.as_ref() {
            Spec::Network(spec) => spec.organization.as_ref(),
            Spec::Machine(spec) => match &spec.settings {
                Settings::Fly(settings) => settings.organization.as_ref(),
                Settings::Local(_) | Settings::Docker(_) | Settings::E2b(_) => None,
            },
            Spec::Image(_)
            | Spec::Gpu(_)
            | Spec::Volume(_)
            | Spec::Secret(_)
            | Spec::Extension(_) => continue,
        };
        match organization {
            Some(name) => {
                named.insert(name.clone());
            }
            None => own = true,
        }
    }
    if own || named.is_empty() {
        named.insert(fly.organization(None).await?);
    }
    Ok(named.into_iter().collect())
}

/// What a search came to.
enum Found<'a, T> {
    /// It, and its app.
    This(&'a str, &'a T),
    /// It isn't there.
    Not,
    /// Nobody could say.
    Unclear(String),
}

fn find_machine<'a>(
    query: &Query,
    question: &Question,
    listing: &'a Listing,
) -> Found<'a, Machine> {
    let recorded = question.id.as_ref().and_then(|id| Id::parse(id).ok());
    let ours = |machine: &&Machine| {
        let metadata = machine.config.as_ref().map(|config| &config.metadata);
        let says = |key| {
            metadata
                .and_then(|metadata| metadata.get(key))
                .map(String::as_str)
        };
        let address = says(label::ADDRESS);
        says(label::LINEAGE) == Some(query.lineage.as_str())
            && (address == Some(question.address.to_string().as_str())
                || question
                    .made_at
                    .as_ref()
                    .is_some_and(|made| address == Some(made.to_string().as_str())))
    };
    let generation = |machine: &Machine| {
        let metadata = machine.config.as_ref().map(|config| &config.metadata);
        let text = metadata.and_then(|metadata| metadata.get(label::GENERATION));
        text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
    };
    let by_id = recorded
        .as_ref()
        .and_then(|id| listing.machines.get(&id.object));
    let machine = by_id.or_else(|| {
        let ours = listing.machines.values().filter(ours);
        ours.max_by_key(|machine| generation(machine))
    });
    match (machine, recorded) {
        (Some(machine), _) => match machine.app_name.as_deref() {
            Some(app) => Found::This(app, machine),
            None => Found::Unclear("its app isn't told".to_owned()),
        },
        (None, Some(id)) => missing(&id, listing),
        (None, None) => Found::Not,
    }
}

fn find_volume<'a>(query: &Query, question: &Question, listing: &'a Listing) -> Found<'a, Volume> {
    let recorded = question.id.as_ref().and_then(|id| Id::parse(id).ok());
    let prefixes: Vec<String> = [Some(&question.address), question.made_at.as_ref()]
        .into_iter()
        .flatten()
        .map(|address| format!("{}_", label::volume_prefix(&query.lineage, address)))
        .collect();
    let by_id = recorded
        .as_ref()
        .and_then(|id| listing.volumes.get(&id.object));
    let volume = by_id.or_else(|| {
        let mut volumes = listing.volumes.values();
        volumes.find(|volume| {
            prefixes
                .iter()
                .any(|prefix| volume.name.starts_with(prefix))
        })
    });
    match (volume, recorded) {
        (Some(volume), _) => match volume.app_name.as_deref() {
            Some(_) if volume.host_status.as_deref() == Some("unreachable") => {
                Found::Unclear(format!("the host of the volume `{}` is away", volume.id))
            }
            Some(app) => Found::This(app, volume),
            None => Found::Unclear("its app isn't told".to_owned()),
        },
        (None, Some(id)) => missing(&id, listing),
        (None, None) => Found::Not,
    }
}

/// Whether a recorded object that doesn't show is gone, or only out of sight.
fn missing<'a, T>(id: &Id, listing: &Listing) -> Found<'a, T> {
    if let Some(why) = listing.broken.get(&id.object) {
        return Found::Unclear(format!(
            "what Fly.io says of `{}` makes no sense: {why}",
            id.object
        ));
    }
    if listing.silent.is_empty() {
        Found::Not
    } else {
        let silent: BTreeSet<&str> = listing.silent.iter().map(String::as_str).collect();
        let silent: Vec<&str> = silent.into_iter().collect();
        Found::Unclear(format!(
            "Fly.io can't read its regions {} now",
            silent.join(", ")
        ))
    }
}

/// Why a machine can't be read; none if it can.
fn readable(machine: &Machine) -> Option<String> {
    let id = &machine.id;
    match machine.host_status.as_deref() {
        Some("ok") | None => {}
        Some(status) => {
            return Some(format!(
                "the host of the machine `{id}` is away ({status}): nothing it says can be relied on"
            ));
        }
    }
    if seen::condition(&machine.state) == Condition::Unknown {
        return Some(format!(
            "the machine `{id}` is in a state that sindri doesn't know: `{}`",
            machine.state
        ));
    }
    machine
        .config
        .is_none()
        .then(|| format!("the configuration of the machine `{id}` isn't shown"))
}

/// Looks at one machine closely.
async fn look(
    fly: &Fly,
    spec: &MachineSpec,
    id: &Id,
    volumes: &BTreeMap<Name, String>,
) -> Result<Observation, ProviderError> {
    let looking = optional(fly.call::<Machine>(request::machine::get(id)).await);
    let machine = match looking {
        Ok(machine) => machine.filter(|machine| !is_gone(&machine.state)),
        Err(error) if error.code.as_str() == "fly::unreachable" => return Err(error),
        Err(error) => return Ok(Observation::Unreadable(error.message)),
    };
    let Some(machine) = machine else {
        return Ok(Observation::Absent);
    };
    Ok(match readable(&machine) {
        Some(why) => Observation::Unreadable(why),
        None => Observation::Present(Box::new(seen::machine(&id.app, spec, &machine, volumes))),
    })
}

/// The ids of volumes by name, those of each machine for itself.
#[derive(Default)]
struct Volumes<'a> {
    each: BTreeMap<&'a Name, BTreeMap<Name, String>>,
    none: BTreeMap<Name, String>,
}

impl Volumes<'_> {
    /// Those of a machine.
    fn of(&self, machine: &Question) -> &BTreeMap<Name, String> {
        let own = machine.address.machine();
        own.and_then(|name| self.each.get(name))
            .unwrap_or(&self.none)
    }
}

fn volumes<'a>(query: &'a Query, listing: &Listing) -> Volumes<'a> {
    let mut found = Volumes::default();
    for question in &query.questions {
        if let (Address::Volume(machine, name), Spec::Volume(VolumeSpec { .. })) =
            (&question.address, question.spec.as_ref())
            && let Found::This(_, volume) = find_volume(query, question, listing)
        {
            let own = found.each.entry(machine).or_default();
            own.insert(name.clone(), volume.id.clone());
        }
    }
    found
}

/// Finds apps: one that holds something of ours is there, for the others the organization is asked.
async fn find_networks(
    fly: &Fly,
    query: &Query,
    questions: &[&Question],
    listing: &Listing,
) -> Result<Vec<(Address, Observation)>, ProviderError> {
    let own = label::network(&query.lineage);
    let held: BTreeSet<&str> = (listing.machines.values())
        .filter_map(|machine| machine.app_name.as_deref())
        .chain((listing.volumes.values()).filter_map(|volume| volume.app_name.as_deref()))
        .collect();
    let mut found = Vec::with_capacity(questions.len());
    let mut lists: BTreeMap<String, _> = BTreeMap::new();
    for question in questions {
        let Spec::Network(spec) = question.spec.as_ref() else {
            continue;
        };
        let wanted = spec.organization.as_ref();
        let recorded = question.id.as_ref().map(ObjectId::as_str);
        let observation = if let Some(app) = recorded.filter(|app| held.contains(app)) {
            Observation::Present(Box::new(seen::app(app, wanted)))
        } else {
            let organization = fly.organization(wanted).await?;
            if !lists.contains_key(&organization) {
                lists.insert(organization.clone(), apps(fly, &organization).await?);
            }
            let here = lists.get(&organization);
            let by_id = here.and_then(|here| here.get(recorded?));
            let app = by_id.or_else(|| {
                let ours = |app: &&super::wire::App| app.network.as_deref() == Some(&own);
                here.and_then(|here| here.get(&spec.name)).filter(ours)
            });
            match app {
                Some(app) => Observation::Present(Box::new(seen::app(&app.name, wanted))),
                None => Observation::Absent,
            }
        };
        found.push((question.address.clone(), observation));
    }
    Ok(found)
}

/// One machine as seen, looked for closely by its id.
pub(super) async fn machine(fly: &Fly, id: &Id) -> Result<Option<Machine>, ProviderError> {
    let machine = optional(fly.call::<Machine>(request::machine::get(id)).await)?;
    Ok(machine.filter(|machine| !is_gone(&machine.state)))
}

/// A finding's way to a present object.
pub(super) fn present(observation: Option<&Observation>) -> Option<&Seen> {
    match observation {
        Some(Observation::Present(seen)) => Some(seen),
        Some(Observation::Absent | Observation::Ended(_) | Observation::Unreadable(_)) | None => {
            None
        }
    }
}
