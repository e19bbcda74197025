//! Recovery: what became of the operations that an earlier run left open; pure.
//!
//! Readers fold the answer in memory, writers record it first. Each open intent is looked up by the
//! operation that its object carries as a label: found, it is recorded; not found, it never
//! happened, and the plan makes it again. What can't be asked stays open, and its address is left
//! alone.

use std::sync::Arc;
use std::time::Duration;

use crate::address::{Address, Kind};
use crate::plan::{Observation, Observed, Seen};
use crate::resource::{Attributes, ProviderKind, Spec};
use crate::state::{Effect, Event, Intent, Object, State, Status, StepKind};

/// One open operation settled.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered {
    /// Its resource.
    pub address: Address,
    /// What became of it, in one line.
    pub text: String,
    /// The outcome to record.
    pub event: Event,
}

/// How long what a server was asked to make by a run that was cut off may still be on its way.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// How long to wait before looking for what open operations made; nothing where none is elsewhere.
///
/// A server goes on with a call whose caller is gone. Looked for too soon, what comes of it is taken
/// for absent, and then stands in the way of the one that makes it again.
pub(super) fn under_way(state: &State) -> Duration {
    let elsewhere = state.pending.iter().any(|intent| {
        let spec = intent
            .spec
            .as_deref()
            .filter(|_| intent.step == StepKind::Create);
        spec.and_then(Spec::provider)
            .is_some_and(|provider| provider != ProviderKind::Local)
    });
    if elsewhere { UNDER_WAY } else { Duration::ZERO }
}

/// Settles every open operation that can be settled.
pub fn recover(state: &State, observed: &Observed) -> Vec<Recovered> {
    state
        .pending
        .iter()
        .filter_map(|intent| settle(state, observed, intent))
        .collect()
}

fn settle(state: &State, observed: &Observed, intent: &Intent) -> Option<Recovered> {
    let address = &intent.address;
    let observation = observed.get(address);
    if let Some(Observation::Unreadable(_)) = observation {
        return None;
    }
    let seen = observed.seen(address);
    let current = state.current(address).map(|object| &**object);
    let (text, effect) = match intent.step {
        StepKind::Create | StepKind::Adopt => created(state, intent, seen),
        StepKind::Update => updated(intent, current, seen),
        // One that can't be seen any more may still have left something that nobody else removes.
        StepKind::Destroy => match current {
            Some(object) => (
                "its deletion may not have ended: it is tried again".to_owned(),
                put(Object {
                    status: Status::Deleting,
                    ..object.clone()
                }),
            ),
            None => ("its deletion had ended".to_owned(), Effect::Keep),
        },
        StepKind::Forget | StepKind::Retain => ("nothing had been done".to_owned(), Effect::Keep),
    };
    Some(Recovered {
        address: address.clone(),
        text,
        event: Event::Succeeded {
            operation: intent.operation.clone(),
            address: address.clone(),
            effect,
        },
    })
}

fn created(state: &State, intent: &Intent, seen: Option<&Seen>) -> (String, Effect) {
    let ours = seen.filter(|seen| seen.operation.as_ref() == Some(&intent.operation));
    let (Some(seen), Some(spec)) = (ours, &intent.spec) else {
        return match intent.address.kind() {
            Kind::Secret | Kind::Extension | Kind::Image | Kind::Gpu => (
                "it isn't known to have ended: it is tried again".to_owned(),
                Effect::Keep,
            ),
            Kind::Network | Kind::Volume | Kind::Machine => {
                ("it was never made".to_owned(), Effect::Keep)
            }
        };
    };
    let provider = spec.provider().or_else(|| {
        let machine = intent.address.machine()?.clone();
        Some(state.current(&Address::Machine(machine))?.provider)
    });
    let Some(provider) = provider else {
        return ("it was never made".to_owned(), Effect::Keep);
    };
    let object = taken_over(intent, seen, spec, provider);
    (
        format!("it was made as {} and is taken over", seen.id),
        put(object),
    )
}

