//! Making machines and volumes.

use std::io;
use std::path::Path;

use super::error;
use super::ground::Ground;
use super::marker::{Link, Marker, Reading};
use super::mount;
use super::place::{Place, Shelf};
use super::sighting;
use crate::address::Address;
use crate::provider::{CreateRequest, Made, ProviderError};
use crate::resource::{Attributes, MachineSpec, Power, Spec, VolumeSpec};
use crate::state::ObjectId;
use crate::sys::files::{self, Entry};

pub(super) fn create(ground: &Ground, request: &CreateRequest) -> Result<Made, ProviderError> {
    let root = &ground.root;
    match request.spec.as_ref() {
        Spec::Machine(spec) => machine(ground, request, spec),
        Spec::Volume(spec) => volume(root, request, spec),
        // A pin without an object: its address stands for it.
        Spec::Gpu(_) => Ok(Made {
            id: ObjectId::new(&request.address.to_string()),
            attributes: Attributes::default(),
            incarnation: None,
        }),
        Spec::Network(_) | Spec::Image(_) | Spec::Secret(_) | Spec::Extension(_) => {
            Err(error::not_held(request.spec.kind().as_str()))
        }
    }
}

/// What a power asks for here, where nothing suspends by itself.
pub(super) fn settled(power: Power) -> Power {
    match power {
        Power::Running | Power::Provider => Power::Running,
        Power::Stopped => Power::Stopped,
    }
}

/// The machine as made or found.
pub(super) fn made(place: &Place, marker: &Marker) -> Made {
    let incarnation = match marker.address {
        Address::Machine(_) => Some(marker.incarnation()),
        Address::Network(_)
        | Address::Image(_)
        | Address::Gpu(_)
        | Address::Volume(..)
        | Address::Secret(..)
        | Address::Extension(..) => None,
    };
    Made {
        id: place.id(),
        attributes: Attributes::default(),
        incarnation,
    }
}

/// The links of a machine's mounts, and that of a home which is the person's own.
pub(super) fn links_of(
    ground: &Ground,
    place: &Place,
    request: &CreateRequest,
    spec: &MachineSpec,
) -> Result<Vec<Link>, ProviderError> {
    match &request.address {
        Address::Machine(name) => {
            let own = ground.own_home(spec)?.map(Link::to_own_home);
            let mounts = mount::links(&place.directory, name, spec, &request.dependencies)?;
            Ok(own.into_iter().chain(mounts).collect())
        }
        Address::Network(_)
        | Address::Image(_)
        | Address::Gpu(_)
        | Address::Volume(..)
        | Address::Secret(..)
        | Address::Extension(..) => Err(error::not_held(request.address.kind().as_str())),
    }
}

pub(super) fn marker_of(request: &CreateRequest) -> Marker {
    Marker::new(
        &request.lineage,
        &request.address,
        &request.operation,
        request.generation,
        &request.spec,
    )
}

fn machine(
    ground: &Ground,
    request: &CreateRequest,
    spec: &MachineSpec,
) -> Result<Made, ProviderError> {
    let place = Place::named(Shelf::Machines, &ground.root, &request.lineage, &spec.name)?;
    let marker = Marker {
        power: Some(settled(spec.power)),
        links: links_of(ground, &place, request, spec)?,
        ..marker_of(request)
    };
    let fail = |source| error::file_system("making a machine", &place.directory, source);
    in_swept_room(|| build(&place, &marker)).map_err(fail)?;
    match files::rename_new(&place.fresh(), &place.directory) {
        Ok(()) => {
            sighting::note(&place, &marker, &request.spec);
            Ok(made(&place, &marker))
        }
        Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {
            files::remove_tree(&place.fresh()).map_err(fail)?;
            found(&place, request)
        }
        Err(source) => {
            // The first error is the one that counts; the next create sweeps.
            drop(files::remove_tree(&place.fresh()));
            Err(fail(source))
        }
    }
}

/// Does work that may find its directory gone: a delete at the same moment sweeps empty ones.
fn in_swept_room(work: impl Fn() -> io::Result<()>) -> io::Result<()> {
    let again = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => work(),
        _ => Err(error),
    };
    work().or_else(again).or_else(again)
}

/// Builds the whole machine under its name with a dot.
fn build(place: &Place, marker: &Marker) -> io::Result<()> {
    files::remove_tree(&place.gone())?;
    match files::create_dir(&place.fresh(), 0o700) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            files::create_private_dir_all(&place.fresh())?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            files::remove_tree(&place.fresh())?;
            files::create_dir(&place.fresh(), 0o700)?;
        }
        outcome => outcome?,
    }
    if marker.links.iter().all(|link| link.place != "home") {
        files::create_dir(&place.fresh().join("home"), 0o700)?;
    }
    for link in &marker.links {
        mount::make(&place.fresh(), link)?;
    }
    files::write_new(&place.fresh().join("machine.json"), &marker.bytes()?, 0o600)
}

/// What stands in the way: our own operation's object is finished, anything else is an error.
fn found(place: &Place, request: &CreateRequest) -> Result<Made, ProviderError> {
    match Marker::read(place) {
        Reading::Found(marker)
            if marker.is_of(&request.lineage, &request.address)
                && marker.operation == request.operation =>
        {
            Ok(made(place, &marker))
        }
        Reading::Found(_) | Reading::Absent | Reading::Broken(_) => {
            Err(error::name_taken(&place.directory))
        }
    }
}

/// The marker comes first, so that a kill leaves no content that nobody owns; a marker without
/// content is nothing.
fn volume(root: &Path, request: &CreateRequest, spec: &VolumeSpec) -> Result<Made, ProviderError> {
    let place = Place::named(Shelf::Volumes, root, &request.lineage, &spec.name)?;
    let marker = marker_of(request);
    let fail = |source| error::file_system("making a volume", &place.directory, source);
    match files::entry(&place.directory).map_err(fail)? {
        Entry::Absent => {}
        Entry::Directory | Entry::Link(_) | Entry::File => return found(&place, request),
    }
    let make = || -> io::Result<()> {
        files::remove_tree(&place.gone())?;
        let bytes = marker.bytes()?;
        match files::write_new(&place.marker(), &bytes, 0o600) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(parent) = place.marker().parent() {
                    files::create_private_dir_all(parent)?;
                }
                files::write_new(&place.marker(), &bytes, 0o600)?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                marker.rewrite(&place)?;
            }
            outcome => outcome?,
        }
        files::create_dir(&place.directory, 0o700)
    };
    in_swept_room(make).map_err(fail)?;
    Ok(made(&place, &marker))
}
