//! The dispatcher: a ready queue over in-degrees, a journal, and the tasks in flight.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::awake::Vigils;
use super::door;
use super::halt;
use super::outcome::{Ended, Outcome};
use super::recorder::{Lost, Recorder};
use super::run::{self, Context};
use super::urgency;
use super::work::{self, Prepared};
use crate::address::{Address, Name};
use crate::diagnostic::{Diagnose, Diagnostics};
use crate::engine::{Audience, Event, Providers, Summary};
use crate::plan::{Action, Change, Observed, Plan};
use crate::provider::MachineRef;
use crate::resource::{Power, Spec};
use crate::state::{self, OperationId, State, StepKind};
use crate::store::StoreError;
use crate::sys::World;

/// How often the screen may move while nothing happens.
pub(super) const BEAT: Duration = Duration::from_millis(150);

/// Where intents and outcomes are made durable before anything else happens.
pub trait Journal {
    /// The state with everything committed so far.
    fn state(&self) -> &State;

    /// Makes events durable, all or none, and applies them to the state.
    fn commit(&mut self, events: Vec<state::Event>) -> Result<(), StoreError>;

    /// Keeps outcomes that can't be committed any more where the next run from here records them,
    /// in place of those kept before; gives where, or none where there is no place for them.
    fn keep(&mut self, outcomes: &[state::Event]) -> Result<Option<PathBuf>, StoreError>;
}

/// How far a person wants an apply to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    #[default]
    Go,
    /// Start nothing new; finish and record what runs.
    Gently,
    /// At once; the journal tells the next run what was open.
    Now,
    /// At once, because the time given is over.
    TimedOut,
}

/// What an apply works with.
pub struct Apply<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// What was observed when the plan was made or checked.
    pub observed: &'a Observed,
    /// How to reach the providers.
    pub providers: &'a dyn Providers,
    /// What the tasks need: manifests and secrets.
    pub context: Arc<Context>,
    /// How many steps run at once; at least one.
    pub parallelism: usize,
    /// Clock and randomness.
    pub world: &'a World,
    /// Tells when a person wants it to stop.
    pub stop: watch::Receiver<Stop>,
}

/// Why an apply broke off by itself.
#[derive(Debug)]
pub struct ApplyError {
    /// What was done before.
    pub summary: Summary,
    /// Why it broke off.
    pub diagnostics: Diagnostics,
}

/// Executes a plan.
///
/// A failed step stops what depends on it and nothing else. When the journal can't be written, no
/// new call starts; what runs is awaited and how it ended is kept, so that the next run from here
/// records it; any other finds it by its operation.
pub async fn apply(
    apply: Apply<'_>,
    journal: &mut dyn Journal,
    audience: &mut dyn Audience,
) -> Result<Summary, Box<ApplyError>> {
    let started = Instant::now();
    let mut dispatcher = Dispatcher::new(&apply);
    let renamings = apply.plan.renamings();
    let renamed = if renamings.is_empty() {
        Ok(())
    } else {
        journal.commit(renamings)
    };
    let result = match renamed {
        Ok(()) => dispatcher.run(&apply, journal, audience).await,
        // Nothing was started yet, so there is no outcome to keep.
        Err(error) => Err(Lost::at_the_start(error)),
    };
    let result = match result {
        Ok(()) => {
            dispatcher.rest(&apply, journal.state(), audience).await;
            let tried = door::try_all(&apply, journal, audience).await;
            tried.map_err(Lost::at_the_start)
        }
        lost => lost,
    };
    let mut summary = dispatcher.summary;
    summary.destroy = apply.plan.header.destroy;
    summary.left = apply.plan.left_unread().into_iter().cloned().collect();
    summary.elapsed = started.elapsed();
    match result {
        Ok(()) => Ok(summary),
        Err(lost) => Err(Box::new(ApplyError {
            summary,
            diagnostics: lost.diagnose(),
        })),
    }
}

struct Dispatcher {
    /// How many steps each one still waits for.
    missing: Vec<usize>,
    /// Which steps wait for each one.
    dependents: Vec<Vec<u32>>,
    /// How long what waits for each one takes.
    urgency: Vec<Duration>,
    ready: VecDeque<u32>,
    /// The failed resource that a step depends on.
    blocked: Vec<Option<Address>>,
    ended: Vec<bool>,
    running: JoinSet<Ended>,
    /// Of those that are over as soon as they are dropped.
    aborts: Vec<AbortHandle>,
    progress: (mpsc::UnboundedSender<Event>, mpsc::UnboundedReceiver<Event>),
    woken: BTreeSet<Name>,
    vigils: Vigils,
    summary: Summary,
}

