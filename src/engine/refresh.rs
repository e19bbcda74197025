//! Refresh: ask every provider in play once, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;

use super::Readers;
use crate::address::{Address, Kind};
use crate::desired::Desired;
use crate::diagnostic::{Diagnose, Diagnostics};
use crate::plan::{Facts, Observation, Observed};
use crate::provider::{Query, Question};
use crate::resource::{ProviderKind, Spec};
use crate::state::State;

/// What the providers say, and what their checks found.
pub struct Refreshed {
    /// What exists.
    pub observed: Observed,
    /// Capabilities and findings.
    pub facts: Facts,
}

/// How much of the world is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing: recorded counts as observed; needs neither network nor credentials.
    Recorded,
    /// What exists.
    Exists,
    /// What exists, and whether what is wanted can be made.
    Checked,
}

/// The questions to each provider: everything wanted and everything recorded, but for what lives
/// inside machines and for pins that are decided here.
pub fn queries(desired: &Desired, recorded: &State) -> BTreeMap<ProviderKind, Query> {
    let mut queries: BTreeMap<ProviderKind, Query> = BTreeMap::new();
    let mut asked: BTreeSet<&Address> = BTreeSet::new();
    let mut ask = |address: &Address, spec: &Arc<Spec>, provider, wanted| {
        if !matches!(
            address.kind(),
            Kind::Network | Kind::Image | Kind::Volume | Kind::Machine | Kind::Gpu
        ) {
            return;
        }
        queries
            .entry(provider)
            .or_insert_with(|| Query {
                lineage: recorded.lineage.clone(),
                questions: Vec::new(),
            })
            .questions
            .push(Question {
                address: address.clone(),
                spec: Arc::clone(spec),
                id: recorded.current(address).map(|object| object.id.clone()),
                wanted,
            });
    };
    for wanted in desired.resources() {
        let standing = recorded
            .current(&wanted.address)
            .map(|object| object.provider);
        let provider = wanted.spec.provider();
        // A machine that is to move is still looked for where it stands.
        if let Some(provider) = standing.or(provider) {
            asked.insert(&wanted.address);
            ask(&wanted.address, &wanted.spec, provider, true);
        }
    }
    for (address, record) in &recorded.resources {
        if let Some(object) = &record.current
            && !asked.contains(address)
        {
            ask(address, &object.spec, object.provider, false);
        }
    }
    queries
}

/// Asks the providers.
///
/// A provider that can't be reached makes its resources unreadable, with one finding that says why.
pub async fn refresh(
    readers: &dyn Readers,
    desired: &Desired,
    recorded: &State,
    scope: Scope,
) -> Refreshed {
    let queries = queries(desired, recorded);
    let mut facts = Facts::default();
    for kind in queries.keys() {
        if let Some(capabilities) = readers.capabilities(*kind) {
            facts.capabilities.insert(*kind, capabilities);
        }
    }
    let mut observed = Observed::default();
    if scope == Scope::Recorded {
        return Refreshed { observed, facts };
    }
    let answers = join_all(
        queries
            .iter()
            .map(|(kind, query)| ask(readers, *kind, query, scope)),
    )
    .await;
    for (objects, findings) in answers {
        observed.objects.extend(objects);
        facts.findings.extend(findings);
    }
    Refreshed { observed, facts }
}

async fn ask(
    readers: &dyn Readers,
    kind: ProviderKind,
    query: &Query,
    scope: Scope,
) -> (BTreeMap<Address, Observation>, Diagnostics) {
    let answer = match readers.reader(kind) {
        Ok(reader) => reader.observe(query).await.map(|objects| (reader, objects)),
        Err(error) => Err(error),
    };
    match answer {
        Ok((reader, objects)) => {
            let findings = if scope == Scope::Checked {
                reader.check(query, &objects).await
            } else {
                Vec::new()
            };
            (objects, findings)
        }
        Err(error) => {
            let objects = query
                .questions
                .iter()
                .map(|question| {
                    let unreadable = Observation::Unreadable(error.to_string());
                    (question.address.clone(), unreadable)
                })
                .collect();
            (objects, error.diagnose())
        }
    }
}
