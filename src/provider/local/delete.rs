//! Removing machines and volumes.

use std::path::Path;

use super::marker::{Marker, Reading};
use super::place::{Place, Shelf};
use super::{error, power, sighting};
use crate::address::Address;
use crate::diagnostic::Code;
use crate::provider::{Class, DeleteRequest, ProviderError};
use crate::sys::files::{self, Entry};

/// Removes an object of ours; blocks for as long as its files take.
///
/// The directory takes another name first, so that a kill leaves no half machine. Links are
/// removed, never followed: a volume goes only when it is itself deleted.
pub(super) fn delete(request: &DeleteRequest) -> Result<(), ProviderError> {
    let shelf = match &request.address {
        Address::Machine(_) => Shelf::Machines,
        Address::Volume(..) => Shelf::Volumes,
        // A pin is let go of.
        Address::Gpu(_) => return Ok(()),
        Address::Network(_) | Address::Image(_) | Address::Secret(..) | Address::Extension(..) => {
            return Err(error::not_held(request.address.kind().as_str()));
        }
    };
    // An id that can't be one of ours was never made by us.
    let Some(place) = Place::recorded(shelf, &request.lineage, &request.current.id) else {
        return Ok(());
    };
    let fail = |source| error::file_system("removing", &place.directory, source);
    files::remove_tree(&place.gone()).map_err(fail)?;
    match Marker::read(&place) {
        Reading::Absent => return Ok(()),
        Reading::Broken(why) => {
            return Err(
                ProviderError::new(Class::Failed, Code::new("local::marker"), why)
                    .help("nobody can tell whose it is any more; remove it by hand"),
            );
        }
        Reading::Found(marker) if !is_meant(&marker, request) => return Ok(()),
        Reading::Found(_) => {}
    }
    match files::entry(&place.directory).map_err(fail)? {
        Entry::Directory => {
            if shelf == Shelf::Machines && was_used(&place) {
                power::end_processes(&place.directory);
            }
            files::rename_new(&place.directory, &place.gone()).map_err(fail)?;
        }
        // A marker without content, or what a person put in the content's place.
        Entry::Absent | Entry::Link(_) | Entry::File => {}
    }
    match shelf {
        Shelf::Machines => {}
        Shelf::Volumes => {
            files::remove_file(&place.next_marker()).map_err(fail)?;
            files::remove_file(&place.marker()).map_err(fail)?;
        }
    }
    files::remove_tree(&place.gone()).map_err(fail)?;
    sweep(&place.directory);
    Ok(())
}

/// Removes the directories of a shelf and of a lineage that nothing is left in.
///
/// Whoever makes something there at the same moment makes them again; what isn't empty stays.
fn sweep(directory: &Path) {
    for parent in directory.ancestors().skip(1).take(2) {
        if files::remove_empty_dir(parent).is_err() {
            return;
        }
        if parent.ends_with(Shelf::Machines.as_str()) {
            // Of a shelf without machines nothing is worth knowing.
            drop(files::remove_file(&sighting::list_of(parent)));
        }
    }
}

/// Whether the object found is the one recorded, not a later one at the same address.
fn is_meant(marker: &Marker, request: &DeleteRequest) -> bool {
    let made_at = request.current.made_at.as_ref();
    marker.is_of(&request.lineage, made_at.unwrap_or(&request.address))
        && (marker.operation == request.current.operation
            || marker.generation == request.current.generation)
}

/// Whether anything ever ran in the machine: these directories are made when first needed.
fn was_used(place: &Place) -> bool {
    files::entry(&place.directory.join("run")).is_ok_and(|entry| entry != Entry::Absent)
}