impl Dispatcher {
    fn new(apply: &Apply<'_>) -> Self {
        let steps = &apply.plan.steps;
        let mut dependents = vec![Vec::new(); steps.len()];
        let mut missing = vec![0; steps.len()];
        for (index, step) in steps.iter().enumerate() {
            missing[index] = step.after.len();
            for before in &step.after {
                // Plans hold fewer than 2^32 steps: their indices are u32 already.
                dependents[*before as usize].push(u32::try_from(index).unwrap_or(u32::MAX));
            }
        }
        let urgency = urgency::of_steps(apply.plan, &dependents, &apply.context.manifests);
        let ready = missing
            .iter()
            .enumerate()
            .filter(|(_, missing)| **missing == 0)
            .filter_map(|(index, _)| u32::try_from(index).ok())
            .collect();
        Self {
            missing,
            dependents,
            urgency,
            ready,
            blocked: vec![None; steps.len()],
            ended: vec![false; steps.len()],
            running: JoinSet::new(),
            aborts: Vec::new(),
            progress: mpsc::unbounded_channel(),
            woken: BTreeSet::new(),
            vigils: Vigils::of(apply.plan),
            summary: Summary::default(),
        }
    }

    async fn run(
        &mut self,
        apply: &Apply<'_>,
        journal: &mut dyn Journal,
        audience: &mut dyn Audience,
    ) -> Result<(), Lost> {
        let mut stop = apply.stop.clone();
        let mut group: Vec<state::Event> = Vec::new();
        let mut recorder = Recorder::new(journal);
        loop {
            let stopping = *stop.borrow() != Stop::Go || recorder.is_lost();
            let batch = if stopping {
                Vec::new()
            } else {
                self.prepare(apply, recorder.state(), &mut group)
            };
            if recorder.record(std::mem::take(&mut group)) {
                for prepared in batch {
                    self.start(apply, prepared, audience);
                }
            }
            if self.running.is_empty() {
                // Steps that only touch the state end at once and may have freed others.
                if stopping || recorder.is_lost() || self.ready.is_empty() {
                    break;
                }
                continue;
            }
            match self.wait(&mut stop, audience, &mut group, apply).await {
                Stop::Go | Stop::Gently => {}
                Stop::Now | Stop::TimedOut => {
                    audience.event(Event::Interrupted { at_once: true });
                    self.break_off(apply, audience, &mut group).await;
                    recorder.record(std::mem::take(&mut group));
                    break;
                }
            }
        }
        if *stop.borrow() != Stop::Go {
            self.summary.interrupted = true;
        }
        self.skip_rest(apply, audience);
        recorder.end()
    }

    /// Breaks off what runs; only what goes on inside machines is given the time to be ended there.
    async fn break_off(
        &mut self,
        apply: &Apply<'_>,
        audience: &mut dyn Audience,
        group: &mut Vec<state::Event>,
    ) {
        for task in self.aborts.drain(..) {
            task.abort();
        }
        let patience = tokio::time::sleep(crate::install::HALT_PATIENCE * 2);
        tokio::pin!(patience);
        loop {
            tokio::select! {
                joined = self.running.join_next() => match joined {
                    Some(Ok(ended)) => {
                        if matches!(ended.outcome, Outcome::Done { .. }) {
                            self.end(ended, audience, group, apply);
                        }
                    }
                    Some(Err(_)) => {}
                    None => return,
                },
                () = &mut patience => {
                    self.running.abort_all();
                    return;
                }
            }
        }
    }

