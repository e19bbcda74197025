//! Ways in for people, tried once machines stand, and what a session knows them by recorded.

use std::collections::BTreeSet;

use futures_util::StreamExt;

use super::Apply;
use super::dispatcher::{BEAT, Journal, Stop};
use crate::address::{Address, Name};
use crate::engine::doors::{Said, tries};
use crate::engine::{Audience, Event};
use crate::plan::Plan;
use crate::resource::Attributes;
use crate::state::{self, Object, StepKind};
use crate::store::StoreError;

/// Tries the ways into the machines that a plan has changed, or changed something in.
pub(super) async fn try_all(
    apply: &Apply<'_>,
    journal: &mut dyn Journal,
    audience: &mut dyn Audience,
) -> Result<(), StoreError> {
    if *apply.stop.borrow() != Stop::Go {
        return Ok(());
    }
    let state = journal.state();
    let machines = worked_in(apply.plan).into_iter().filter_map(|name| {
        let address = Address::Machine(name.clone());
        let object = state.current(&address)?.clone();
        (!state.is_open(&address)).then_some((name, object))
    });
    let machines: Vec<_> = machines.collect();
    let known = |object: &Object| object.attributes.clone();
    let mut ways = tries(apply.providers, machines, known);
    let (mut events, mut said) = (Vec::new(), Said::default());
    loop {
        let tried = tokio::select! {
            next = ways.next() => match next {
                Some(next) => next,
                None => break,
            },
            () = tokio::time::sleep(BEAT) => {
                audience.beat();
                continue;
            }
        };
        match tried.found {
            Ok(outputs) => events.extend(recorded(tried.address, &tried.object, &outputs)),
            Err(found) => {
                for found in said.news_of(found) {
                    audience.event(Event::Warned(found));
                }
            }
        }
    }
    drop(ways);
    if events.is_empty() {
        Ok(())
    } else {
        journal.commit(events)
    }
}

fn worked_in(plan: &Plan) -> BTreeSet<Name> {
    let steps = plan.steps.iter().filter(|step| {
        matches!(
            step.kind,
            StepKind::Create | StepKind::Update | StepKind::Adopt
        )
    });
    steps
        .filter_map(|step| match &plan.changes[step.change as usize].address {
            Address::Machine(name) | Address::Extension(name, _) | Address::Secret(name, _) => {
                Some(name.clone())
            }
            Address::Network(_) | Address::Image(_) | Address::Gpu(_) | Address::Volume(..) => None,
        })
        .collect()
}

/// What is to be recorded of an object's outputs, where that is something else than before.
fn recorded(address: Address, object: &Object, outputs: &Attributes) -> Option<state::Event> {
    let mut changed = object.clone();
    for (name, value) in &outputs.0 {
        changed.attributes.set(name, value.clone());
    }
    (changed.attributes != object.attributes).then(|| state::Event::Refreshed {
        address,
        object: Some(Box::new(changed)),
    })
}
