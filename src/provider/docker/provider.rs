//! The contract, kept by a Docker Engine.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::{
    Docker, check, container, exec, files, image, machine, network, observe, secrets, session,
    takeover, volume,
};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{Capabilities, Observation, Seen};
use crate::provider::{
    Answer, Class, Command, CreateRequest, DeleteRequest, Delivery, File, Interactive, MachineRef,
    Made, Output, Owned, Progress, Provider, ProviderError, Query, Reader, Sought, Stream,
    TakeRequest, UpdateRequest,
};
use crate::resource::{Attributes, FileTarget, Power, ProviderKind, Spec};
use crate::state::{Lineage, ObjectId};

/// What a Docker Engine can do, whichever it is.
pub const CAPABILITIES: Capabilities = Capabilities {
    // A volume's size is no limit here, so another one changes nothing but the record.
    in_place: &["memory", "cpus", "docker.restart", "power", "size", "name"],
    // A container's name, its published ports and its volumes would clash.
    create_before_destroy: false,
    not_enforced: &[
        (
            "size",
            "Docker's `local` volumes take as much of the host's disk as there is",
        ),
        (
            "docker.dind",
            "the inner Engine's `storageSize` is no limit, for the same reason",
        ),
        (
            "gpu",
            "Docker hands out GPUs by count; their kind and memory are whatever the host has",
        ),
    ],
};

fn not_an_object(address: &Address) -> ProviderError {
    ProviderError::new(
        Class::Invalid,
        Code::new("docker::foreign-address"),
        format!("`{address}` is no object of a Docker Engine"),
    )
}

impl Reader for Docker {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Docker
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn observe<'a>(&'a self, query: &'a Query) -> Answer<'a, BTreeMap<Address, Observation>> {
        Box::pin(observe::observe(self, query))
    }

    fn check<'a>(
        &'a self,
        query: &'a Query,
        observed: &'a BTreeMap<Address, Observation>,
    ) -> BoxFuture<'a, Diagnostics> {
        Box::pin(check::check(self, query, observed))
    }

    fn find<'a>(&'a self, sought: &'a Sought) -> Answer<'a, Seen> {
        Box::pin(takeover::find(self, sought))
    }

    fn owned<'a>(&'a self, lineage: &'a Lineage) -> Answer<'a, Vec<Owned>> {
        Box::pin(takeover::owned(self, lineage))
    }

    fn ask<'a>(&'a self, machine: &'a MachineRef, command: &'a Command) -> Answer<'a, Output> {
        Box::pin(exec::ask(self, machine, command))
    }
}

impl Provider for Docker {
    fn reader(&self) -> &dyn Reader {
        self
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made> {
        Box::pin(async move {
            match request.spec.as_ref() {
                Spec::Network(spec) => network::create(self, request, spec).await,
                Spec::Image(spec) => image::pin(self, spec, progress).await,
                Spec::Volume(spec) => volume::create(self, request, spec).await,
                Spec::Machine(spec) => machine::create(self, request, spec, progress).await,
                // A pin without an object: its name stands for it.
                Spec::Gpu(_) => Ok(Made {
                    id: ObjectId::new(&request.address.to_string()),
                    attributes: Attributes::default(),
                    incarnation: None,
                }),
                Spec::Secret(_) | Spec::Extension(_) => Err(not_an_object(&request.address)),
            }
        })
    }

    fn take<'a>(&'a self, request: &'a TakeRequest) -> Answer<'a, Made> {
        Box::pin(takeover::take(self, request))
    }

    fn update<'a>(
        &'a self,
        request: &'a UpdateRequest,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made> {
        Box::pin(async move {
            let wanted = &request.wanted;
            match wanted.spec.as_ref() {
                Spec::Machine(spec) => machine::update(self, request, spec).await,
                // A pin is renewed by resolving it again.
                Spec::Image(spec) => image::pin(self, spec, progress).await,
                Spec::Gpu(_) => Ok(unchanged(request)),
                // What a volume holds at most isn't enforced, so there is nothing to change.
                Spec::Volume(_) if request.paths.iter().all(|path| path == "size") => {
                    Ok(unchanged(request))
                }
                Spec::Network(_) | Spec::Volume(_) | Spec::Secret(_) | Spec::Extension(_) => {
                    Err(not_an_object(&wanted.address))
                }
            }
        })
    }

    fn delete<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()> {
        Box::pin(async move {
            match request.current.spec.as_ref() {
                Spec::Network(_) => network::delete(self, request).await,
                Spec::Volume(_) => volume::delete(self, request).await,
                Spec::Machine(_) => machine::delete(self, request).await,
                // Pins are let go of; an image may serve others.
                Spec::Image(_) | Spec::Gpu(_) => Ok(()),
                Spec::Secret(_) | Spec::Extension(_) => Err(not_an_object(&request.address)),
            }
        })
    }

    fn set_power<'a>(&'a self, machine: &'a MachineRef, power: Power) -> Answer<'a, ()> {
        Box::pin(container::set_power(self, machine.id.as_str(), power))
    }

    fn exec<'a>(
        &'a self,
        machine: &'a MachineRef,
        command: &'a Command,
        output: &'a mut (dyn FnMut(Stream, &[u8]) + Send),
    ) -> Answer<'a, i32> {
        Box::pin(exec::run(self, machine, command, output))
    }

    fn put<'a>(&'a self, machine: &'a MachineRef, files: &'a [File]) -> Answer<'a, ()> {
        Box::pin(files::put(self, machine, files))
    }

    fn get<'a>(&'a self, machine: &'a MachineRef, path: &'a str) -> Answer<'a, Vec<u8>> {
        Box::pin(files::get(self, machine, path))
    }

    fn deliver<'a>(&'a self, machine: &'a MachineRef, secret: &'a Delivery) -> Answer<'a, ()> {
        Box::pin(secrets::deliver(self, machine, secret))
    }

    fn withdraw<'a>(
        &'a self,
        machine: &'a MachineRef,
        name: &'a Name,
        target: Option<&'a FileTarget>,
    ) -> Answer<'a, ()> {
        Box::pin(secrets::withdraw(self, machine, name, target))
    }

    fn owns_terminal(&self) -> bool {
        false
    }

    fn connect<'a>(&'a self, machine: &'a MachineRef, session: Interactive) -> Answer<'a, i32> {
        Box::pin(session::connect(self, machine, session))
    }
}

fn unchanged(request: &UpdateRequest) -> Made {
    Made {
        id: request.current.id.clone(),
        attributes: request.current.attributes.clone(),
        incarnation: request.current.incarnation.clone(),
    }
}
