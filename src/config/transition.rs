//! What becomes of what is recorded or stands already: renamed, let go of, taken over.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::code;
use super::reading::Reading;
use super::tree::Span;
use super::typed::{At, ImportFields, MovedFields, RemovedFields};
use crate::address::{Address, Kind};
use crate::diagnostic::Place;

/// Everything a file says of what is recorded or stands already.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transitions {
    /// Addresses renamed, chains followed to their ends.
    #[serde(default)]
    pub moved: Vec<Moved>,
    /// Addresses no longer managed.
    #[serde(default)]
    pub removed: Vec<Removed>,
    /// Objects to be managed.
    #[serde(default)]
    pub imports: Vec<Import>,
}

/// A resource that has another address now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The address it had.
    pub from: Address,
    /// The address it has.
    pub to: Address,
    /// Where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A resource that is no longer managed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removed {
    /// The address it had; a machine stands for everything that belongs to it.
    pub from: Address,
    /// Whether it is destroyed, or left as it stands.
    pub destroy: bool,
    /// Where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// An object that stands already and is to be managed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// The resource it shall be.
    pub to: Address,
    /// Its id at the provider.
    pub id: String,
    /// Where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl Transitions {
    /// Whether an address is let go of without being destroyed.
    pub fn lets_go_of(&self, address: &Address) -> bool {
        self.removed.iter().any(|one| {
            let whole = one.from.kind() == Kind::Machine && one.from.machine() == address.machine();
            !one.destroy && (one.from == *address || whole)
        })
    }

    /// What is imported to an address.
    pub fn import(&self, address: &Address) -> Option<&Import> {
        self.imports.iter().find(|one| one.to == *address)
    }
}

/// Reads the three lists; what contradicts itself is reported.
pub(super) fn transitions(
    moved: Vec<MovedFields>,
    removed: Vec<RemovedFields>,
    imports: Vec<ImportFields>,
    reading: &mut Reading<'_>,
) -> Transitions {
    let mut ends: BTreeMap<Address, (Address, Span)> = BTreeMap::new();
    let mut order = Vec::new();
    let mut taken = BTreeSet::new();
    for one in moved {
        let (Some(from), Some(to)) = (one.from, one.to) else {
            continue;
        };
        let (from, span, to) = (from.value.0, from.span, to.value.0);
        if let Some((summary, help)) = bad_move(&from, &to) {
            reading.error(span, code::INVALID_VALUE, summary, help);
        } else if ends.contains_key(&from) {
            let summary = format!("`{from}` is moved twice");
            reading.error(span, code::CONFLICT, summary, "keep one of them");
        } else if !taken.insert(to.clone()) {
            let summary = format!("two addresses are moved to `{to}`");
            reading.error(
                span,
                code::CONFLICT,
                summary,
                "give one of them another address",
            );
        } else {
            ends.insert(from.clone(), (to, span));
            order.push(from);
        }
    }
    let mut all = Transitions::default();
    for from in order {
        let (to, span) = match end(&ends, &from) {
            Ok(end) => end,
            Err(span) => {
                let summary = format!("`{from}` is moved in a circle");
                let help = "a chain of moves must end at an address that isn't moved on";
                reading.error(span, code::MOVED_CYCLE, summary, help);
                continue;
            }
        };
        let place = Some(reading.place(span));
        all.moved.push(Moved { from, to, place });
    }
    for one in removed {
        let Some(At { value, span }) = one.from else {
            continue;
        };
        let (from, destroy) = (value.0, one.destroy);
        if ends.contains_key(&from) || all.removed.iter().any(|other| other.from == from) {
            let summary = format!("`{from}` is already moved or removed");
            reading.error(span, code::CONFLICT, summary, "keep one of them");
            continue;
        }
        let place = Some(reading.place(span));
        all.removed.push(Removed {
            from,
            destroy,
            place,
        });
    }
    for one in imports {
        let (Some(to), Some(id)) = (one.to, one.id) else {
            continue;
        };
        let (to, span, id) = (to.value.0, to.span, id.value.0);
        if !matches!(to.kind(), Kind::Network | Kind::Volume | Kind::Machine) {
            let summary = format!("`{to}` can't be imported");
            let help = "networks, volumes and machines can; pins and what lives in a machine are \
                        made by `sindri apply`";
            reading.error(span, code::INVALID_VALUE, summary, help);
        } else if all.import(&to).is_some() {
            let summary = format!("`{to}` is imported twice");
            reading.error(span, code::CONFLICT, summary, "keep one of them");
        } else {
            let place = Some(reading.place(span));
            all.imports.push(Import { to, id, place });
        }
    }
    all
}

/// Where a chain of moves ends; the span of the first where it never does.
fn end(ends: &BTreeMap<Address, (Address, Span)>, from: &Address) -> Result<(Address, Span), Span> {
    let Some((mut to, span)) = ends.get(from).cloned() else {
        return Ok((from.clone(), Span::default()));
    };
    let mut seen = BTreeSet::from([from.clone()]);
    while let Some((next, _)) = ends.get(&to) {
        if !seen.insert(to) {
            return Err(span);
        }
        to = next.clone();
    }
    if seen.contains(&to) {
        return Err(span);
    }
    Ok((to, span))
}

fn bad_move(from: &Address, to: &Address) -> Option<(String, &'static str)> {
    if from == to {
        return Some((format!("`{from}` is moved to itself"), "take the entry out"));
    }
    if from.kind() != to.kind() {
        let summary = format!("`{from}` can't become `{to}`");
        return Some((summary, "both addresses must be of one kind"));
    }
    if from.kind().is_pin() || from.lives_inside() {
        let summary = format!("`{from}` moves with its machine only");
        return Some((
            summary,
            "move the machine: what lives in it and its pins come along",
        ));
    }
    None
}
