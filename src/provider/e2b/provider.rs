//! The contract, kept by E2B.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::error::fail;
use super::{E2b, check, exec, files, machine, observe, session, takeover};
use crate::address::{Address, Name};
use crate::diagnostic::Diagnostics;
use crate::plan::{Capabilities, Observation, Seen};
use crate::provider::{
    Answer, Class, Command, CreateRequest, DeleteRequest, Delivery, File, Interactive, MachineRef,
    Made, Output, Owned, Progress, Provider, ProviderError, Query, Reader, Sought, Stream,
    TakeRequest, UpdateRequest,
};
use crate::resource::{Attributes, FileTarget, Power, ProviderKind, Spec};
use crate::state::{Lineage, ObjectId};

/// What E2B can and can't do; known without asking.
pub const CAPABILITIES: Capabilities = Capabilities {
    // Processors and memory are the template's: another size is another template and sandbox.
    in_place: &[
        "e2b.timeout",
        "e2b.internetAccess",
        "e2b.allowedDomains",
        "e2b.blockedDomains",
        "power",
    ],
    // Sandboxes have neither names nor ports nor volumes that could clash.
    create_before_destroy: true,
    not_enforced: &[],
};

fn not_an_object(address: &Address) -> ProviderError {
    fail(
        Class::Invalid,
        "e2b::foreign-address",
        format!("`{address}` is nothing that E2B has"),
    )
}

/// A pin without an object: its name stands for it.
fn pinned(address: &Address) -> Made {
    Made {
        id: ObjectId::new(&address.to_string()),
        attributes: Attributes::default(),
        incarnation: None,
    }
}

impl Reader for E2b {
    fn kind(&self) -> ProviderKind {
        ProviderKind::E2b
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

impl Provider for E2b {
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
                Spec::Machine(_) => machine::create(self, request, progress).await,
                Spec::Image(_) | Spec::Gpu(_) => Ok(pinned(&request.address)),
                Spec::Network(_) | Spec::Volume(_) | Spec::Secret(_) | Spec::Extension(_) => {
                    Err(not_an_object(&request.address))
                }
            }
        })
    }

    fn take<'a>(&'a self, request: &'a TakeRequest) -> Answer<'a, Made> {
        Box::pin(takeover::take(self, request))
    }

    fn update<'a>(
        &'a self,
        request: &'a UpdateRequest,
        _progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made> {
        Box::pin(async move {
            let wanted = &request.wanted;
            match wanted.spec.as_ref() {
                Spec::Machine(_) => machine::update(self, request).await,
                Spec::Image(_) | Spec::Gpu(_) => Ok(pinned(&wanted.address)),
                Spec::Network(_) | Spec::Volume(_) | Spec::Secret(_) | Spec::Extension(_) => {
                    Err(not_an_object(&wanted.address))
                }
            }
        })
    }

    fn delete<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()> {
        Box::pin(async move {
            match request.current.spec.as_ref() {
                Spec::Machine(_) => machine::delete(self, request).await,
                // Pins are let go of.
                Spec::Image(_) | Spec::Gpu(_) => Ok(()),
                Spec::Network(_) | Spec::Volume(_) | Spec::Secret(_) | Spec::Extension(_) => {
                    Err(not_an_object(&request.address))
                }
            }
        })
    }

    fn set_power<'a>(&'a self, machine: &'a MachineRef, power: Power) -> Answer<'a, ()> {
        Box::pin(machine::set_power(self, machine, power))
    }

    fn suspend<'a>(&'a self, machine: &'a MachineRef) -> Answer<'a, ()> {
        // A paused sandbox keeps its memory: there is no other rest.
        Box::pin(machine::set_power(self, machine, Power::Stopped))
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
        Box::pin(files::deliver(self, machine, secret))
    }

    fn withdraw<'a>(
        &'a self,
        machine: &'a MachineRef,
        name: &'a Name,
        target: Option<&'a FileTarget>,
    ) -> Answer<'a, ()> {
        Box::pin(files::withdraw(self, machine, name, target))
    }

    fn owns_terminal(&self) -> bool {
        false
    }

    fn connect<'a>(&'a self, machine: &'a MachineRef, session: Interactive) -> Answer<'a, i32> {
        Box::pin(session::connect(self, machine, session))
    }
}
