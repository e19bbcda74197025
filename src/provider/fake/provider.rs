//! The contract, spoken by a world.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::AsyncWriteExt;

use super::script::Scripted;
use super::{Effect, FakeWorld, FakeWorldHandle, Verb, act};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{Capabilities, Observation, Seen};
use crate::provider::{
    Answer, Class, Command, CreateRequest, DeleteRequest, Delivery, File, Interactive, MachineRef,
    Made, Output, Owned, Progress, Provider, ProviderError, Query, Reader, Sought, Stream,
    TakeRequest, UpdateRequest, local,
};
use crate::resource::{FileTarget, Power, ProviderKind};
use crate::state::Lineage;

/// What a fake of any provider but `local` claims to be able to do.
const CAPABILITIES: Capabilities = Capabilities {
    in_place: &["cpus", "memory", "power", "docker.restart"],
    create_before_destroy: false,
    not_enforced: &[("size", "a scripted volume holds nothing")],
};

/// A provider that lives in a [`FakeWorldHandle`].
#[derive(Clone, Debug)]
pub struct Fake {
    world: FakeWorldHandle,
    kind: ProviderKind,
    capabilities: Capabilities,
}

impl Fake {
    /// A provider of a kind in a world.
    pub fn new(world: FakeWorldHandle, kind: ProviderKind) -> Self {
        let capabilities = match kind {
            ProviderKind::Local => local::CAPABILITIES,
            ProviderKind::Docker
            | ProviderKind::Fly
            | ProviderKind::Kubernetes
            | ProviderKind::E2b
            | ProviderKind::Devpod
            | ProviderKind::Runpod
            | ProviderKind::Northflank => CAPABILITIES,
        };
        Self {
            world,
            kind,
            capabilities,
        }
    }

    /// The same with other capabilities.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Does a call as scripted, and records it.
    async fn perform<T>(
        &self,
        verb: Verb,
        address: Option<&Address>,
        detail: String,
        act: impl FnOnce(&mut FakeWorld) -> Result<T, ProviderError> + Send,
    ) -> Result<T, ProviderError> {
        let ticket = self.world.begin(self.kind, verb, address, detail);
        let outcome = self.scripted(verb, address, act).await;
        ticket.end(&outcome);
        outcome
    }

    async fn scripted<T>(
        &self,
        verb: Verb,
        address: Option<&Address>,
        act: impl FnOnce(&mut FakeWorld) -> Result<T, ProviderError> + Send,
    ) -> Result<T, ProviderError> {
        let (latency, effects) = {
            let mut world = self.world.lock();
            (world.latency, world.effects(verb, address))
        };
        // Lets others begin, as a call over a network would.
        tokio::task::yield_now().await;
        if let Some(latency) = latency {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        let mut decided = None;
        for effect in effects {
            match effect {
                Effect::Delay(time) => tokio::time::sleep(Duration::from_millis(time)).await,
                Effect::Stall => self.world.wait_for_release(address).await,
                Effect::Fail(_)
                | Effect::FailAfter(_)
                | Effect::Pretend
                | Effect::Panic
                | Effect::Omit
                | Effect::Unreadable(_) => decided = Some(effect),
            }
        }
        let mut world = self.world.lock();
        if let Some(reason) = &world.unreachable {
            let code = Code::new("fake::unreachable");
            return Err(ProviderError::new(Class::Unreachable, code, reason.clone()));
        }
        match decided {
            Some(Effect::Fail(failure)) => Err(failure.error()),
            Some(Effect::FailAfter(failure)) => {
                act(&mut world)?;
                Err(failure.error())
            }
            Some(Effect::Pretend) => act(&mut world.clone()),
            Some(Effect::Panic) => {
                let done = act(&mut world).map(|_| ());
                drop(world);
                // Without a word on the terminal: tests make many.
                std::panic::resume_unwind(Box::new(done))
            }
            Some(Effect::Delay(_) | Effect::Stall | Effect::Omit | Effect::Unreadable(_))
            | None => act(&mut world),
        }
    }

    /// Answers a command as scripted.
    async fn run(
        &self,
        verb: Verb,
        machine: &MachineRef,
        text: String,
        detail: String,
    ) -> Result<Scripted, ProviderError> {
        let act = |world: &mut FakeWorld| {
            act::running(world, self.kind, machine)?;
            Ok(world.answer(machine.name.as_str(), &text))
        };
        self.perform(verb, Some(&address_of(machine)), detail, act)
            .await
    }
}

fn address_of(machine: &MachineRef) -> Address {
    Address::Machine(machine.name.clone())
}

/// The text that scripted answers are matched against.
fn text_of(command: &Command) -> String {
    let mut text = command.argv.join(" ");
    if let Some(stdin) = &command.stdin {
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(stdin));
    }
    text
}

