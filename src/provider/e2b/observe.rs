//! What exists now: the pages of one list, whatever the number of machines.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};

use super::client::Sandbox;
use super::ended::Chronicle;
use super::wire::{Detail, Listed, State};
use super::{E2b, label, request};
use crate::address::{Address, Kind};
use crate::plan::{Observation, Seen};
use crate::provider::{Class, ProviderError, Query, Question};
use crate::resource::{Attributes, MachineSpec, Power, Size, Spec};
use crate::state::{ObjectId, OperationId};

/// How many sandboxes that the list lacks are asked for side by side.
const PARALLEL: usize = 8;

type Look<'a> = BoxFuture<'a, Result<(Address, Observation), ProviderError>>;

/// Looks for everything a query asks about.
///
/// A recorded sandbox that the list lacks is asked for by its id, since the list may be behind;
/// only what isn't there either is gone, and only then E2B is asked when it ended.
pub(super) async fn observe(
    e2b: &E2b,
    query: &Query,
) -> Result<BTreeMap<Address, Observation>, ProviderError> {
    let listed = if query.asks(Kind::Machine) {
        e2b.sandboxes(&query.lineage, &[]).await?
    } else {
        Vec::new()
    };
    let mut seen = BTreeMap::new();
    let mut missing = Vec::new();
    for question in &query.questions {
        let observation = match question.spec.as_ref() {
            Spec::Machine(spec) => match choose(&listed, question) {
                Some(sandbox) => present(spec, sandbox),
                None if question.id.is_some() => {
                    missing.push(question);
                    continue;
                }
                None => Observation::Absent,
            },
            Spec::Image(_) | Spec::Gpu(_) => pin(question),
            // There are none, so none stands.
            Spec::Network(_) | Spec::Volume(_) => Observation::Absent,
            Spec::Secret(_) | Spec::Extension(_) => continue,
        };
        seen.insert(question.address.clone(), observation);
    }
    let chronicle = &Chronicle::of(e2b);
    let mut looks: Vec<Look<'_>> = Vec::with_capacity(missing.len());
    for question in missing {
        looks.push(Box::pin(async move {
            let observation = closer(e2b, query, question, chronicle).await?;
            Ok((question.address.clone(), observation))
        }));
    }
    let mut looks = stream::iter(looks).buffer_unordered(PARALLEL);
    while let Some(look) = looks.next().await {
        let (address, observation) = look?;
        seen.insert(address, observation);
    }
    Ok(seen)
}

/// Chooses the recorded sandbox, else the youngest that carries the address.
fn choose<'a>(listed: &'a [Sandbox], question: &Question) -> Option<&'a Sandbox> {
    if let Some(id) = &question.id {
        return listed.iter().find(|one| one.marked.id == id.as_str());
    }
    let address = question.address.to_string();
    listed
        .iter()
        .filter(|one| one.marked.metadata.get(label::ADDRESS) == Some(&address))
        .max_by_key(|one| {
            let generation = one.marked.metadata.get(label::GENERATION);
            generation.and_then(|text| text.parse::<u64>().ok())
        })
}

/// Asks for a recorded sandbox by its id.
async fn closer(
    e2b: &E2b,
    query: &Query,
    question: &Question,
    chronicle: &Chronicle<'_>,
) -> Result<Observation, ProviderError> {
    let (Some(id), Spec::Machine(spec)) = (&question.id, question.spec.as_ref()) else {
        return Ok(Observation::Absent);
    };
    let call = request::detail(id.as_str());
    let answer = match e2b.send(&call).await {
        Ok(answer) => answer,
        Err(error) if error.class == Class::NotFound => {
            let ended = chronicle.ended(id).await;
            return Ok(ended.map_or(Observation::Absent, Observation::Ended));
        }
        Err(error) => return Err(error),
    };
    let labels: Result<Detail, _> = serde_json::from_slice(&answer.body);
    let whose = labels.map(|detail| detail.metadata.get(label::LINEAGE).cloned());
    Ok(match whose {
        Ok(lineage) if lineage.as_deref() != Some(query.lineage.as_str()) => Observation::Absent,
        Ok(_) => match serde_json::from_slice::<Listed>(&answer.body) {
            Ok(listed) => Observation::Present(Box::new(machine(spec, &listed))),
            Err(error) => unreadable(&error.to_string()),
        },
        Err(error) => unreadable(&error.to_string()),
    })
}

fn present(spec: &MachineSpec, sandbox: &Sandbox) -> Observation {
    match &sandbox.seen {
        Ok(listed) => Observation::Present(Box::new(machine(spec, listed))),
        Err(why) => unreadable(why),
    }
}

fn unreadable(why: &str) -> Observation {
    Observation::Unreadable(format!(
        "E2B shows the sandbox in a way that can't be read: {why}"
    ))
}

/// A sandbox under the paths of its specification; what a list doesn't show is left out.
fn machine(spec: &MachineSpec, listed: &Listed) -> Seen {
    let mut attributes = Attributes::default();
    attributes.set("provider", "e2b");
    for (path, name) in [("name", label::NAME), ("image", label::IMAGE)] {
        if let Some(value) = listed.metadata.get(name) {
            attributes.set(path, value.clone());
        }
    }
    // Where nothing is asked for, the template's own are as good as any.
    if spec.cpus.is_some() {
        attributes.set("cpus", listed.cpu_count);
    }
    if spec.memory.is_some() {
        attributes.set("memory", Size::mib(listed.memory).to_string());
    }
    let own = label::own(&listed.metadata);
    if !own.is_empty() {
        attributes.set("e2b.metadata", serde_json::json!(own));
    }
    let operation = listed.metadata.get(label::OPERATION);
    Seen {
        id: ObjectId::new(&listed.id),
        operation: operation.map(|text| OperationId::from_label(text)),
        attributes,
        power: Some(match listed.state {
            State::Running => Power::Running,
            State::Paused => Power::Stopped,
        }),
        incarnation: Some(listed.id.clone()),
        outputs: Attributes::default(),
        broken: Vec::new(),
    }
}

/// A pin is a decision without an object: what is recorded of it stands.
fn pin(question: &Question) -> Observation {
    let Some(id) = &question.id else {
        return Observation::Absent;
    };
    Observation::Present(Box::new(Seen {
        id: id.clone(),
        operation: None,
        attributes: question.spec.attributes(),
        power: None,
        incarnation: None,
        outputs: Attributes::default(),
        broken: Vec::new(),
    }))
}
