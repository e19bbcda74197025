//! A world shared by the providers, commands and assertions of one test.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

use super::script::{Fault, Scripted};
use super::{Call, FakeObject, FakeWorld, Verb};
use crate::address::Address;
use crate::provider::ProviderError;
use crate::resource::ProviderKind;

/// A world, shared: clones are the same world.
#[derive(Clone, Default)]
pub struct FakeWorldHandle {
    world: Arc<Mutex<FakeWorld>>,
    released: Arc<Notify>,
}

impl fmt::Debug for FakeWorldHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeWorldHandle")
    }
}

impl From<FakeWorld> for FakeWorldHandle {
    fn from(mut world: FakeWorld) -> Self {
        world.instant = world
            .calls
            .iter()
            .map(|call| call.ended.unwrap_or(call.begun))
            .max()
            .unwrap_or(0);
        Self {
            world: Arc::new(Mutex::new(world)),
            released: Arc::default(),
        }
    }
}

impl FakeWorldHandle {
    /// Reads a world, as [`FakeWorldHandle::to_json`] writes it; `{}` is an empty one.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str::<FakeWorld>(text).map(Self::from)
    }

    /// Writes the world, indented for people.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&*self.lock())
    }

    /// The world as it is now.
    pub fn snapshot(&self) -> FakeWorld {
        self.lock().clone()
    }

    /// Changes the world by hand.
    pub fn change<T>(&self, change: impl FnOnce(&mut FakeWorld) -> T) -> T {
        change(&mut self.lock())
    }

    /// Scripts a misbehaviour.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Scripts an answer of commands, before all others.
    pub fn answer(&self, answer: Scripted) {
        self.lock().commands.insert(0, answer);
    }

    /// Lets the stalled calls of a resource go on, now and later.
    pub fn release(&self, address: &Address) {
        self.lock().released.insert(address.clone());
        self.released.notify_waiters();
    }

    /// Drift: sets an attribute of the object at an address. Whether there was one.
    pub fn set_attribute(&self, address: &Address, path: &str, value: impl Into<Value>) -> bool {
        self.drift(address, |object| object.attributes.set(path, value))
    }

    /// Drift: renames the object at an address. Whether there was one.
    pub fn rename(&self, address: &Address, name: &str) -> bool {
        self.drift(address, |object| object.name = Some(name.to_owned()))
    }

    /// Drift: removes the object at an address. Whether there was one.
    pub fn remove(&self, address: &Address) -> bool {
        let mut world = self.lock();
        let before = world.objects.len();
        world
            .objects
            .retain(|object| object.address.as_ref() != Some(address));
        world.objects.len() < before
    }

    fn drift(&self, address: &Address, change: impl FnOnce(&mut FakeObject)) -> bool {
        let mut world = self.lock();
        let found = world
            .objects
            .iter_mut()
            .find(|object| object.address.as_ref() == Some(address));
        found.map(change).is_some()
    }

    /// The calls made so far, in the order in which they began.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The calls that act, as `create machine.dev`, in the order in which they began.
    pub fn acts(&self) -> Vec<String> {
        let acts = |call: &Call| {
            let verb = serde_json::to_value(call.verb).unwrap_or_default();
            let verb = verb.as_str().unwrap_or_default().to_owned();
            match &call.address {
                Some(address) => format!("{verb} {address}"),
                None => verb,
            }
        };
        let world = self.lock();
        world
            .calls
            .iter()
            .filter(|call| call.verb.acts())
            .map(acts)
            .collect()
    }

    /// How many calls that act ran side by side at most.
    pub fn most_at_once(&self) -> usize {
        let world = self.lock();
        let acting: Vec<&Call> = world.calls.iter().filter(|call| call.verb.acts()).collect();
        let at = |instant: u64| {
            let runs = |call: &&&Call| {
                call.begun <= instant && call.ended.is_none_or(|ended| instant < ended)
            };
            acting.iter().filter(runs).count()
        };
        acting.iter().map(|call| at(call.begun)).max().unwrap_or(0)
    }

    /// Whether the first call of one sort ended before the first of the other began.
    pub fn in_order(&self, first: (Verb, &Address), then: (Verb, &Address)) -> bool {
        let world = self.lock();
        let find = |(verb, address): (Verb, &Address)| {
            let same = |call: &&Call| call.verb == verb && call.address.as_ref() == Some(address);
            world.calls.iter().find(same)
        };
        match (find(first), find(then)) {
            (Some(first), Some(then)) => first.ended.is_some_and(|ended| ended < then.begun),
            _ => false,
        }
    }

    /// Waits until somebody lets a resource's calls go on.
    pub(super) async fn wait_for_release(&self, address: Option<&Address>) {
        loop {
            let next = self.released.notified();
            tokio::pin!(next);
            next.as_mut().enable();
            if address.is_some_and(|address| self.lock().released.contains(address)) {
                return;
            }
            next.await;
        }
    }

    /// Records that a call began.
    pub(super) fn begin(
        &self,
        provider: ProviderKind,
        verb: Verb,
        address: Option<&Address>,
        detail: String,
    ) -> Ticket {
        let mut world = self.lock();
        let begun = world.tick();
        world.calls.push(Call {
            provider,
            verb,
            address: address.cloned(),
            detail,
            begun,
            ended: None,
            outcome: None,
        });
        Ticket {
            world: self.clone(),
            begun,
            outcome: "cancelled".to_owned(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, FakeWorld> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way; records its end when dropped, as cancelled unless told otherwise.
pub(super) struct Ticket {
    world: FakeWorldHandle,
    begun: u64,
    outcome: String,
}

impl Ticket {
    pub(super) fn end<T>(mut self, outcome: &Result<T, ProviderError>) {
        self.outcome = match outcome {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.code.to_string(),
        };
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut world = self.world.lock();
        let ended = world.tick();
        // A test may have emptied the record.
        if let Some(call) = world.calls.iter_mut().find(|call| call.begun == self.begun) {
            call.ended = Some(ended);
            call.outcome = Some(std::mem::take(&mut self.outcome));
        }
    }
}
