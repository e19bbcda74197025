//! Looking: what of ours stands where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use super::marker::{Link, Marker, Reading};
use super::mount;
use super::place::{Parents, Place, Shelf};
use super::sighting::{self, Sightings};
use crate::address::Address;
use crate::plan::{Observation, Seen};
use crate::provider::{Query, Question};
use crate::resource::{Attributes, Spec};
use crate::state::{Lineage, Object};
use crate::sys::files::{self, Entry, Nearby};

/// From how many questions on a second thread is worth its start.
const MANY: usize = 256;
/// From how many questions on the list of sightings is worth its reading.
const SOME: usize = 16;
/// How many questions a thread takes at a time.
const PIECE: usize = 64;

/// Looks for every machine, volume and GPU pin asked about; other kinds aren't answered.
///
/// A machine that looks as when we last touched it costs a look or two; of any other, one small file
/// is read. Recorded volumes are seen in the listing of their
/// directory: nothing of a volume can drift but that it is there. Only where something recorded
/// isn't in its place is the directory searched for it under another name.
pub(super) fn observe(root: &Path, query: &Query) -> BTreeMap<Address, Observation> {
    let parents = Parents::of(root, &query.lineage);
    let volumes = Volumes::list(&parents, &query.questions);
    let machines = Nearby::open(parents.of_shelf(Shelf::Machines));
    // A few machines are looked at sooner than their list is read.
    let sightings =
        (query.questions.len() >= SOME).then(|| Sightings::read(parents.of_shelf(Shelf::Machines)));
    let looks = Looks {
        parents: &parents,
        volumes: &volumes,
        machines: &machines,
        noted: sightings
            .as_ref()
            .map(Sightings::by_name)
            .unwrap_or_default(),
        lineage: &query.lineage,
    };
    // The threads take pieces as they come: the second one starts late.
    let pieces = Mutex::new(query.questions.chunks(PIECE));
    let work = || -> Vec<(Address, Observation)> {
        let mut answers = Vec::with_capacity(query.questions.len());
        let next = || pieces.lock().ok()?.next();
        while let Some(piece) = next() {
            answers.extend(piece.iter().filter_map(|question| {
                let found = answer(&looks, question)?;
                Some((question.address.clone(), found))
            }));
        }
        answers
    };
    let mut seen: BTreeMap<Address, Observation> = if query.questions.len() < MANY {
        work().into_iter().collect()
    } else {
        std::thread::scope(|scope| {
            let helping = scope.spawn(work);
            let mut answers = work();
            // A thread that panicked takes this one along, as it would have without it.
            match helping.join() {
                Ok(more) => answers.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            answers.into_iter().collect()
        })
    };
    if seen.values().all(|found| *found != Observation::Absent) {
        return seen;
    }
    for shelf in [Shelf::Machines, Shelf::Volumes] {
        let missing: BTreeSet<&Address> = query
            .questions
            .iter()
            .filter(|question| question.id.is_some())
            .filter(|question| asked(&question.spec).is_some_and(|(at, _)| at == shelf))
            .map(|question| &question.address)
            .filter(|address| seen.get(address) == Some(&Observation::Absent))
            .collect();
        if !missing.is_empty() {
            seen.extend(renamed(shelf, root, query, &missing));
        }
    }
    seen
}

/// What every look has at hand.
struct Looks<'a> {
    parents: &'a Parents,
    volumes: &'a Volumes,
    machines: &'a Nearby,
    /// How machines looked when we last touched them, by their real names.
    noted: FxHashMap<&'a str, &'a str>,
    lineage: &'a Lineage,
}

/// What of ours stands for one question; `None` if it is of a kind that a host hasn't.
fn answer(looks: &Looks<'_>, question: &Question) -> Option<Observation> {
    let (parents, machines, lineage) = (looks.parents, looks.machines, looks.lineage);
    if let Spec::Gpu(_) = question.spec.as_ref() {
        return Some(pin(question));
    }
    if let Some(standing) = looks.volumes.standing(parents, question) {
        return Some(standing);
    }
    let (shelf, name) = asked(&question.spec)?;
    for place in places(shelf, parents, lineage, question, name) {
        let recorded = question.id.as_ref() == Some(&place.id());
        let made_at = question.made_at.as_ref().filter(|_| recorded);
        let whose = made_at.unwrap_or(&question.address);
        if recorded
            && let Some(noted) = looks.noted.get(place.name())
            && let Some(seen) = sighting::seen(noted, looks.machines, &place, whose, &question.spec)
        {
            return Some(Observation::Present(Box::new(seen)));
        }
        let mut found = look(machines, shelf, &place, lineage, whose);
        if let Observation::Present(seen) = &mut found
            && recorded
            && seen.attributes == Marker::attributes_of(&question.spec)
        {
            // Here there is a thread to help with comparing; later there is none.
            seen.attributes = Attributes::default();
        }
        if found != Observation::Absent {
            return Some(found);
        }
    }
    Some(Observation::Absent)
}

/// The volumes of one lineage that stand with their markers, by name.
struct Volumes(FxHashSet<String>);

impl Volumes {
    /// Lists them, if any is recorded; what can't be listed is looked at one by one.
    fn list(parents: &Parents, questions: &[Question]) -> Self {
        let recorded = |question: &Question| {
            question.id.is_some() && matches!(*question.spec, Spec::Volume(_))
        };
        if !questions.iter().any(recorded) {
            return Self(FxHashSet::default());
        }
        let entries = files::list_kinds(parents.of_shelf(Shelf::Volumes)).unwrap_or_default();
        let names = entries.into_iter().filter_map(|(name, is_directory)| {
            let name = name.into_string().ok()?;
            Some((name, is_directory))
        });
        let (mut standing, mut markers) = (Vec::new(), FxHashSet::default());
        for (name, is_directory) in names {
            if is_directory {
                standing.push(name);
            } else if let Some(marked) = name.strip_suffix(".json") {
                markers.insert(marked.to_owned());
            }
        }
        standing.retain(|name| markers.contains(name));
        Self(standing.into_iter().collect())
    }

