//! Mounts: symbolic links from the machine to its volumes.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::error;
use super::ground::is_whole_host;
use super::marker::Link;
use super::path;
use crate::address::{Address, Name};
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};
use crate::resource::{MachineSpec, Mount};
use crate::state::Object;
use crate::sys::files::{self, Entry, Nearby};

/// Where a mount's link lies, relative to the machine's directory.
fn place_of(machine: &Path, mount: &Mount) -> Result<String, ProviderError> {
    let plain = path::relative(machine, &mount.path)?;
    let first = plain
        .components()
        .next()
        .map(std::path::Component::as_os_str);
    let text = plain.to_str();
    match (first, text) {
        (None, _) | (_, None) => Err(error::bad_path(&mount.path, "nothing can be mounted there")),
        (Some(first), Some(_)) if first == "run" || first == "tmp" || first == "machine.json" => {
            Err(error::bad_path(
                &mount.path,
                "the machine keeps its own files there",
            ))
        }
        (Some(_), Some(text)) => Ok(text.to_owned()),
    }
}

/// Where the links of a machine's mounts lie; refused where one would lie in another, or in a home
/// that is the person's own.
pub(super) fn places(machine: &Path, spec: &MachineSpec) -> Result<Vec<String>, ProviderError> {
    let mut places: Vec<String> = Vec::with_capacity(spec.mounts.len());
    for mount in &spec.mounts {
        let place = place_of(machine, mount)?;
        if is_whole_host(spec) && is_in_home(&place) {
            let why = "the home of a machine that is the whole host is your own";
            return Err(error::bad_path(&mount.path, why)
                .help("a machine with `wholeHost` has no volumes: write `volumes: {}`"));
        }
        let nested = |other: &String| {
            Path::new(&place).starts_with(other) || Path::new(other).starts_with(&place)
        };
        if places.iter().any(nested) {
            return Err(error::bad_path(
                &mount.path,
                "another volume is mounted above or below it",
            ));
        }
        places.push(place);
    }
    Ok(places)
}

/// The links that a machine's mounts come to.
pub(super) fn links(
    machine: &Path,
    name: &Name,
    spec: &MachineSpec,
    dependencies: &BTreeMap<Address, Arc<Object>>,
) -> Result<Vec<Link>, ProviderError> {
    let places = places(machine, spec)?;
    let pairs = spec.mounts.iter().zip(places);
    pairs
        .map(|(mount, place)| {
            let address = Address::Volume(name.clone(), mount.volume.clone());
            let volume = dependencies.get(&address).ok_or_else(|| {
                let message = format!("`{address}` is mounted but isn't there");
                ProviderError::new(Class::Invalid, Code::new("local::no-volume"), message)
            })?;
            Ok(Link {
                volume: mount.volume.to_string(),
                path: mount.path.clone(),
                place,
                target: volume.id.to_string(),
            })
        })
        .collect()
}

/// Makes one link; one that is right already, and an empty directory in its place, are no obstacle.
pub(super) fn make(machine: &Path, link: &Link) -> io::Result<()> {
    let (at, target) = (machine.join(&link.place), Path::new(&link.target));
    if let Some(parent) = at.parent() {
        files::create_private_dir_all(parent)?;
    }
    match files::entry(&at)? {
        Entry::Link(there) if there == target => return Ok(()),
        Entry::Directory if files::list(&at)?.is_empty() => files::remove_tree(&at)?,
        Entry::Absent | Entry::Directory | Entry::Link(_) | Entry::File => {}
    }
    files::link(target, &at)
}

/// Takes one link away; what isn't our link stays.
pub(super) fn unmake(machine: &Path, link: &Link) -> io::Result<()> {
    if is_made(&Nearby::default(), machine, link) {
        files::remove_file(&machine.join(&link.place))?;
    }
    Ok(())
}

/// Whether a link is there and leads where it should.
pub(super) fn is_made(nearby: &Nearby, machine: &Path, link: &Link) -> bool {
    nearby.links_to(&machine.join(&link.place), &link.target)
}

/// Whether a link lies in the machine's home, or is it.
pub(super) fn is_in_home(place: &str) -> bool {
    place == "home" || place.starts_with("home/")
}
