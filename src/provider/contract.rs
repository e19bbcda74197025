//! The two halves of a provider.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::{
    Class, Command, CreateRequest, DeleteRequest, Delivery, File, Interactive, MachineRef, Made,
    Output, Owned, Progress, ProviderError, Query, Sought, Stray, Stream, TakeRequest,
    UpdateRequest,
};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{Capabilities, Happened, Observation, Seen};
use crate::resource::{Attributes, FileTarget, Power, ProviderKind};
use crate::state::Lineage;

/// What a provider's call comes to.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ProviderError>>;

/// The half of a provider that only looks.
pub trait Reader: Send + Sync {
    /// Which provider it is.
    fn kind(&self) -> ProviderKind;

    /// What it can and can't do; a constant, known without asking anybody.
    fn capabilities(&self) -> Capabilities;

    /// Looks for every resource asked about, in a few list calls whatever their number.
    ///
    /// An object counts as ours if the state records its id, or if it carries our lineage and the
    /// address; nothing else does, even with an equal name. An error means that nothing could be
    /// read at all; a single resource that can't be read is [`Observation::Unreadable`].
    fn observe<'a>(&'a self, query: &'a Query) -> Answer<'a, BTreeMap<Address, Observation>>;

    /// Checks what is wanted against what the provider has: names and ports taken, images and
    /// runtimes missing. Findings carry the address; nothing is touched.
    fn check<'a>(
        &'a self,
        query: &'a Query,
        observed: &'a BTreeMap<Address, Observation>,
    ) -> BoxFuture<'a, Diagnostics>;

    /// Looks at one object that a person named by its id, whoever made it.
    ///
    /// An error says why it can't be taken over: it isn't there, it carries another lineage, or
    /// this provider can't mark it as ours.
    fn find<'a>(&'a self, sought: &'a Sought) -> Answer<'a, Seen>;

    /// Lists every object that carries a lineage, recorded or not.
    fn owned<'a>(&'a self, lineage: &'a Lineage) -> Answer<'a, Vec<Owned>>;

    /// Tells which of a machine's secrets somebody changed or took away since they were delivered.
    ///
    /// Only a provider that keeps secrets itself can tell, and wakes no machine for it; of the others'
    /// nothing is said.
    fn stray<'a>(
        &'a self,
        _machine: &'a MachineRef,
        _names: &'a [Name],
    ) -> Answer<'a, BTreeMap<Name, Stray>> {
        Box::pin(async { Ok(BTreeMap::new()) })
    }

    /// Tells what happened to a machine lately, the last first; wakes none. Nothing where the
    /// provider keeps no account of it.
    fn happened<'a>(&'a self, _machine: &'a MachineRef) -> Answer<'a, Vec<Happened>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Runs a command that only reads in a running machine, its output collected.
    fn ask<'a>(&'a self, machine: &'a MachineRef, command: &'a Command) -> Answer<'a, Output>;
}

/// The half of a provider that acts.
///
/// Every call may be cancelled by dropping it, and every call may be repeated: a create that finds
/// its own operation's object finishes it, a delete that finds nothing succeeds.
pub trait Provider: Reader {
    /// This provider as one that only looks.
    fn reader(&self) -> &dyn Reader;

    /// Makes a network, an image pin, a volume or a machine; a machine that shall run does run, and
    /// takes commands, when this returns.
    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made>;

    /// Takes an object over that [`Reader::find`] found; it is ours when this returns.
    fn take<'a>(&'a self, request: &'a TakeRequest) -> Answer<'a, Made>;

    /// Changes an object in place, its power included.
    fn update<'a>(
        &'a self,
        request: &'a UpdateRequest,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made>;

    /// Deletes a network, a volume or a machine, with what belongs to a machine alone.
    fn delete<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()>;

    /// Starts or stops a machine and returns when it is so.
    fn set_power<'a>(&'a self, machine: &'a MachineRef, power: Power) -> Answer<'a, ()>;

    /// Lets a machine rest with what it has in memory, and returns when it does; starting it goes on
    /// from there.
    fn suspend<'a>(&'a self, machine: &'a MachineRef) -> Answer<'a, ()> {
        let unable = ProviderError::new(
            Class::Invalid,
            Code::new("machine::no-suspend"),
            format!("{} can't suspend `{}`", self.kind(), machine.name),
        );
        let help = "`sindri stop` ends what runs in it and keeps its files";
        Box::pin(std::future::ready(Err(unable.help(help))))
    }

    /// Keeps a machine from falling asleep by itself while it is worked in, or lets it again; may be
    /// asked as often as one likes. Gives whether it is kept awake now.
    ///
    /// What keeps it awake outlives this process. So [`Reader::observe`] must show a machine that is
    /// left awake as another one than it was made to be. There is nothing to do where machines don't
    /// sleep, or where commands alone keep them awake.
    fn keep_awake<'a>(&'a self, _machine: &'a MachineRef, _awake: bool) -> Answer<'a, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    /// Runs a command in a running machine, its output streamed, and returns its exit code.
    fn exec<'a>(
        &'a self,
        machine: &'a MachineRef,
        command: &'a Command,
        output: &'a mut (dyn FnMut(Stream, &[u8]) + Send),
    ) -> Answer<'a, i32>;

    /// Puts files into a machine, each whole or not at all.
    fn put<'a>(&'a self, machine: &'a MachineRef, files: &'a [File]) -> Answer<'a, ()>;

    /// Gets a file out of a machine; at most 16 MiB.
    fn get<'a>(&'a self, machine: &'a MachineRef, path: &'a str) -> Answer<'a, Vec<u8>>;

    /// Delivers a secret: `/run/secrets/NAME`, 0400, there again after every restart.
    fn deliver<'a>(&'a self, machine: &'a MachineRef, secret: &'a Delivery) -> Answer<'a, ()>;

    /// Takes a secret back; one that is gone already is a success.
    fn withdraw<'a>(
        &'a self,
        machine: &'a MachineRef,
        name: &'a Name,
        target: Option<&'a FileTarget>,
    ) -> Answer<'a, ()>;

    /// Tries a person's own way into a machine, and gives what it is known by as outputs of the
    /// machine; nothing where there is no such way, or where the machine doesn't run.
    ///
    /// Where another key is among what is known of the machine, the way in isn't the one it was:
    /// that is an error.
    fn try_door<'a>(
        &'a self,
        _machine: &'a MachineRef,
        _known: &'a Attributes,
    ) -> Answer<'a, Option<Attributes>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Whether [`Provider::connect`] hands the process's own terminal to the session instead of
    /// copying streams.
    fn owns_terminal(&self) -> bool;

    /// Opens a session for a person and returns its exit code.
    fn connect<'a>(&'a self, machine: &'a MachineRef, session: Interactive) -> Answer<'a, i32>;
}
