//! What exists now: a list call a kind, and a closer look at each container of ours.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{ContainerInspectResponse, NetworkInspect};
use futures_util::future::{BoxFuture, ready};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::classify::{Effect, LOOKING, optional, within};
use super::features::Features;
use super::label::{self, Claim};
use super::listing::{Listing, list};
use super::seen::{self, Surroundings};
use super::{Docker, container, volume};
use crate::address::{Address, Kind, Name};
use crate::plan::{Observation, Seen};
use crate::provider::{Class, ProviderError, Query, Question};
use crate::resource::Spec;
use crate::state::ObjectId;

/// How many containers are looked at in parallel.
const PARALLEL: usize = 16;

/// Looks for everything a query asks about.
pub(super) async fn observe(
    docker: &Docker,
    query: &Query,
) -> Result<BTreeMap<Address, Observation>, ProviderError> {
    let asked = |kind| query.asks(kind);
    let listing = list(docker, &asked, Some(&query.lineage)).await?;
    let scopes = scopes(&listing);
    let mut looks: Vec<Look<'_>> = Vec::new();
    for question in &query.questions {
        let seen: BoxFuture<'_, Result<Option<Seen>, ProviderError>> = match question.spec.as_ref()
        {
            Spec::Machine(spec) => Box::pin(async {
                let inspect = find_container(docker, query, question, &listing, &spec.name).await?;
                let Some(inspect) = inspect else {
                    return Ok(None);
                };
                // Only an Engine that was asked for a limit and shows none has to be asked
                // whether it can limit at all.
                let engine = if seen::lacks_a_limit(spec, &inspect) {
                    docker.features().await?.clone()
                } else {
                    Features::default()
                };
                let around = surroundings(question, query, &scopes);
                Ok(Some(seen::machine(spec, &inspect, &around, &engine)))
            }),
            Spec::Network(spec) => {
                Box::pin(find_network(docker, query, question, &listing, &spec.name))
            }
            Spec::Volume(spec) => Box::pin(ready(Ok(find_volume(
                query, question, &listing, &spec.name,
            )))),
            Spec::Image(_) => Box::pin(ready(Ok(find_image(question, &listing)))),
            Spec::Gpu(_) => Box::pin(ready(Ok(seen::pin(question)))),
            // What lives inside machines is asked of the machines.
            Spec::Secret(_) | Spec::Extension(_) => continue,
        };
        looks.push(Box::pin(async move {
            let observation = match seen.await {
                Ok(Some(seen)) => Observation::Present(Box::new(seen)),
                Ok(None) => Observation::Absent,
                Err(error) if error.class == Class::Unreachable => return Err(error),
                Err(error) => Observation::Unreadable(error.message),
            };
            Ok((question.address.clone(), observation))
        }));
    }
    stream::iter(looks)
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await
}

type Look<'a> = BoxFuture<'a, Result<(Address, Observation), ProviderError>>;

/// The scopes of our networks, by id and by name.
fn scopes(listing: &Listing) -> BTreeMap<String, Name> {
    let mut scopes = BTreeMap::new();
    for network in &listing.networks {
        let address = network
            .labels
            .as_ref()
            .and_then(|labels| labels.get(label::ADDRESS))
            .and_then(|text| text.parse().ok());
        if let Some(Address::Network(scope)) = address {
            let known = network.id.iter().chain(&network.name);
            scopes.extend(known.map(|key| (key.clone(), scope.clone())));
        }
    }
    scopes
}

/// What a machine's attributes refer to: its volumes, networks and pin, by their real identities.
fn surroundings<'a>(
    machine: &Question,
    query: &Query,
    scopes: &'a BTreeMap<String, Name>,
) -> Surroundings<'a> {
    let mut around = Surroundings {
        volumes: BTreeMap::new(),
        scopes,
        image: None,
    };
    let siblings = query
        .questions
        .iter()
        .filter(|question| question.address.machine() == machine.address.machine());
    for question in siblings {
        if let (Address::Volume(_, name), Spec::Volume(spec)) =
            (&question.address, question.spec.as_ref())
        {
            let recorded = question.id.as_ref().map(ObjectId::as_str);
            let real = recorded.unwrap_or(&spec.name);
            around.volumes.insert(name.clone(), real.to_owned());
        }
        if question.address.kind() == Kind::Image {
            around.image = question.id.as_ref().map(ToString::to_string);
        }
    }
    around
}

