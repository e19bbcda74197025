//! What moved since a plan was made, address by address, in words.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::address::Address;
use crate::plan::{Observation, Observed, Plan, Seen};
use crate::resource::Attributes;
use crate::state::{Object, State};

/// The longest value that is told.
const VALUE_MAX: usize = 60;

/// How the state differs from the one that a plan was made from.
pub(super) fn in_state<'a>(plan: &'a Plan, state: &'a State) -> Vec<(&'a Address, String)> {
    let known: BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
    let planned = plan.changes.iter().filter_map(|change| {
        let (address, now) = (&change.address, state.current(&change.address));
        let how = match (change.recorded.as_deref(), now) {
            (None, None) => None,
            (None, Some(_)) => Some("was made since".to_owned()),
            (Some(_), None) => Some("is no longer recorded".to_owned()),
            (Some(before), Some(now)) => object(before, now),
        };
        how.map(|how| (address, how))
    });
    let others = state
        .resources
        .iter()
        .filter(|(address, record)| record.current.is_some() && !known.contains(address))
        .map(|(address, _)| (address, "was made since".to_owned()));
    planned.chain(others).collect()
}

fn object(before: &Object, now: &Object) -> Option<String> {
    if before == now {
        return None;
    }
    if before.id != now.id || before.generation != now.generation {
        return Some("was replaced since".to_owned());
    }
    let fields = fields(&before.spec.attributes(), &now.spec.attributes());
    Some(if fields.is_empty() {
        "was written again since".to_owned()
    } else {
        format!("was changed since: {}", fields.join(", "))
    })
}

/// How what the providers show differs from what a plan relied on; power isn't relied on.
pub(super) fn in_world<'a>(
    relied: &'a Observed,
    observed: &'a Observed,
) -> Vec<(&'a Address, String)> {
    let addresses: BTreeSet<&Address> = relied
        .objects
        .keys()
        .chain(observed.objects.keys())
        .collect();
    addresses
        .into_iter()
        .filter_map(|address| {
            let how = between(relied.get(address), observed.get(address))?;
            Some((address, how))
        })
        .collect()
}

fn between(before: Option<&Observation>, now: Option<&Observation>) -> Option<String> {
    use Observation::{Absent, Ended, Present, Unreadable};
    match (before, now) {
        // What wasn't asked for on one side tells nothing where there is nothing on the other.
        (None | Some(Absent | Ended(_)), None | Some(Absent | Ended(_))) => None,
        (Some(Unreadable(same)), Some(Unreadable(reason))) if same == reason => None,
        (_, Some(Unreadable(reason))) => Some(format!("can't be read now: {reason}")),
        (Some(Present(_)), Some(Absent | Ended(_))) => Some("is gone".to_owned()),
        (Some(Present(_) | Unreadable(_)), None) => Some("wasn't looked at now".to_owned()),
        (Some(Unreadable(_)), Some(Absent | Ended(_) | Present(_))) => {
            Some("couldn't be read when the plan was made, and can now".to_owned())
        }
        (Some(Absent | Ended(_)), Some(Present(_))) => {
            Some("exists now, and didn't when the plan was made".to_owned())
        }
        (None, Some(Present(_))) => Some("wasn't looked at when the plan was made".to_owned()),
        (Some(Present(before)), Some(Present(now))) => seen(before, now),
    }
}

fn seen(before: &Seen, now: &Seen) -> Option<String> {
    if before.id != now.id {
        return Some(format!(
            "is another object now: {}, where {} was",
            now.id, before.id
        ));
    }
    let fields = fields(&before.attributes, &now.attributes);
    if !fields.is_empty() {
        return Some(format!("has changed: {}", fields.join(", ")));
    }
    (before.incarnation != now.incarnation).then(|| "has a new root file system".to_owned())
}

/// The fields that differ, with what they were and are.
fn fields(before: &Attributes, now: &Attributes) -> Vec<String> {
    let paths: BTreeSet<&String> = before.0.keys().chain(now.0.keys()).collect();
    paths
        .into_iter()
        .filter(|path| before.get(path) != now.get(path))
        .map(|path| {
            // A fingerprint tells whether two values are equal, which is nobody's business.
            if path.contains("fingerprint") {
                path.clone()
            } else {
                format!(
                    "{path} {} → {}",
                    value(before.get(path)),
                    value(now.get(path))
                )
            }
        })
        .collect()
}

fn value(value: Option<&Value>) -> String {
    let text = match value {
        None => return "unset".to_owned(),
        Some(Value::String(text)) => format!("{text:?}"),
        Some(value) => value.to_string(),
    };
    if text.chars().count() > VALUE_MAX {
        let cut: String = text.chars().take(VALUE_MAX).collect();
        return format!("{cut}…");
    }
    text
}
