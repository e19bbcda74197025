//! What drift writes into the state when a person asks for it; pure.

use std::sync::Arc;

use crate::address::Address;
use crate::plan::{Observation, Observed, Seen};
use crate::resource::{MachineSpec, Spec};
use crate::state::{Event, Object, State};

/// The events that bring the record to what was seen: the address, whether it is gone, the event.
///
/// Pins are decisions and stay; what couldn't be read stays; what an operation is open on is its
/// recovery's business. What lived in a machine that is gone is gone with it.
pub fn refreshed(state: &State, observed: &Observed) -> Vec<(Address, bool, Event)> {
    let mut events = Vec::new();
    for (address, record) in &state.resources {
        let Some(object) = &record.current else {
            continue;
        };
        if state.is_open(address) || address.kind().is_pin() {
            continue;
        }
        let house = address.machine().cloned().map(Address::Machine);
        let at = match house {
            Some(machine) if address.lives_inside() => machine,
            Some(_) | None => address.clone(),
        };
        let now = match observed.get(&at) {
            Some(Observation::Absent | Observation::Ended(_)) => None,
            Some(Observation::Present(seen)) if !address.lives_inside() => {
                Some(as_seen(object, seen))
            }
            Some(Observation::Present(_) | Observation::Unreadable(_)) | None => continue,
        };
        if now.as_ref() == Some(&**object) {
            continue;
        }
        let event = Event::Refreshed {
            address: address.clone(),
            object: now.map(Box::new),
        };
        let gone = observed.is_gone(&at);
        events.push((address.clone(), gone, event));
    }
    events
}

/// An object as it was seen.
fn as_seen(object: &Object, seen: &Seen) -> Object {
    let mut spec = (*object.spec).clone();
    let declared = spec.attributes();
    for (path, value) in &seen.attributes.0 {
        // Only what was declared is compared, so only that is written.
        if declared.get(path).is_some_and(|before| before != value)
            && let Some(next) = spec.with(path, value)
        {
            spec = next;
        }
    }
    if let (Spec::Machine(machine), Some(power)) = (&spec, seen.power)
        && machine.power.contradicts(power)
    {
        spec = Spec::Machine(Box::new(MachineSpec {
            power,
            ..(**machine).clone()
        }));
    }
    let exchanged = seen.id != object.id;
    let mut attributes = object.attributes.clone();
    for name in Object::DOOR {
        if let Some(now) = seen.outputs.get(name) {
            attributes.set(name, now.clone());
        }
    }
    Object {
        attributes,
        id: seen.id.clone(),
        operation: match &seen.operation {
            Some(operation) if exchanged => operation.clone(),
            Some(_) | None => object.operation.clone(),
        },
        spec: Arc::new(spec),
        incarnation: match (&seen.incarnation, &object.incarnation) {
            (Some(now), Some(_)) if exchanged => Some(now.clone()),
            (_, recorded) => recorded.clone(),
        },
        ..object.clone()
    }
}