/// The record of an object that its operation is known to have made.
pub(super) fn taken_over(
    intent: &Intent,
    seen: &Seen,
    spec: &Arc<Spec>,
    provider: ProviderKind,
) -> Object {
    Object {
        id: seen.id.clone(),
        provider,
        operation: intent.operation.clone(),
        made_at: None,
        generation: intent.generation,
        spec: Arc::clone(spec),
        schema: Spec::SCHEMA,
        attributes: remembered(&seen.outputs),
        dependencies: intent.dependencies.clone(),
        status: Status::Ready,
        incarnation: seen.incarnation.clone(),
    }
}

/// A machine must remember the image it runs, and what was imported how it was named; the rest of the
/// outputs may change by themselves.
fn remembered(outputs: &Attributes) -> Attributes {
    let mut kept = Attributes::default();
    for name in ["imageId", Object::IMPORTED] {
        if let Some(value) = outputs.get(name) {
            kept.set(name, value.clone());
        }
    }
    kept
}

fn updated(intent: &Intent, current: Option<&Object>, seen: Option<&Seen>) -> (String, Effect) {
    match (current, &intent.spec) {
        // What can't be observed is done again; what can is compared by the plan.
        (Some(object), _) if intent.address.lives_inside() => (
            "its change didn't end: it is made again".to_owned(),
            put(Object {
                status: Status::Tainted,
                ..object.clone()
            }),
        ),
        // Without this record it would be drift for ever, since there is nothing left to change.
        (Some(object), Some(spec)) if seen.is_some_and(|seen| stands(spec, object, seen)) => (
            "its change had ended".to_owned(),
            put(Object {
                operation: intent.operation.clone(),
                spec: Arc::clone(spec),
                dependencies: intent.dependencies.clone(),
                ..object.clone()
            }),
        ),
        (Some(_) | None, _) => (
            "its change may have ended: what stands is compared anew".to_owned(),
            Effect::Keep,
        ),
    }
}

/// Whether an object is seen to be all that its change was to make it.
fn stands(wanted: &Spec, recorded: &Object, seen: &Seen) -> bool {
    if recorded.status != Status::Ready || recorded.id != seen.id {
        return false;
    }
    if let (Spec::Machine(wanted), Some(power)) = (wanted, seen.power)
        && wanted.power.contradicts(power)
    {
        return false;
    }
    let mut now = recorded.spec.attributes();
    now.0.extend(seen.attributes.0.clone());
    now.0
        .retain(|path, value| path != "power" && !value.is_null());
    let mut then = wanted.attributes();
    then.0.remove("power");
    now == then
}

fn put(object: Object) -> Effect {
    Effect::Put(Box::new(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{OperationId, sample};

    fn open(step: StepKind, provider: ProviderKind) -> State {
        let address: Address = "network.dev".parse().unwrap();
        let Spec::Network(mut network) = sample::spec(&address) else {
            panic!("a network")
        };
        network.provider = provider;
        let mut state = State::new("dev", sample::lineage());
        state.pending.push(Intent {
            operation: OperationId::from_random([1; 8]),
            address,
            step,
            spec: Some(Arc::new(Spec::Network(network))),
            generation: 1,
            dependencies: Vec::new(),
        });
        state
    }

    #[test]
    fn only_what_was_being_made_elsewhere_is_waited_for() {
        for (step, provider, wait) in [
            (StepKind::Create, ProviderKind::Docker, UNDER_WAY),
            (StepKind::Create, ProviderKind::Local, Duration::ZERO),
            (StepKind::Update, ProviderKind::Docker, Duration::ZERO),
        ] {
            assert_eq!(under_way(&open(step, provider)), wait);
        }
        let settled = State::new("dev", sample::lineage());
        assert_eq!(under_way(&settled), Duration::ZERO);
    }
}