    /// A recorded volume that stands where it was made; a listing shows no more of it than that.
    fn standing(&self, parents: &Parents, question: &Question) -> Option<Observation> {
        let (Spec::Volume(spec), Some(id)) = (question.spec.as_ref(), &question.id) else {
            return None;
        };
        let name = parents.name(Shelf::Volumes, id)?;
        if name != spec.name || !self.0.contains(name) {
            return None;
        }
        Some(Observation::Present(Box::new(Seen {
            id: id.clone(),
            operation: None,
            attributes: Attributes::default(),
            power: None,
            incarnation: None,
            outputs: Attributes::default(),
            broken: Vec::new(),
        })))
    }
}

/// A pin is a decision without an object: what is recorded of it stands.
fn pin(question: &Question) -> Observation {
    match &question.id {
        None => Observation::Absent,
        Some(id) => Observation::Present(Box::new(Seen {
            id: id.clone(),
            operation: None,
            attributes: question.spec.attributes(),
            power: None,
            incarnation: None,
            outputs: Attributes::default(),
            broken: Vec::new(),
        })),
    }
}

/// The shelf and real name of what is asked about, if it is of a kind that a host has.
pub(super) fn asked(spec: &Spec) -> Option<(Shelf, &str)> {
    match spec {
        Spec::Machine(spec) => Some((Shelf::Machines, &spec.name)),
        Spec::Volume(spec) => Some((Shelf::Volumes, &spec.name)),
        Spec::Network(_) | Spec::Image(_) | Spec::Gpu(_) | Spec::Secret(_) | Spec::Extension(_) => {
            None
        }
    }
}

/// Where it may stand: where it is recorded, then where it would be made today.
fn places(
    shelf: Shelf,
    parents: &Parents,
    lineage: &Lineage,
    question: &Question,
    name: &str,
) -> impl Iterator<Item = Place> {
    let recorded = question.id.as_ref().and_then(|id| {
        parents
            .recorded(shelf, id)
            .or_else(|| Place::recorded(shelf, lineage, id))
    });
    let today = std::iter::once_with(move || parents.place(shelf, name).ok());
    recorded.into_iter().chain(today.flatten())
}

/// What of ours stands in a place.
pub(super) fn look(
    nearby: &Nearby,
    shelf: Shelf,
    place: &Place,
    lineage: &Lineage,
    address: &Address,
) -> Observation {
    match Marker::read_near(nearby, place) {
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
            Shelf::Machines => Observation::Present(Box::new(machine(nearby, place, *marker))),
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
        outputs: outputs(marker.imported),
        broken: Vec::new(),
    }
}

/// What a crashed import must be known by: the path that it was named with.
fn outputs(imported: Option<String>) -> Attributes {
    let mut outputs = Attributes::default();
    if let Some(path) = imported {
        outputs.set(Object::IMPORTED, path);
    }
    outputs
}

fn machine(nearby: &Nearby, place: &Place, mut marker: Marker) -> Seen {
    let directory = &place.directory;
    let mut attributes = std::mem::take(&mut marker.attributes);
    attributes.set("name", place.name());
    let (made, broken): (Vec<&Link>, Vec<&Link>) = marker
        .links
        .iter()
        .partition(|link| mount::is_made(nearby, directory, link));
    if !broken.is_empty()
        && let Some(Value::Array(mounts)) = attributes.0.get_mut("mounts")
    {
        mounts.retain(|mount| {
            let path = mount.get("path").and_then(Value::as_str);
            broken.iter().all(|link| Some(link.path.as_str()) != path)
        });
        if mounts.is_empty() {
            attributes.0.remove("mounts");
        }
    }
    // The next command makes a missing home anew, and with it another root. A link in it shows that
    // it is there.
    let has_home = made.iter().any(|link| mount::is_in_home(&link.place))
        || marker.links.iter().any(|link| link.place == "home")
        || files::entry(&directory.join("home")).is_ok_and(|entry| entry != Entry::Absent);
    marker.lost_homes += u64::from(!has_home);
    Seen {
        id: place.id(),
        incarnation: Some(marker.incarnation()),
        operation: Some(marker.operation),
        attributes,
        power: marker.power,
        outputs: outputs(marker.imported),
        broken: Vec::new(),
    }
}

/// Objects of ours that stand under names nobody asked about.
fn renamed(
    shelf: Shelf,
    root: &Path,
    query: &Query,
    missing: &BTreeSet<&Address>,
) -> BTreeMap<Address, Observation> {
    let parent = shelf.of(root, &query.lineage);
    let asked_about: BTreeSet<&str> = query
        .questions
        .iter()
        .filter_map(|question| asked(&question.spec))
        .map(|(_, name)| name)
        .collect();
    let names = files::list(&parent).unwrap_or_default();
    let mut seen = BTreeMap::new();
    for name in names.iter().filter_map(|name| name.to_str()) {
        if !super::place::is_fit(name) || asked_about.contains(name) {
            continue;
        }
        let place = Place::within(shelf, &parent, name);
        let Reading::Found(marker) = Marker::read(&place) else {
            continue;
        };
        if missing.contains(&marker.address) {
            let found = look(
                &Nearby::default(),
                shelf,
                &place,
                &query.lineage,
                &marker.address,
            );
            if found != Observation::Absent {
                seen.insert(marker.address, found);
            }
        }
    }
    seen
}
