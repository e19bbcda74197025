//! Changing machines and volumes in place.

use std::path::Path;

use super::create::{self, links_of, made, settled};
use super::ground::Ground;
use super::marker::{Link, Marker, Reading};
use super::place::{Place, Shelf};
use super::{error, mount, power, sighting};
use crate::diagnostic::Code;
use crate::provider::{Class, Made, ProviderError, UpdateRequest};
use crate::resource::{MachineSpec, Power, Spec};

pub(super) fn update(ground: &Ground, request: &UpdateRequest) -> Result<Made, ProviderError> {
    let wanted = &request.wanted;
    let shelf = match wanted.spec.as_ref() {
        Spec::Machine(_) => Shelf::Machines,
        Spec::Volume(_) => Shelf::Volumes,
        Spec::Gpu(_) => return create::create(ground, wanted),
        Spec::Network(_) | Spec::Image(_) | Spec::Secret(_) | Spec::Extension(_) => {
            return Err(error::not_held(wanted.spec.kind().as_str()));
        }
    };
    let id = &request.current.id;
    let place = Place::recorded(shelf, &wanted.lineage, id)
        .ok_or_else(|| error::no_machine(Path::new(id.as_str())))?;
    let marker = match Marker::read(&place) {
        Reading::Found(marker)
            if marker.is_of(
                &wanted.lineage,
                request.current.made_at.as_ref().unwrap_or(&wanted.address),
            ) =>
        {
            *marker
        }
        Reading::Found(_) | Reading::Absent => return Err(error::no_machine(&place.directory)),
        Reading::Broken(why) => {
            return Err(ProviderError::new(
                Class::Failed,
                Code::new("local::marker"),
                why,
            ));
        }
    };
    let mut next = Marker {
        attributes: Marker::attributes_of(&wanted.spec),
        ..marker.clone()
    };
    if let Spec::Machine(spec) = wanted.spec.as_ref() {
        next.links = links_of(ground, &place, wanted, spec)?;
        keep_home(&marker, &mut next);
        machine(&place, &marker, &mut next, spec)?;
    }
    next.rewrite(&place)
        .map_err(|source| error::file_system("recording a change", &place.marker(), source))?;
    if shelf == Shelf::Machines {
        sighting::note(&place, &next, &wanted.spec);
    }
    Ok(made(&place, &next))
}

/// Keeps a home that is a person's own, whoever makes the change: what was installed is in it.
fn keep_home(old: &Marker, next: &mut Marker) {
    let home = |link: &&Link| link.leads_to_own_home();
    if let Some(known) = old.links.iter().find(home)
        && let Some(own) = next.links.iter_mut().find(|link| link.leads_to_own_home())
    {
        own.clone_from(known);
    }
}

/// Brings links and power to what is wanted; the marker follows when all of it is so.
fn machine(
    place: &Place,
    old: &Marker,
    next: &mut Marker,
    spec: &MachineSpec,
) -> Result<(), ProviderError> {
    let fail = |source| error::file_system("changing mounts", &place.directory, source);
    for link in old.links.iter().filter(|link| !next.links.contains(link)) {
        mount::unmake(&place.directory, link).map_err(fail)?;
    }
    for link in &next.links {
        mount::make(&place.directory, link).map_err(fail)?;
    }
    let wanted = match spec.power {
        Power::Running | Power::Stopped => settled(spec.power),
        Power::Provider => old.power.unwrap_or(Power::Running),
    };
    next.power = Some(wanted);
    if wanted == Power::Stopped && old.power != Some(Power::Stopped) {
        // Nobody may start anything while the processes are being ended.
        next.rewrite(place)
            .map_err(|source| error::file_system("stopping", &place.marker(), source))?;
        power::end_processes(&place.directory);
    }
    Ok(())
}