impl Reader for Fake {
    fn kind(&self) -> ProviderKind {
        self.kind
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn observe<'a>(&'a self, query: &'a Query) -> Answer<'a, BTreeMap<Address, Observation>> {
        let act = |world: &mut FakeWorld| Ok(act::observe(world, self.kind, query));
        Box::pin(self.perform(Verb::Observe, None, String::new(), act))
    }

    fn check<'a>(
        &'a self,
        query: &'a Query,
        observed: &'a BTreeMap<Address, Observation>,
    ) -> BoxFuture<'a, Diagnostics> {
        let act = |world: &mut FakeWorld| Ok(act::check(world, self.kind, query, observed));
        Box::pin(async move {
            let found = self.perform(Verb::Check, None, String::new(), act).await;
            // What can't be reached was said by the observation.
            found.unwrap_or_default()
        })
    }

    fn find<'a>(&'a self, sought: &'a Sought) -> Answer<'a, Seen> {
        let act = move |world: &mut FakeWorld| act::find(world, self.kind, sought);
        Box::pin(self.perform(Verb::Find, Some(&sought.address), String::new(), act))
    }

    fn owned<'a>(&'a self, lineage: &'a Lineage) -> Answer<'a, Vec<Owned>> {
        let act = move |world: &mut FakeWorld| Ok(act::owned(world, self.kind, lineage));
        Box::pin(self.perform(Verb::Owned, None, String::new(), act))
    }

    fn ask<'a>(&'a self, machine: &'a MachineRef, command: &'a Command) -> Answer<'a, Output> {
        Box::pin(async move {
            let detail = command.argv.join(" ");
            let answer = self
                .run(Verb::Ask, machine, text_of(command), detail)
                .await?;
            Ok(Output {
                code: answer.code,
                stdout: answer.stdout.into_bytes(),
                stderr: answer.stderr.into_bytes(),
            })
        })
    }
}

impl Provider for Fake {
    fn reader(&self) -> &dyn Reader {
        self
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        _progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made> {
        let act = |world: &mut FakeWorld| act::create(world, self.kind, request);
        Box::pin(self.perform(Verb::Create, Some(&request.address), String::new(), act))
    }

    fn take<'a>(&'a self, request: &'a TakeRequest) -> Answer<'a, Made> {
        let act = move |world: &mut FakeWorld| act::take(world, self.kind, request);
        let address = &request.wanted.address;
        Box::pin(self.perform(Verb::Take, Some(address), String::new(), act))
    }

    fn update<'a>(
        &'a self,
        request: &'a UpdateRequest,
        _progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Answer<'a, Made> {
        let act = |world: &mut FakeWorld| act::update(world, self.kind, request);
        let detail = request.paths.join(" ");
        Box::pin(self.perform(Verb::Update, Some(&request.wanted.address), detail, act))
    }

    fn delete<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()> {
        let act = |world: &mut FakeWorld| {
            act::delete(world, self.kind, request);
            Ok(())
        };
        Box::pin(self.perform(Verb::Delete, Some(&request.address), String::new(), act))
    }

    fn set_power<'a>(&'a self, machine: &'a MachineRef, power: Power) -> Answer<'a, ()> {
        Box::pin(async move {
            let act = |world: &mut FakeWorld| act::set_power(world, self.kind, machine, power);
            let detail = serde_json::to_value(power).unwrap_or_default();
            let detail = detail.as_str().unwrap_or_default().to_owned();
            self.perform(Verb::SetPower, Some(&address_of(machine)), detail, act)
                .await
        })
    }

    fn exec<'a>(
        &'a self,
        machine: &'a MachineRef,
        command: &'a Command,
        output: &'a mut (dyn FnMut(Stream, &[u8]) + Send),
    ) -> Answer<'a, i32> {
        Box::pin(async move {
            let detail = command.argv.join(" ");
            let answer = self
                .run(Verb::Exec, machine, text_of(command), detail)
                .await?;
            if !answer.stdout.is_empty() {
                output(Stream::Stdout, answer.stdout.as_bytes());
            }
            if !answer.stderr.is_empty() {
                output(Stream::Stderr, answer.stderr.as_bytes());
            }
            Ok(answer.code)
        })
    }

    fn put<'a>(&'a self, machine: &'a MachineRef, files: &'a [File]) -> Answer<'a, ()> {
        Box::pin(async move {
            let act = |world: &mut FakeWorld| act::put(world, self.kind, machine, files);
            let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
            self.perform(Verb::Put, Some(&address_of(machine)), paths.join(" "), act)
                .await
        })
    }

    fn get<'a>(&'a self, machine: &'a MachineRef, path: &'a str) -> Answer<'a, Vec<u8>> {
        Box::pin(async move {
            let act = |world: &mut FakeWorld| act::get(world, self.kind, machine, path);
            self.perform(Verb::Get, Some(&address_of(machine)), path.to_owned(), act)
                .await
        })
    }

    fn deliver<'a>(&'a self, machine: &'a MachineRef, secret: &'a Delivery) -> Answer<'a, ()> {
        Box::pin(async move {
            let address = Address::Secret(machine.name.clone(), secret.name.clone());
            let act = |world: &mut FakeWorld| act::deliver(world, self.kind, machine, secret);
            self.perform(Verb::Deliver, Some(&address), String::new(), act)
                .await
        })
    }

    fn withdraw<'a>(
        &'a self,
        machine: &'a MachineRef,
        name: &'a Name,
        target: Option<&'a FileTarget>,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let address = Address::Secret(machine.name.clone(), name.clone());
            let act = |world: &mut FakeWorld| {
                act::withdraw(world, self.kind, machine, name, target);
                Ok(())
            };
            self.perform(Verb::Withdraw, Some(&address), String::new(), act)
                .await
        })
    }

    fn owns_terminal(&self) -> bool {
        false
    }

    fn connect<'a>(&'a self, machine: &'a MachineRef, session: Interactive) -> Answer<'a, i32> {
        Box::pin(async move {
            let mut session = session;
            let text = session.command.take().unwrap_or_default();
            let answer = self.run(Verb::Connect, machine, text.clone(), text).await?;
            let write = async {
                session.stdout.write_all(answer.stdout.as_bytes()).await?;
                session.stdout.flush().await?;
                session.stderr.write_all(answer.stderr.as_bytes()).await?;
                session.stderr.flush().await
            };
            write.await.map_err(|source| {
                let message = "the session's output can't be written";
                ProviderError::new(Class::Failed, Code::new("fake::session"), message)
                    .source(source)
            })?;
            Ok(answer.code)
        })
    }
}
