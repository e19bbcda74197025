//! The contract, kept by Fly.io.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::classify::error;
use super::{
    Fly, app, awake, check, door, exec, files, happened, machine, observe, power, secrets, session,
    takeover, volume,
};
use crate::address::{Address, Name};
use crate::diagnostic::Diagnostics;
use crate::plan::{Capabilities, Happened, Observation, Seen};
use crate::provider::{
    Answer, Class, Command, CreateRequest, DeleteRequest, Delivery, File, Interactive, MachineRef,
    Made, Output, Owned, Progress, Provider, ProviderError, Query, Reader, Sought, Stray, Stream,
    TakeRequest, UpdateRequest,
};
use crate::resource::{Attributes, FileTarget, Power, ProviderKind, Spec};
use crate::state::{Lineage, ObjectId};

/// What Fly.io can do.
pub const CAPABILITIES: Capabilities = Capabilities {
    in_place: &["memory", "cpus", "power", "size"],
    // A volume is mounted into one machine, and an app is the place of one.
    create_before_destroy: false,
    not_enforced: &[],
};

fn not_an_object(address: &Address) -> ProviderError {
    error(
        Class::Invalid,
        "fly::foreign-address",
        format!("`{address}` is no object of Fly.io"),
    )
}

/// A pin without an object.
fn pin(id: &str) -> Made {
    Made {
        id: ObjectId::new(id),
        attributes: Attributes::default(),
        incarnation: None,
    }
}

impl Reader for Fly {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Fly
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

    fn happened<'a>(&'a self, machine: &'a MachineRef) -> Answer<'a, Vec<Happened>> {
        Box::pin(happened::happened(self, machine))
    }

    fn stray<'a>(
        &'a self,
        machine: &'a MachineRef,
        names: &'a [Name],
    ) -> Answer<'a, BTreeMap<Name, Stray>> {
        Box::pin(secrets::stray(self, machine, names))
    }

    fn ask<'a>(&'a self, machine: &'a MachineRef, command: &'a Command) -> Answer<'a, Output> {
        Box::pin(exec::ask(self, machine, command))
    }
}

impl Provider for Fly {
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
                Spec::Network(spec) => app::create(self, request, spec).await,
                Spec::Volume(spec) => volume::create(self, request, spec).await,
                Spec::Machine(spec) => machine::create(self, request, spec, progress).await,
                // Fly.io resolves the reference when it makes the machine.
                Spec::Image(spec) => Ok(pin(&spec.reference)),
                Spec::Gpu(_) => Ok(pin(&request.address.to_string())),
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
                Spec::Machine(spec) => machine::update(self, request, spec, progress).await,
                Spec::Volume(spec) => volume::update(self, request, spec).await,
                Spec::Image(spec) => Ok(pin(&spec.reference)),
                Spec::Gpu(_) => Ok(pin(&wanted.address.to_string())),
                Spec::Network(_) | Spec::Secret(_) | Spec::Extension(_) => {
                    Err(not_an_object(&wanted.address))
                }
            }
        })
    }

    fn delete<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()> {
        Box::pin(async move {
            match request.current.spec.as_ref() {
                Spec::Network(_) => app::delete(self, request).await,
                Spec::Volume(_) => volume::delete(self, request).await,
                Spec::Machine(_) => machine::delete(self, request).await,
                // Pins are let go of.
                Spec::Image(_) | Spec::Gpu(_) => Ok(()),
                Spec::Secret(_) | Spec::Extension(_) => Err(not_an_object(&request.address)),
            }
        })
    }

    fn set_power<'a>(&'a self, machine: &'a MachineRef, power: Power) -> Answer<'a, ()> {
        Box::pin(power::set(self, machine, power))
    }

    fn suspend<'a>(&'a self, machine: &'a MachineRef) -> Answer<'a, ()> {
        Box::pin(power::suspend(self, machine))
    }

    fn keep_awake<'a>(&'a self, machine: &'a MachineRef, awake: bool) -> Answer<'a, bool> {
        Box::pin(awake::keep(self, machine, awake))
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
        _: Option<&'a FileTarget>,
    ) -> Answer<'a, ()> {
        Box::pin(secrets::withdraw(self, machine, name))
    }

    fn try_door<'a>(
        &'a self,
        machine: &'a MachineRef,
        known: &'a Attributes,
    ) -> Answer<'a, Option<Attributes>> {
        Box::pin(door::tried(self, machine, known))
    }

    fn owns_terminal(&self) -> bool {
        true
    }

    fn connect<'a>(&'a self, machine: &'a MachineRef, session: Interactive) -> Answer<'a, i32> {
        Box::pin(session::connect(self, machine, session))
    }
}
