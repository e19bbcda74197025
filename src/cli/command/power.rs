//! `sindri start` and `sindri stop`.

use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::acting::{Claim, hold, settle};
use super::machine::pick;
use super::pace::unless_stopped;
use crate::address::Address;
use crate::catalog::Manifests;
use crate::cli::args::MachineArgs;
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::cli::signals::Heed;
use crate::desired::Desired;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit};
use crate::engine::{self, Event, Reach, Scope, Stop};
use crate::provider::MachineRef;
use crate::resource::{MachineSpec, Power, Spec};
use crate::state::{self, Effect, Intent, Object, OperationId, StepKind};
use crate::store::Locked;

pub(crate) fn start(session: &mut Session, args: &MachineArgs) -> Outcome {
    set(session, args, Wish::Start)
}

pub(crate) fn stop(session: &mut Session, args: &MachineArgs) -> Outcome {
    set(session, args, Wish::Stop)
}

pub(crate) fn suspend(session: &mut Session, args: &MachineArgs) -> Outcome {
    set(session, args, Wish::Suspend)
}

/// What a machine shall do.
#[derive(Clone, Copy)]
enum Wish {
    Start,
    Stop,
    Suspend,
}

impl Wish {
    /// The command.
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Suspend => "suspend",
        }
    }

    /// The power that is wanted from then on.
    fn power(self) -> Power {
        match self {
            Self::Start => Power::Running,
            Self::Stop | Self::Suspend => Power::Stopped,
        }
    }

    /// How it ended.
    fn done(self) -> &'static str {
        match self {
            Self::Start => "running",
            Self::Stop => "stopped; everything in it is kept",
            Self::Suspend => "suspended; its memory and everything in it is kept",
        }
    }
}

/// Sets a machine's power and records it as wanted, so that the next plan doesn't undo it.
fn set(session: &mut Session, args: &MachineArgs, wish: Wish) -> Outcome {
    // Looked up without the lock first: a mistyped name must not make a state directory.
    pick(session.state()?.as_ref(), args.machine.as_deref())?;
    let mut screen = Screen::new(session);
    let stop = session.heed(Heed::Twice, None)?;
    let claim = Claim::new(wish.word(), session.lock_timeout(&args.wait)?).locking(args.lock);
    let mut locked = hold(session, &mut screen, claim)?;
    let runtime = small_runtime()?;
    settle_open(session, &mut locked, &runtime, &stop, &mut screen)?;
    let (name, object) = pick(Some(locked.state()), args.machine.as_deref())?;
    unless_stopped(&runtime, &stop, std::future::ready(()))?;
    let address = Address::Machine(name.clone());
    let started = std::time::Instant::now();
    let wanted = with_power(&object, wish.power());
    let intent = Intent {
        operation: OperationId::from_random(session.world().random.bytes()),
        address: address.clone(),
        step: StepKind::Update,
        spec: Some(Arc::clone(&wanted.spec)),
        generation: object.generation,
        dependencies: object.dependencies.clone(),
    };
    let operation = intent.operation.clone();
    locked
        .commit(vec![state::Event::Begin(intent)])
        .map_err(|error| error.diagnose())?;
    let event = Event::Started {
        address: address.clone(),
        step: StepKind::Update,
        id: Some(object.id.clone()),
    };
    screen.event(session, &event);
    let providers = session.providers();
    let machine = MachineRef::of(&name, &object);
    let provider = providers
        .provider(object.provider)
        .map_err(|error| error.diagnose());
    let result = match provider {
        Ok(provider) => {
            let setting = match wish {
                Wish::Start | Wish::Stop => provider.set_power(&machine, wish.power()),
                Wish::Suspend => provider.suspend(&machine),
            };
            let Some(done) = unless_insisted(&runtime, stop, setting) else {
                // The intent stays open: the next command that writes finds out.
                return Err(broken_off(&address));
            };
            done.map_err(|error| error.diagnose())
        }
        Err(found) => Err(found),
    };
    let outcome = match &result {
        Ok(()) => state::Event::Succeeded {
            operation,
            address: address.clone(),
            effect: Effect::Put(Box::new(wanted)),
        },
        Err(found) => state::Event::Failed {
            operation,
            address: address.clone(),
            error: found
                .first()
                .map_or_else(String::new, |f| f.summary.clone()),
            effect: Effect::Keep,
        },
    };
    engine::conclude(&mut locked, outcome)?;
    locked.compact().map_err(|error| error.diagnose())?;
    result?;
    let event = Event::Finished {
        address,
        step: StepKind::Update,
        id: Some(object.id.clone()),
        elapsed: started.elapsed(),
        note: Some(wish.done().to_owned()),
        tools: Vec::new(),
    };
    screen.event(session, &event);
    Ok(Exit::Done)
}

/// Awaits a call, unless a person insists on stopping.
fn unless_insisted<T>(
    runtime: &Runtime,
    mut stop: watch::Receiver<Stop>,
    call: impl Future<Output = T>,
) -> Option<T> {
    runtime.block_on(async {
        tokio::select! {
            done = call => Some(done),
            Ok(_) = stop.wait_for(|stop| *stop >= Stop::Now) => None,
        }
    })
}

fn broken_off(address: &Address) -> Diagnostics {
    let text = format!("interrupted: what became of `{address}` isn't known yet");
    vec![
        Diagnostic::error(Code::INTERRUPTED, text)
            .on(address.clone())
            .help("the next command that writes the state finds out"),
    ]
}

/// Settles what an earlier command left open, as every command does that writes.
fn settle_open(
    session: &mut Session,
    locked: &mut Locked,
    runtime: &Runtime,
    stop: &watch::Receiver<Stop>,
    screen: &mut Screen,
) -> Result<(), Diagnostics> {
    if locked.state().pending.is_empty() {
        return Ok(());
    }
    let providers = session.providers();
    let reach = Reach {
        scope: Scope::Exists,
        deep: false,
    };
    let (nothing, manifests) = (Desired::default(), Manifests::default());
    let surveying = engine::survey_to_act(
        providers.readers(),
        &nothing,
        &manifests,
        locked.state().clone(),
        Diagnostics::new(),
        reach,
    );
    let mut survey = unless_stopped(runtime, stop, surveying)?;
    settle(session, &mut survey, locked, screen)
}

fn with_power(object: &Object, power: Power) -> Object {
    let spec = match &*object.spec {
        Spec::Machine(machine) => Arc::new(Spec::Machine(Box::new(MachineSpec {
            // What falls asleep by itself may do so again once it was woken.
            power: match power {
                Power::Running => machine.settings.power(),
                Power::Stopped | Power::Provider => power,
            },
            ..(**machine).clone()
        }))),
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Volume(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => Arc::clone(&object.spec),
    };
    Object {
        spec,
        ..object.clone()
    }
}
