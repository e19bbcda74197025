//! What machines looked like when we last touched them.
//!
//! A look at every machine of a large fleet costs what opening and reading its marker costs, and
//! most of them were touched by nobody. So beside the shelves lies a list of what the marker and the
//! links of each machine looked like to the file system when they were written: inode, size, time of
//! change. What still looks so was not edited, and its marker need not be read; all else is read as
//! if there were no list. Nothing depends on it: a list that is lost, old or cut off costs time only,
//! and readers never write it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::Split;

use rustc_hash::FxHashMap;

use super::marker::Marker;
use super::mount;
use super::place::Place;
use crate::address::Address;
use crate::digest::Digest;
use crate::plan::Seen;
use crate::resource::{Attributes, Power, Spec};
use crate::state::OperationId;
use crate::sys::files::{self, Nearby, Trace};

/// The format of a line; a line of another one is passed over.
const FORMAT: &str = "1";
/// What stands between the fields of a line, none of which may hold it.
const BETWEEN: char = '\t';
/// A longer list is begun anew: it holds mostly lines that later ones replaced.
const MOST: u64 = 16 << 20;

/// Where the list of a shelf of machines lies.
pub(super) fn list_of(machines: &Path) -> PathBuf {
    machines.with_file_name("sightings")
}

/// Notes what a machine looks like; blocks for two or three looks and a short write.
///
/// To be called when nothing of it will be written any more. A failure loses no more than time.
pub(super) fn note(place: &Place, marker: &Marker, spec: &Spec) {
    let Some(machines) = place.directory.parent() else {
        return;
    };
    if let Some(line) = line(place, marker, spec) {
        drop(files::append(&list_of(machines), line.as_bytes(), MOST));
    }
}

fn line(place: &Place, marker: &Marker, spec: &Spec) -> Option<String> {
    // What is rare needs a closer look each time.
    if marker.imported.is_some() || marker.lost_homes > 0 {
        return None;
    }
    let nearby = Nearby::default();
    let trace = nearby.trace(&place.marker()).ok()?;
    let mut line = String::with_capacity(256);
    let (name, operation) = (place.name(), &marker.operation);
    let power = match marker.power? {
        Power::Running => "running",
        Power::Stopped => "stopped",
        Power::Provider => return None,
    };
    let spec = digest(spec)?;
    write!(line, "{name}{BETWEEN}{FORMAT}{BETWEEN}{}{BETWEEN}{operation}{BETWEEN}{power}{BETWEEN}{spec}{BETWEEN}{trace}", marker.address).ok()?;
    for link in &marker.links {
        if link.place.contains([BETWEEN, '\n']) {
            return None;
        }
        let trace = nearby.trace(&place.directory.join(&link.place)).ok()?;
        write!(line, "{BETWEEN}{}{BETWEEN}{trace}", link.place).ok()?;
    }
    line.push('\n');
    Some(line)
}

fn digest(spec: &Spec) -> Option<Digest> {
    Some(Digest::of_bytes(&serde_json::to_vec(spec).ok()?))
}

/// The list of a shelf, by the machines' real names; the last line about each.
pub(super) struct Sightings {
    text: String,
}

impl Sightings {
    /// Reads the list; what can't be read is an empty one.
    pub(super) fn read(machines: &Path) -> Self {
        let bytes = files::read_limited(&list_of(machines), MOST).unwrap_or_default();
        Self {
            text: String::from_utf8(bytes).unwrap_or_default(),
        }
    }

    /// The lines by name.
    pub(super) fn by_name(&self) -> FxHashMap<&str, &str> {
        // The last line may have been cut off.
        let whole = self.text.rfind('\n').map_or("", |end| &self.text[..end]);
        whole
            .split('\n')
            .filter_map(|line| line.split_once(BETWEEN))
            .collect()
    }
}

/// What is seen of a machine that looks as noted and was made by this specification at this address.
///
/// `None` says nothing but that a closer look is needed. Its attributes are empty, as of everything
/// that stands as recorded.
pub(super) fn seen(
    noted: &str,
    nearby: &Nearby,
    place: &Place,
    address: &Address,
    spec: &Spec,
) -> Option<Seen> {
    let mut fields = noted.split(BETWEEN);
    if fields.next()? != FORMAT {
        return None;
    }
    let name = fields.next()?.strip_prefix("machine.")?;
    if !matches!(address, Address::Machine(own) if own.as_str() == name) {
        return None;
    }
    let operation = OperationId::from_label(fields.next()?);
    let power = match fields.next()? {
        "running" => Power::Running,
        "stopped" => Power::Stopped,
        _ => return None,
    };
    let made_by = fields.next()?;
    if nearby.trace(&place.marker()).ok()? != fields.next()?.parse::<Trace>().ok()? {
        return None;
    }
    if !is_whole(fields, nearby, place)? || digest(spec)?.as_str() != made_by {
        return None;
    }
    Some(Seen {
        id: place.id(),
        incarnation: Some(operation.to_string()),
        operation: Some(operation),
        attributes: Attributes::default(),
        power: Some(power),
        outputs: Attributes::default(),
    })
}

/// Whether the links look as noted, and the home is there.
fn is_whole(mut links: Split<'_, char>, nearby: &Nearby, place: &Place) -> Option<bool> {
    let mut has_home = false;
    while let Some(link) = links.next() {
        let noted: Trace = links.next()?.parse().ok()?;
        if nearby.trace(&place.directory.join(link)).ok()? != noted {
            return Some(false);
        }
        // A link in the home shows that the home is there.
        has_home |= mount::is_in_home(link);
    }
    Some(has_home || nearby.trace(&place.directory.join("home")).is_ok())
}
