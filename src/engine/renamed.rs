//! What was renamed in the state, but not at its provider: labels still say the old address.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::address::{Address, Name};
use crate::plan::{Observation, Observed, Seen};
use crate::resource::ProviderKind;
use crate::state::{ObjectId, State};

/// Brings an observation to the addresses that the state uses now.
pub(super) fn translate(recorded: &State, observed: &mut Observed) {
    let renamed: BTreeMap<&Address, (&Address, ProviderKind, &ObjectId)> = recorded
        .resources
        .iter()
        .filter_map(|(address, record)| Some((address, record.current.as_ref()?)))
        .filter_map(|(address, object)| {
            let was = object.made_at.as_ref()?;
            Some((address, (was, object.provider, &object.id)))
        })
        .collect();
    if renamed.is_empty() {
        return;
    }
    for (address, observation) in &mut observed.objects {
        let Observation::Present(seen) = observation else {
            continue;
        };
        let elsewhere =
            |(at, (_, provider, id)): (&&Address, &(&Address, ProviderKind, &ObjectId))| {
                *at != address && *id == &seen.id && Some(*provider) == provider_of(seen, *provider)
            };
        if renamed.iter().any(elsewhere) {
            // It carries this address as its label, and stands for another one by now.
            *observation = Observation::Absent;
            continue;
        }
        if let Address::Machine(machine) = address {
            let now = |was: &Address| {
                let found = renamed.iter().find(|(_, (from, ..))| *from == was);
                let is_free = recorded.current(was).is_none();
                found.filter(|_| is_free).map(|(at, _)| at.leaf().clone())
            };
            references(seen, machine, &now);
        }
    }
}

/// The provider that an observation can be of: what it doesn't say is taken from the record.
fn provider_of(seen: &Seen, recorded: ProviderKind) -> Option<ProviderKind> {
    let said = seen.attributes.get("provider").and_then(Value::as_str);
    said.map_or(Some(recorded), ProviderKind::parse)
}

/// The network and the volumes of a machine under their present names.
fn references(seen: &mut Seen, machine: &Name, now: &dyn Fn(&Address) -> Option<Name>) {
    let kind_of = |kind: &str, name: &str| format!("{kind}.{name}").parse::<Address>().ok();
    if let Some(Value::String(network)) = seen.attributes.0.get_mut("network")
        && let Some(name) = kind_of("network", network).and_then(|was| now(&was))
    {
        *network = name.to_string();
    }
    if let Some(Value::Array(mounts)) = seen.attributes.0.get_mut("mounts") {
        for mount in mounts {
            if let Some(Value::String(volume)) = mount.get_mut("volume")
                && let Some(was) = kind_of("volume", &format!("{machine}.{volume}"))
                && let Some(name) = now(&was)
            {
                *volume = name.to_string();
            }
        }
    }
}
