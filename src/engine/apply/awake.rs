//! Machines that fall asleep by themselves stay awake while extensions are worked on in them.
//!
//! Before the first of a machine's extensions its provider is asked to keep it awake, after the last
//! to let it sleep again. What a run that was killed left awake shows as drift of the machine, so
//! that the next plan sets it back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::dispatcher::BEAT;
use super::run::retry;
use super::work::Work;
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::engine::{Audience, Event};
use crate::plan::Plan;
use crate::provider::{MachineRef, Provider};
use crate::resource::{Power, Spec};
use crate::state::StepKind;

/// How long letting machines sleep may take once a person wants everything to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every machine in which extensions are worked on.
pub(super) struct Vigils {
    machines: BTreeMap<Name, Watched>,
    /// Those that are let sleep again.
    ending: JoinSet<Option<Diagnostic>>,
}

/// A machine in which extensions are worked on.
#[derive(Default)]
struct Watched {
    /// How many of the steps in it haven't ended.
    left: usize,
    vigil: Arc<Vigil>,
}

/// The machine that is kept awake, once it is.
#[derive(Default)]
pub(super) struct Vigil(Mutex<Option<(Arc<dyn Provider>, MachineRef)>>);

impl Vigils {
    /// Those of a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut machines: BTreeMap<Name, Watched> = BTreeMap::new();
        for step in &plan.steps {
            let works = !matches!(step.kind, StepKind::Forget | StepKind::Retain);
            if let Address::Extension(machine, _) = &plan.changes[step.change as usize].address
                && works
            {
                machines.entry(machine.clone()).or_default().left += 1;
            }
        }
        Self {
            machines,
            ending: JoinSet::new(),
        }
    }

    /// The one that a step's work has to be part of.
    pub(super) fn over(&self, work: &Work) -> Option<Arc<Vigil>> {
        let watched = self.machines.get(&work.job()?.machine.name)?;
        Some(Arc::clone(&watched.vigil))
    }

    /// Takes note of a step that ended; after the last one its machine is let sleep again, unless
    /// it was stopped and is stopped again first.
    pub(super) fn ended(
        &mut self,
        address: &Address,
        woken: &BTreeSet<Name>,
        audience: &mut dyn Audience,
    ) {
        let Address::Extension(machine, _) = address else {
            return;
        };
        let Some(watched) = self.machines.get_mut(machine) else {
            return;
        };
        watched.left = watched.left.saturating_sub(1);
        if watched.left == 0
            && !woken.contains(machine)
            && let Some(watched) = self.machines.remove(machine)
        {
            self.close(machine, watched.vigil, audience);
        }
    }

    /// Lets all machines sleep again, also those whose last steps were never begun.
    pub(super) async fn end(&mut self, at_once: bool, audience: &mut dyn Audience) {
        for (name, watched) in std::mem::take(&mut self.machines) {
            self.close(&name, watched.vigil, audience);
        }
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        loop {
            tokio::select! {
                joined = self.ending.join_next() => match joined {
                    Some(Ok(Some(found))) => audience.event(Event::Warned(found)),
                    // What a panic left awake shows as drift.
                    Some(Ok(None) | Err(_)) => {}
                    None => return,
                },
                () = &mut patience, if at_once => return,
                () = tokio::time::sleep(BEAT) => audience.beat(),
            }
        }
    }

    fn close(&mut self, machine: &Name, vigil: Arc<Vigil>, audience: &mut dyn Audience) {
        if vigil.is_on() {
            audience.event(Event::Noted {
                address: Address::Machine(machine.clone()),
                text: "Restarting, so that it sleeps by itself again".to_owned(),
            });
            self.ending.spawn(async move { vigil.end().await });
        }
    }
}

impl Vigil {
    /// Keeps the machine awake from here on, if it would sleep by itself and nobody has done so yet.
    pub(super) async fn begin(
        &self,
        provider: &Arc<dyn Provider>,
        machine: &MachineRef,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), Diagnostics> {
        let mut kept = self.0.lock().await;
        if kept.is_some() || !sleeps(machine) {
            return Ok(());
        }
        tell("keeping the machine awake");
        if retry(|| provider.keep_awake(machine, true)).await? {
            *kept = Some((Arc::clone(provider), machine.clone()));
        }
        Ok(())
    }

    /// Whether it keeps a machine awake.
    fn is_on(&self) -> bool {
        self.0.try_lock().is_ok_and(|kept| kept.is_some())
    }

    /// Lets the machine sleep again; gives what a person must know where that failed.
    async fn end(&self) -> Option<Diagnostic> {
        let (provider, machine) = self.0.lock().await.take()?;
        let failed = retry(|| provider.keep_awake(&machine, false)).await.err()?;
        let why = failed.into_iter().next().map(|found| found.summary);
        Some(left_awake(&machine.name, why))
    }
}

/// Whether a machine sleeps by itself once it runs.
fn sleeps(machine: &MachineRef) -> bool {
    matches!(&*machine.spec, Spec::Machine(spec) if spec.settings.power() == Power::Provider)
}

/// Says that a machine doesn't sleep although it should.
fn left_awake(name: &Name, why: Option<String>) -> Diagnostic {
    let mut found = Diagnostic::warning(
        Code::new("engine::left-awake"),
        "it was kept awake for its extensions and doesn't sleep by itself now",
    )
    .on(Address::Machine(name.clone()))
    .help("the next `sindri apply` lets it sleep again; until then it costs what it costs awake");
    if let Some(why) = why {
        found = found.because(why);
    }
    found
}
