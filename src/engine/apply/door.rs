//! Ways in for people: tried once machines stand, and what a session knows them by recorded.
//!
//! A machine whose way in doesn't work stands all the same: that is a warning.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::Apply;
use super::dispatcher::{BEAT, Journal, Stop};
use super::work::machine_ref;
use crate::address::{Address, Name};
use crate::diagnostic::{Diagnose, Diagnostic, Severity};
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
    let machines: Vec<(Address, Arc<Object>, Name)> = worked_in(apply.plan)
        .into_iter()
        .filter_map(|name| {
            let address = Address::Machine(name.clone());
            let object = state.current(&address)?;
            (!state.is_open(&address)).then(|| (address, Arc::clone(object), name))
        })
        .collect();
    let tries = machines.into_iter().filter_map(|(address, object, name)| {
        let provider = apply.providers.provider(object.provider).ok()?;
        Some(async move {
            let machine = machine_ref(&name, &object);
            let tried = provider.try_door(&machine).await;
            (address, object, tried)
        })
    });
    let tries: Vec<_> = tries.collect();
    let mut tries = stream::iter(tries).buffer_unordered(apply.parallelism.max(1));
    let (mut events, mut said) = (Vec::new(), BTreeSet::new());
    loop {
        let (address, object, tried) = tokio::select! {
            next = tries.next() => match next {
                Some(next) => next,
                None => break,
            },
            () = tokio::time::sleep(BEAT) => {
                audience.beat();
                continue;
            }
        };
        match tried {
            Ok(outputs) => events.extend(recorded(address, &object, &outputs.unwrap_or_default())),
            Err(failed) => {
                for found in failed.diagnose() {
                    // What this host lacks it lacks for every machine.
                    if !said.insert((found.code.clone(), found.summary.clone())) {
                        continue;
                    }
                    audience.event(Event::Warned(warning(found, &address)));
                }
            }
        }
    }
    drop(tries);
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

fn warning(mut found: Diagnostic, address: &Address) -> Diagnostic {
    found.severity = Severity::Warning;
    found.on(address.clone())
}
