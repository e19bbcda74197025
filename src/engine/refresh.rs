//! Refresh: ask every provider in play once, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use rustc_hash::FxHashSet;

use super::{Readers, imports, renamed};
use crate::address::{Address, Kind};
use crate::desired::Desired;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::plan::{self, Facts, Observation, Observed};
use crate::provider::{Query, Question};
use crate::resource::{ProviderKind, Spec};
use crate::state::{Object, State};

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

/// Whose specification a question carries where a resource is both wanted and recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was last made: what stands is compared with it.
    Recorded,
    /// What is wanted: whether it can be made is checked with it.
    Desired,
}

/// The questions to each provider: everything wanted and everything recorded, but for what lives
/// inside machines.
pub fn queries(desired: &Desired, recorded: &State, side: Side) -> BTreeMap<ProviderKind, Query> {
    let mut queries: BTreeMap<ProviderKind, Query> = BTreeMap::new();
    let mut asked: FxHashSet<&Address> = FxHashSet::default();
    let mut ask =
        |address: &Address, spec: &Arc<Spec>, standing: Option<&Arc<Object>>, provider, wanted| {
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
                    id: standing.map(|object| object.id.clone()),
                    made_at: standing.and_then(|object| object.made_at.clone()),
                    wanted,
                });
        };
    for wanted in desired.resources() {
        asked.insert(&wanted.address);
        let standing = recorded.current(&wanted.address);
        match (standing, wanted.spec.provider()) {
            // A machine that is to move is still looked for where it stands.
            (Some(object), _) if side == Side::Recorded => {
                ask(
                    &wanted.address,
                    &object.spec,
                    standing,
                    object.provider,
                    true,
                );
            }
            (_, Some(provider)) => {
                let spec = plan::keep_power(&wanted.spec, standing.map(|object| &**object));
                ask(&wanted.address, &spec, standing, provider, true);
            }
            (_, None) => {}
        }
    }
    for intent in &recorded.pending {
        if let Some(spec) = &intent.spec
            && let Some(provider) = spec.provider()
            && recorded.current(&intent.address).is_none()
            && asked.insert(&intent.address)
        {
            ask(&intent.address, spec, None, provider, false);
        }
    }
    for (address, record) in &recorded.resources {
        if let Some(object) = &record.current
            && !asked.contains(address)
        {
            ask(address, &object.spec, Some(object), object.provider, false);
        }
    }
    queries
}

/// Whether questions carry what is wanted already, since it is what is recorded.
fn ask_what_is_wanted(questions: &BTreeMap<ProviderKind, Query>, desired: &Desired) -> bool {
    let mut all = questions.values().flat_map(|query| &query.questions);
    all.all(|question| {
        desired
            .get(&question.address)
            .is_none_or(|wanted| wanted.spec == question.spec)
    })
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
    let questions = queries(desired, recorded, Side::Recorded);
    let mut facts = Facts::default();
    let wanted = desired
        .resources()
        .iter()
        .filter_map(|one| one.spec.provider());
    let kinds: BTreeSet<ProviderKind> = questions.keys().copied().chain(wanted).collect();
    for kind in &kinds {
        if let Some(capabilities) = readers.capabilities(*kind) {
            facts.capabilities.insert(*kind, capabilities);
        }
    }
    let mut observed = Observed::default();
    if scope == Scope::Recorded {
        facts.findings = imports::unasked(desired, recorded);
        return Refreshed { observed, facts };
    }
    let answers = join_all(
        questions
            .iter()
            .map(|(kind, query)| ask(readers, *kind, query)),
    )
    .await;
    for (mut objects, findings) in answers {
        observed.objects.append(&mut objects);
        facts.findings.extend(findings);
    }
    renamed::translate(recorded, &mut observed);
    if scope == Scope::Checked {
        let found = imports::look_up(readers, desired, recorded, &mut observed).await;
        facts.findings.extend(found);
        let wanted = if ask_what_is_wanted(&questions, desired) {
            questions
        } else {
            queries(desired, recorded, Side::Desired)
        };
        let checks = wanted
            .iter()
            .map(|(kind, query)| check(readers, *kind, query, &observed.objects));
        facts.findings.extend(join_all(checks).await.concat());
    }
    Refreshed { observed, facts }
}

/// An object that its provider can't read is left alone, and said.
fn unreadable((address, observation): (&Address, &Observation)) -> Option<Diagnostic> {
    let Observation::Unreadable(reason) = observation else {
        return None;
    };
    let found = Diagnostic::warning(
        Code::new("provider::unreadable"),
        format!("`{address}` couldn't be read and is left as it is"),
    );
    Some(
        found
            .because(reason.clone())
            .on(address.clone())
            .help("mend what the reason names; the next plan looks again"),
    )
}

/// Checks what is wanted of a provider that can be reached; the others have been reported already.
async fn check(
    readers: &dyn Readers,
    kind: ProviderKind,
    query: &Query,
    observed: &BTreeMap<Address, Observation>,
) -> Diagnostics {
    let unreachable = query
        .questions
        .iter()
        .all(|one| matches!(observed.get(&one.address), Some(Observation::Unreadable(_))));
    match readers.reader(kind) {
        Ok(reader) if !unreachable => reader.check(query, observed).await,
        Ok(_) | Err(_) => Vec::new(),
    }
}

async fn ask(
    readers: &dyn Readers,
    kind: ProviderKind,
    query: &Query,
) -> (BTreeMap<Address, Observation>, Diagnostics) {
    let answer = match readers.reader(kind) {
        Ok(reader) => reader.observe(query).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(objects) => {
            let findings = objects.iter().filter_map(unreadable).collect();
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
