//! Comparing: desired against what stands, recorded against observed.

use serde_json::Value;

use super::ignore::ignored;
use super::{After, Capabilities, Effectuation, FieldChange, Seen};
use crate::desired::Lifecycle;
use crate::resource::{Attributes, Policy, Power, Size, Spec};
use crate::state::Object;

/// How desired differs from what stands.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// The fields that differ and may change.
    pub(super) fields: Vec<FieldChange>,
    /// The fields that differ and must not change, with the reason.
    pub(super) refused: Vec<(FieldChange, &'static str)>,
    /// Whether a field stands as wanted, but is recorded otherwise: only the record is behind.
    pub(super) behind: bool,
}

const GROW: &str = "its provider can't grow a volume, and a new one would be empty";
const SHRINK: &str = "a volume can't shrink without losing what it holds";

/// Compares what is wanted with what stands: the observed value where the provider can read the
/// field, else the recorded one.
pub(super) fn difference(
    desired: &Spec,
    recorded: &Object,
    seen: Option<&Seen>,
    capabilities: Option<&Capabilities>,
    lifecycle: &Lifecycle,
) -> Difference {
    let mut found = Difference::default();
    let wanted = desired.attributes();
    let made = recorded.spec.attributes();
    let mut stands = made.clone();
    if let Some(seen) = seen {
        overlay(&mut stands, &seen.attributes);
    }
    for path in union(&wanted, &stands) {
        let (before, after) = (stands.get(path), wanted.get(path));
        if path == "power" || ignored(lifecycle, path) {
            continue;
        }
        if before == after {
            found.behind |=
                made.get(path) != after && !matches!(desired.policy(path), Policy::Ignore);
            continue;
        }
        let policy = desired.policy(path);
        let change = |effect| FieldChange {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned().map_or(After::Unset, After::Known),
            effect,
        };
        let able = capabilities.is_none_or(|c| c.in_place.contains(&path));
        let where_able = if able {
            Effectuation::InPlace
        } else {
            Effectuation::ForcesReplacement
        };
        match policy {
            Policy::Ignore => {}
            Policy::InPlace => found.fields.push(change(Effectuation::InPlace)),
            Policy::Restore if made.get(path) == after => found.fields.push(change(where_able)),
            Policy::Replace | Policy::Restore => {
                found.fields.push(change(Effectuation::ForcesReplacement));
            }
            Policy::Grow if shrinks(before, after) => {
                found.refused.push((change(Effectuation::InPlace), SHRINK));
            }
            Policy::WhereAble => found.fields.push(change(where_able)),
            Policy::Grow if able || unlimited(capabilities, path) => {
                found.fields.push(change(Effectuation::InPlace));
            }
            Policy::Grow => found.refused.push((change(Effectuation::InPlace), GROW)),
            Policy::Refuse(reason) => {
                found
                    .refused
                    .push((change(Effectuation::ForcesReplacement), reason));
            }
        }
    }
    push_power(&mut found, desired, recorded, seen);
    found
}

/// What differs between recorded and observed, of the fields that were declared.
pub(super) fn drifted(recorded: &Object, seen: &Seen) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    if !seen.attributes.is_empty() {
        let declared = recorded.spec.attributes();
        for (path, value) in &seen.attributes.0 {
            let Some(before) = declared.get(path) else {
                continue;
            };
            if before != value {
                fields.push(FieldChange {
                    path: path.clone(),
                    before: Some(before.clone()),
                    after: match value {
                        Value::Null => After::Unset,
                        value => After::Known(value.clone()),
                    },
                    effect: Effectuation::InPlace,
                });
            }
        }
    }
    if let (Spec::Machine(machine), Some(power)) = (&*recorded.spec, seen.power)
        && machine.power.contradicts(power)
    {
        fields.push(power_change(machine.power, power));
    }
    fields
}

fn push_power(found: &mut Difference, desired: &Spec, recorded: &Object, seen: Option<&Seen>) {
    let (Spec::Machine(wanted), Spec::Machine(was)) = (desired, &*recorded.spec) else {
        return;
    };
    let now = seen.and_then(|seen| seen.power).unwrap_or(was.power);
    if wanted.power.contradicts(now) {
        found.fields.push(power_change(now, wanted.power));
    }
}

fn power_change(before: Power, after: Power) -> FieldChange {
    let value = |power| match power {
        Power::Running => Value::from("running"),
        Power::Stopped => Value::from("stopped"),
        Power::Provider => Value::from("provider"),
    };
    FieldChange {
        path: "power".to_owned(),
        before: Some(value(before)),
        after: After::Known(value(after)),
        effect: Effectuation::InPlace,
    }
}

/// Lays what the provider reads over what is recorded; a null says that the field is unset.
pub(super) fn overlay(stands: &mut Attributes, seen: &Attributes) {
    for (path, value) in &seen.0 {
        if value.is_null() {
            stands.0.remove(path);
        } else if stands.get(path) != Some(value) {
            stands.set(path, value.clone());
        }
    }
}

/// The paths of both, sorted, each once.
pub(super) fn union<'a>(one: &'a Attributes, two: &'a Attributes) -> Vec<&'a str> {
    let mut paths: Vec<&str> = one
        .0
        .keys()
        .chain(two.0.keys())
        .map(String::as_str)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// Whether a provider accepts a field without enforcing it, so that only the record changes.
fn unlimited(capabilities: Option<&Capabilities>, path: &str) -> bool {
    capabilities.is_some_and(|c| c.not_enforced.iter().any(|(field, _)| *field == path))
}

fn shrinks(before: Option<&Value>, after: Option<&Value>) -> bool {
    let size = |value: Option<&Value>| value?.as_str()?.parse::<Size>().ok();
    match (size(before), size(after)) {
        (Some(before), Some(after)) => after < before,
        _ => false,
    }
}