/// Chooses among the objects of one kind: the recorded one, else one that carries our lineage and
/// the address, the one of the wanted name and the highest generation first.
fn choose<'a, T>(
    query: &Query,
    question: &Question,
    name: &str,
    objects: &'a [T],
    read: impl Fn(&'a T) -> Candidate<'a>,
) -> Option<&'a T> {
    let recorded = question.id.as_ref().map(ObjectId::as_str);
    let by_id = objects.iter().find(|object| {
        let candidate = read(object);
        recorded.is_some() && candidate.id == recorded
    });
    by_id.or_else(|| {
        objects
            .iter()
            .filter(|object| {
                let labels = read(object).labels;
                label::claim_of(labels, &query.lineage, &question.address) == Claim::Address
                    && !labels.is_some_and(|labels| labels.contains_key(label::PART))
            })
            .max_by_key(|object| {
                let candidate = read(object);
                let generation: u64 = candidate
                    .labels
                    .and_then(|labels| labels.get(label::GENERATION)?.parse().ok())
                    .unwrap_or(0);
                (candidate.name == Some(name), generation)
            })
    })
}

struct Candidate<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    labels: Option<&'a HashMap<String, String>>,
}

async fn find_container(
    docker: &Docker,
    query: &Query,
    question: &Question,
    listing: &Listing,
    name: &str,
) -> Result<Option<ContainerInspectResponse>, ProviderError> {
    let chosen = choose(query, question, name, &listing.containers, |container| {
        Candidate {
            id: container.id.as_deref(),
            name: container
                .names
                .as_ref()
                .and_then(|names| names.first())
                .map(|name| name.trim_start_matches('/')),
            labels: container.labels.as_ref(),
        }
    });
    let chosen = chosen.and_then(|container| container.id.as_deref());
    // An object that was adopted carries no labels: its id alone makes it ours.
    let Some(id) = chosen.or(question.id.as_ref().map(ObjectId::as_str)) else {
        return Ok(None);
    };
    let seen = container::look(docker, id).await?;
    Ok(seen.filter(|seen| {
        let labels = seen
            .config
            .as_ref()
            .and_then(|config| config.labels.as_ref());
        // Asked by id, an Engine also answers for a name or a part of an id.
        seen.id.as_deref() == Some(id)
            && label::claim_of(labels, &query.lineage, &question.address) != Claim::Foreign
    }))
}

async fn find_network(
    docker: &Docker,
    query: &Query,
    question: &Question,
    listing: &Listing,
    name: &str,
) -> Result<Option<Seen>, ProviderError> {
    let chosen = choose(query, question, name, &listing.networks, |network| {
        Candidate {
            id: network.id.as_deref(),
            name: network.name.as_deref(),
            labels: network.labels.as_ref(),
        }
    });
    if let Some(network) = chosen {
        return Ok(seen::network(
            network.id.as_deref(),
            network.name.as_deref(),
            network.labels.as_ref(),
        ));
    }
    let Some(id) = &question.id else {
        return Ok(None);
    };
    let client = docker.client().await?;
    let looking = client.inspect_network(id.as_str(), None);
    let found: Option<NetworkInspect> =
        optional(within(Effect::Reads, "look at a network", LOOKING, looking).await)?;
    Ok(found.and_then(|network| {
        let whose = label::claim_of(network.labels.as_ref(), &query.lineage, &question.address);
        if network.id.as_deref() != Some(id.as_str()) || whose == Claim::Foreign {
            return None;
        }
        seen::network(
            network.id.as_deref(),
            network.name.as_deref(),
            network.labels.as_ref(),
        )
    }))
}

fn find_volume(query: &Query, question: &Question, listing: &Listing, name: &str) -> Option<Seen> {
    // A volume's name is all the identity it has, so a recorded one must carry our label too: the
    // list holds no others.
    let chosen = choose(query, question, name, &listing.volumes, |volume| {
        Candidate {
            id: Some(&volume.name),
            name: Some(&volume.name),
            labels: Some(&volume.labels),
        }
    })?;
    volume::is_ours(chosen, &query.lineage).then(|| seen::volume(&chosen.name, &chosen.labels))
}

fn find_image(question: &Question, listing: &Listing) -> Option<Seen> {
    let id = question.id.as_ref()?;
    let image = listing
        .images
        .iter()
        .find(|image| image.id == id.as_str())?;
    Some(seen::image(question, image))
}
