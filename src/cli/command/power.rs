//! `sindri start` and `sindri stop`.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::acting::{hold, settle, tell_spilled};
use super::machine::pick;
use crate::address::Address;
use crate::catalog::Manifests;
use crate::cli::args::MachineArgs;
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::desired::Desired;
use crate::diagnostic::{Diagnose, Diagnostics, Exit};
use crate::engine::{self, Event, Reach, Scope};
use crate::provider::MachineRef;
use crate::resource::{MachineSpec, Power, Spec};
use crate::state::{self, Effect, Intent, Object, OperationId, StepKind};
use crate::store::{LockRequest, Locked};

pub(crate) fn start(session: &mut Session, args: &MachineArgs) -> Outcome {
    set(session, args, Power::Running, "start")
}

pub(crate) fn stop(session: &mut Session, args: &MachineArgs) -> Outcome {
    set(session, args, Power::Stopped, "stop")
}

/// Sets a machine's power and records it as wanted, so that the next plan doesn't undo it.
fn set(
    session: &mut Session,
    args: &MachineArgs,
    power: Power,
    operation: &'static str,
) -> Outcome {
    // Looked up without the lock first: a mistyped name must not make a state directory.
    pick(session.state()?.as_ref(), args.machine.as_deref())?;
    let mut screen = Screen::new(session);
    let request = LockRequest {
        operation,
        timeout: session.lock_timeout(&args.wait)?,
    };
    let mut locked = hold(session, &mut screen, request, args.lock)?;
    tell_spilled(session, &mut locked, &mut screen);
    let runtime = small_runtime()?;
    settle_open(session, &mut locked, &runtime, &mut screen)?;
    let (name, object) = pick(Some(locked.state()), args.machine.as_deref())?;
    let address = Address::Machine(name.clone());
    let started = std::time::Instant::now();
    let wanted = with_power(&object, power);
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
    let machine = MachineRef {
        name,
        id: object.id.clone(),
        spec: Arc::clone(&object.spec),
    };
    let provider = providers
        .provider(object.provider)
        .map_err(|error| error.diagnose());
    let result = provider.and_then(|provider| {
        runtime
            .block_on(provider.set_power(&machine, power))
            .map_err(|error| error.diagnose())
    });
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
        note: Some(match power {
            Power::Running => "running".to_owned(),
            Power::Stopped | Power::Provider => "stopped; everything in it is kept".to_owned(),
        }),
        tools: Vec::new(),
    };
    screen.event(session, &event);
    Ok(Exit::Done)
}

/// Settles what an earlier command left open, as every command does that writes.
fn settle_open(
    session: &mut Session,
    locked: &mut Locked,
    runtime: &Runtime,
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
    let mut survey = runtime.block_on(engine::survey(
        providers.readers(),
        &Desired::default(),
        &Manifests::default(),
        locked.state().clone(),
        Diagnostics::new(),
        reach,
    ));
    settle(session, &mut survey, locked, screen)
}

fn with_power(object: &Object, power: Power) -> Object {
    let spec = match &*object.spec {
        Spec::Machine(machine) => Arc::new(Spec::Machine(Box::new(MachineSpec {
            power,
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