    /// Takes as many ready steps as there is room for and writes their intents into the group.
    fn prepare(
        &mut self,
        apply: &Apply<'_>,
        state: &State,
        group: &mut Vec<state::Event>,
    ) -> Vec<Prepared> {
        // Outcomes still waiting in the group aren't in the state yet: commit them first.
        if !group.is_empty() && self.needs_state(apply) {
            return Vec::new();
        }
        let mut batch = Vec::new();
        while self.running.len() + batch.len() < apply.parallelism.max(1) {
            let Some(index) = self.ready.pop_front() else {
                break;
            };
            let operation = OperationId::from_random(apply.world.random.bytes());
            let mut prepared =
                work::prepare(apply, index, state, operation, self.urgency[index as usize]);
            prepared.vigil = self.vigils.over(&prepared.work);
            group.push(state::Event::Begin(prepared.intent.clone()));
            batch.push(prepared);
        }
        batch
    }

    /// Whether a ready step builds its request from what just ended.
    fn needs_state(&self, apply: &Apply<'_>) -> bool {
        self.ready
            .iter()
            .take(apply.parallelism)
            .any(|index| !apply.plan.steps[*index as usize].after.is_empty())
    }

    fn start(&mut self, apply: &Apply<'_>, prepared: Prepared, audience: &mut dyn Audience) {
        audience.event(Event::Started {
            address: prepared.intent.address.clone(),
            step: prepared.intent.step,
            id: prepared.id.clone(),
        });
        if let Some(machine) = &prepared.wakes {
            self.woken.insert(machine.clone());
        }
        let context = Arc::clone(&apply.context);
        let progress = self.progress.0.clone();
        let stop = apply.stop.clone();
        let halts = halt::Halting::of(&prepared.work).is_some();
        let task = self
            .running
            .spawn(async move { run::run(prepared, &context, &progress, stop).await });
        if !halts {
            self.aborts.retain(|task| !task.is_finished());
            self.aborts.push(task);
        }
    }

    /// Waits until something ends, a person stops, or progress is told.
    async fn wait(
        &mut self,
        stop: &mut watch::Receiver<Stop>,
        audience: &mut dyn Audience,
        group: &mut Vec<state::Event>,
        apply: &Apply<'_>,
    ) -> Stop {
        tokio::select! {
            // Steps that end matter more than what they say meanwhile.
            Ok(()) = stop.changed() => {
                let now = *stop.borrow_and_update();
                if now == Stop::Gently {
                    audience.event(Event::Interrupted { at_once: false });
                }
                return now;
            }
            Some(event) = self.progress.1.recv() => audience.event(event),
            () = tokio::time::sleep(BEAT) => audience.beat(),
            Some(joined) = self.running.join_next() => {
                self.joined(joined, audience, group, apply);
                while let Some(joined) = self.running.try_join_next() {
                    self.joined(joined, audience, group, apply);
                }
            }
        }
        Stop::Go
    }

    fn joined(
        &mut self,
        joined: Result<Ended, tokio::task::JoinError>,
        audience: &mut dyn Audience,
        group: &mut Vec<state::Event>,
        apply: &Apply<'_>,
    ) {
        while let Ok(event) = self.progress.1.try_recv() {
            audience.event(event);
        }
        match joined {
            Ok(ended) => self.end(ended, audience, group, apply),
            // A task that panicked leaves its intent open; the next run settles it.
            Err(error) => self.summary.failed.push((
                Address::Machine(apply.context.unknown.clone()),
                vec![run::panicked(&error)],
            )),
        }
    }

    fn end(
        &mut self,
        ended: Ended,
        audience: &mut dyn Audience,
        group: &mut Vec<state::Event>,
        apply: &Apply<'_>,
    ) {
        let index = ended.step;
        let step = &apply.plan.steps[index as usize];
        let address = ended.intent.address.clone();
        self.ended[index as usize] = true;
        let over = address.clone();
        match ended.outcome {
            Outcome::Done {
                effect,
                id,
                note,
                tools,
            } => {
                group.push(state::Event::Succeeded {
                    operation: ended.intent.operation,
                    address: address.clone(),
                    effect,
                });
                let mut all = Vec::new();
                if let Some(tools) = tools {
                    all = tools.all;
                    let entry = (address.clone(), all.clone());
                    if tools.partial {
                        self.summary.partial.push(entry);
                    } else if tools.told {
                        self.summary.tools.push(entry);
                    }
                }
                let change = &apply.plan.changes[step.change as usize];
                self.count(change, step.kind, &address);
                audience.event(Event::Finished {
                    address,
                    step: step.kind,
                    id,
                    elapsed: ended.elapsed,
                    note,
                    tools: all,
                });
                for dependent in &self.dependents[index as usize] {
                    let missing = &mut self.missing[*dependent as usize];
                    *missing -= 1;
                    if *missing == 0 {
                        self.ready.push_back(*dependent);
                    }
                }
            }
            Outcome::Failed {
                effect,
                diagnostics,
            } => {
                let error = diagnostics
                    .first()
                    .map_or_else(String::new, |found| found.summary.clone());
                group.push(state::Event::Failed {
                    operation: ended.intent.operation,
                    address: address.clone(),
                    error,
                    effect,
                });
                self.failed(
                    index,
                    step.kind,
                    (address, diagnostics),
                    ended.elapsed,
                    audience,
                );
            }
            Outcome::Unknown { diagnostics } => {
                self.failed(
                    index,
                    step.kind,
                    (address, diagnostics),
                    ended.elapsed,
                    audience,
                );
            }
        }
        self.vigils.ended(&over, &self.woken, audience);
    }

