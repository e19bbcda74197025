//! Looking: what of ours stands where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::marker::{Marker, Reading};
use super::mount;
use super::place::{Place, Shelf};
use crate::address::Address;
use crate::plan::{Observation, Seen};
use crate::provider::{Query, Question};
use crate::resource::{Attributes, Spec};
use crate::state::Lineage;
use crate::sys::files::{self, Entry};

/// Looks for every machine and volume asked about; other kinds aren't answered.
///
/// One small file is read for each. Only where something recorded isn't in its place is the
/// directory searched for it under another name.
pub(super) fn observe(root: &Path, query: &Query) -> BTreeMap<Address, Observation> {
    let mut seen = BTreeMap::new();
    let mut claimed = BTreeSet::new();
    let mut missing = Vec::new();
    for question in &query.questions {
        let Some((shelf, name)) = asked(&question.spec) else {
            continue;
        };
        let places = places(shelf, root, &query.lineage, question, name);
        let mut found = Observation::Absent;
        for place in &places {
            found = look(shelf, place, &query.lineage, &question.address);
            if found != Observation::Absent {
                break;
            }
        }
        claimed.extend(places.into_iter().map(|place| place.directory));
        if found == Observation::Absent && question.id.is_some() {
            missing.push((shelf, &question.address));
        }
        seen.insert(question.address.clone(), found);
    }
    for shelf in [Shelf::Machines, Shelf::Volumes] {
        let wanted: BTreeSet<&Address> =
            missing.iter().filter(|(r, _)| *r == shelf).map(|(_, a)| *a).collect();
        if !wanted.is_empty() {
            seen.extend(renamed(shelf, root, &query.lineage, &wanted, &claimed));
        }
    }
    seen
}

/// The shelf and real name of what is asked about, if it is of a kind that a host has.
pub(super) fn asked(spec: &Spec) -> Option<(Shelf, &str)> {
    match spec {
        Spec::Machine(spec) => Some((Shelf::Machines, &spec.name)),
        Spec::Volume(spec) => Some((Shelf::Volumes, &spec.name)),
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => None,
    }
}

/// Where it may stand: where it is recorded, then where it would be made today.
fn places(
    shelf: Shelf,
    root: &Path,
    lineage: &Lineage,
    question: &Question,
    name: &str,
) -> Vec<Place> {
    let recorded = question
        .id
        .as_ref()
        .and_then(|id| Place::recorded(shelf, lineage, id));
    let mut places: Vec<Place> = recorded.into_iter().collect();
    if let Ok(named) = Place::named(shelf, root, lineage, name)
        && !places.contains(&named)
    {
        places.push(named);
    }
    places
}

/// What of ours stands in a place.
fn look(shelf: Shelf, place: &Place, lineage: &Lineage, address: &Address) -> Observation {
    match Marker::read(place) {
        Reading::Absent => Observation::Absent,
        // A marker without content is what a kill left behind.
        Reading::Broken(why) => match files::entry(&place.directory) {
            Ok(Entry::Absent) => Observation::Absent,
            Ok(Entry::Directory | Entry::Link(_) | Entry::File) | Err(_) => {
                Observation::Unreadable(why)
            }
        },
        Reading::Found(marker) if !marker.is_of(lineage, address) => Observation::Absent,
        Reading::Found(marker) => match shelf {
            Shelf::Machines => Observation::Present(Box::new(machine(place, *marker))),
            Shelf::Volumes => match files::entry(&place.directory) {
                Ok(Entry::Directory) => Observation::Present(Box::new(volume(place, *marker))),
                Ok(Entry::Absent | Entry::Link(_) | Entry::File) => Observation::Absent,
                Err(error) => Observation::Unreadable(error.to_string()),
            },
        },
    }
}

fn volume(place: &Place, marker: Marker) -> Seen {
    let mut attributes = marker.attributes;
    attributes.set("name", place.name());
    Seen {
        id: place.id(),
        operation: Some(marker.operation),
        attributes,
        power: None,
        incarnation: None,
        outputs: Attributes::default(),
    }
}

fn machine(place: &Place, mut marker: Marker) -> Seen {
    let directory = &place.directory;
    let mut attributes = std::mem::take(&mut marker.attributes);
    attributes.set("name", place.name());
    let broken: BTreeSet<&str> = marker
        .links
        .iter()
        .filter(|link| !mount::is_made(directory, link))
        .map(|link| link.path.as_str())
        .collect();
    if !broken.is_empty()
        && let Some(Value::Array(mounts)) = attributes.0.get_mut("mounts")
    {
        mounts.retain(|mount| {
            let path = mount.get("path").and_then(Value::as_str);
            path.is_none_or(|path| !broken.contains(path))
        });
        if mounts.is_empty() {
            attributes.0.remove("mounts");
        }
    }
    // The next command makes a missing home anew, and with it another root.
    let homeless = marker.links.iter().all(|link| link.place != "home")
        && files::entry(&directory.join("home")).is_ok_and(|entry| entry == Entry::Absent);
    marker.lost_homes += u64::from(homeless);
    Seen {
        id: place.id(),
        incarnation: Some(marker.incarnation()),
        operation: Some(marker.operation),
        attributes,
        power: marker.power,
        outputs: Attributes::default(),
    }
}

/// Objects of ours that stand under names nobody asked about.
fn renamed(
    shelf: Shelf,
    root: &Path,
    lineage: &Lineage,
    wanted: &BTreeSet<&Address>,
    claimed: &BTreeSet<std::path::PathBuf>,
) -> BTreeMap<Address, Observation> {
    let parent = shelf.of(root, lineage);
    let names = files::list(&parent).unwrap_or_default();
    let mut seen = BTreeMap::new();
    for name in names.iter().filter_map(|name| name.to_str()) {
        if !super::place::is_fit(name) || claimed.contains(&parent.join(name)) {
            continue;
        }
        let place = Place::within(shelf, &parent, name);
        let Reading::Found(marker) = Marker::read(&place) else {
            continue;
        };
        if wanted.contains(&marker.address) {
            let found = look(shelf, &place, lineage, &marker.address);
            if found != Observation::Absent {
                seen.insert(marker.address, found);
            }
        }
    }
    seen
}