    fn failed(
        &mut self,
        index: u32,
        step: StepKind,
        (address, diagnostics): (Address, Diagnostics),
        elapsed: Duration,
        audience: &mut dyn Audience,
    ) {
        self.block(index, &address);
        self.summary
            .failed
            .push((address.clone(), diagnostics.clone()));
        audience.event(Event::Failed {
            address,
            step,
            diagnostics,
            elapsed,
        });
    }

    fn block(&mut self, index: u32, because: &Address) {
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            for dependent in &self.dependents[index as usize] {
                let blocked = &mut self.blocked[*dependent as usize];
                if blocked.is_none() {
                    *blocked = Some(because.clone());
                    open.push(*dependent);
                }
            }
        }
    }

    fn count(&mut self, change: &Change, kind: StepKind, address: &Address) {
        if address.kind().is_pin() {
            return;
        }
        let done = &mut self.summary.done;
        match (kind, change.action) {
            (StepKind::Create, Action::Replace(_)) if address.lives_inside() => {
                done.add += 1;
                done.destroy += 1;
            }
            (StepKind::Create, _) => done.add += 1,
            (StepKind::Update, _) => done.change += 1,
            (StepKind::Destroy, _) => done.destroy += 1,
            (StepKind::Adopt, _) if change.is_import() => done.import += 1,
            (StepKind::Adopt, _) => done.adopt += 1,
            (StepKind::Forget, _) => done.forget += 1,
            (StepKind::Retain, _) => {}
        }
    }

    fn skip_rest(&mut self, apply: &Apply<'_>, audience: &mut dyn Audience) {
        for (index, step) in apply.plan.steps.iter().enumerate() {
            let failed = &self.summary.failed;
            let address = &apply.plan.changes[step.change as usize].address;
            if self.ended[index] || failed.iter().any(|(other, _)| other == address) {
                continue;
            }
            let because = self.blocked[index].clone();
            self.summary
                .skipped
                .push((address.clone(), because.clone()));
            audience.event(Event::Skipped {
                address: address.clone(),
                step: step.kind,
                because,
            });
        }
    }

    /// Lets the machines sleep again that were woken or kept awake to be worked in.
    async fn rest(&mut self, apply: &Apply<'_>, state: &State, audience: &mut dyn Audience) {
        for name in std::mem::take(&mut self.woken) {
            let Some(object) = state.current(&Address::Machine(name.clone())) else {
                continue;
            };
            let Spec::Machine(spec) = &*object.spec else {
                continue;
            };
            if spec.power == Power::Stopped
                && let Ok(provider) = apply.providers.provider(object.provider)
            {
                let machine = MachineRef::of(&name, object);
                // A machine left running is found as drift; there is nothing better to do here.
                let _left_running = provider.set_power(&machine, Power::Stopped).await.is_err();
            }
        }
        let at_once = matches!(*apply.stop.borrow(), Stop::Now | Stop::TimedOut);
        self.vigils.end(at_once, audience).await;
    }
}

impl Journal for crate::store::Locked {
    fn state(&self) -> &State {
        Self::state(self)
    }

    fn commit(&mut self, events: Vec<state::Event>) -> Result<(), StoreError> {
        Self::commit(self, events)
    }

    fn keep(&mut self, outcomes: &[state::Event]) -> Result<Option<PathBuf>, StoreError> {
        Self::keep(self, outcomes)
    }
}
