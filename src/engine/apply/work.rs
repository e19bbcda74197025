//! Work: a step of the plan and the state become a request that a task can carry out alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Apply;
use super::awake::Vigil;
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::plan::{Action, Change, Effectuation, Reason};
use crate::provider::{
    CreateRequest, DeleteRequest, MachineRef, Provider, TakeRequest, UpdateRequest,
};
use crate::resource::{Power, SecretSpec, Spec};
use crate::state::{Effect, Intent, Object, ObjectId, OperationId, State, Status, StepKind};

/// A step ready to run.
pub(super) struct Prepared {
    pub(super) step: u32,
    pub(super) intent: Intent,
    pub(super) work: Work,
    /// The recorded object's id, for the screen.
    pub(super) id: Option<ObjectId>,
    /// The stopped machine that is woken to be worked in.
    pub(super) wakes: Option<Name>,
    /// What keeps its machine awake.
    pub(super) vigil: Option<Arc<Vigil>>,
}

/// What a task does.
pub(super) enum Work {
    /// Only the state changes.
    Record {
        effect: Effect,
        note: Option<String>,
    },
    /// Makes an object.
    Create {
        provider: Arc<dyn Provider>,
        request: CreateRequest,
        dependencies: Vec<Address>,
    },
    /// Changes an object in place, or takes one over as found.
    Update {
        provider: Arc<dyn Provider>,
        request: Box<UpdateRequest>,
        dependencies: Vec<Address>,
    },
    /// Takes an object over that a person named, then brings it to what is wanted.
    Take {
        provider: Arc<dyn Provider>,
        request: Box<TakeRequest>,
        paths: Vec<String>,
        dependencies: Vec<Address>,
    },
    /// Deletes objects, one after the other.
    Delete {
        objects: Vec<(Arc<dyn Provider>, DeleteRequest)>,
        effect: Effect,
    },
    /// Delivers a secret.
    Deliver {
        inside: Inside,
        secret: SecretSpec,
        was: Option<Arc<Object>>,
    },
    /// Takes a secret back.
    Withdraw { inside: Inside, secret: SecretSpec },
    /// Installs an extension.
    Install {
        inside: Inside,
        was: Option<Arc<Object>>,
        /// The tools of it that were found not to work any more.
        broken: Vec<String>,
        /// Whether the version that stands is removed first.
        anew: bool,
    },
    /// Removes an extension.
    Uninstall {
        inside: Inside,
        was: Option<Arc<Object>>,
    },
    /// Can't even start.
    Impossible(Diagnostics),
}

impl Work {
    /// Where a job runs inside a machine.
    pub(super) fn job(&self) -> Option<&Inside> {
        match self {
            Self::Install { inside, .. } | Self::Uninstall { inside, .. } => Some(inside),
            Self::Record { .. }
            | Self::Create { .. }
            | Self::Update { .. }
            | Self::Take { .. }
            | Self::Delete { .. }
            | Self::Deliver { .. }
            | Self::Withdraw { .. }
            | Self::Impossible(_) => None,
        }
    }
}

/// Work inside a machine.
pub(super) struct Inside {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) machine: MachineRef,
    pub(super) object: Arc<Object>,
    pub(super) name: Name,
    pub(super) spec: Option<Arc<Spec>>,
    pub(super) dependencies: Vec<Address>,
    pub(super) generation: u64,
    pub(super) wake: bool,
    /// How long what waits for it takes.
    pub(super) urgency: Duration,
}

/// Builds what a step needs from the plan and from what earlier steps recorded.
pub(super) fn prepare(
    apply: &Apply<'_>,
    index: u32,
    state: &State,
    operation: OperationId,
    urgency: Duration,
) -> Prepared {
    let step = &apply.plan.steps[index as usize];
    let change = &apply.plan.changes[step.change as usize];
    let address = &change.address;
    let current = state.current(address).or_else(|| {
        let deposed = &state.resources.get(address)?.deposed;
        deposed
            .iter()
            .find(|object| object.status != Status::Retained)
    });
    let generation = match step.kind {
        StepKind::Create => change
            .recorded
            .as_ref()
            .map_or(1, |object| object.generation + 1),
        StepKind::Update
        | StepKind::Destroy
        | StepKind::Adopt
        | StepKind::Forget
        | StepKind::Retain => current.map_or(1, |object| object.generation),
    };
    let makes = matches!(
        step.kind,
        StepKind::Create | StepKind::Update | StepKind::Adopt
    );
    let intent = Intent {
        operation,
        address: address.clone(),
        step: step.kind,
        spec: change.desired.clone().filter(|_| makes),
        generation,
        dependencies: if makes {
            change.dependencies.clone()
        } else {
            Vec::new()
        },
    };
    let mut wakes = None;
    let work = if address.lives_inside() {
        inside(
            apply,
            (change, urgency),
            &intent,
            state,
            current,
            &mut wakes,
        )
    } else {
        outside(apply, change, &intent, state, current)
    };
    Prepared {
        step: index,
        intent,
        work: work.unwrap_or_else(Work::Impossible),
        id: current
            .filter(|_| step.kind != StepKind::Create)
            .map(|object| object.id.clone()),
        wakes,
        vigil: None,
    }
}

/// Networks, pins, volumes and machines.
fn outside(
    apply: &Apply<'_>,
    change: &Change,
    intent: &Intent,
    state: &State,
    current: Option<&Arc<Object>>,
) -> Result<Work, Diagnostics> {
    let address = &change.address;
    match intent.step {
        StepKind::Forget if change.reason == Some(Reason::LetGo) => Ok(record(Effect::RemoveAll)),
        StepKind::Forget => Ok(record(Effect::Remove)),
        StepKind::Retain => Ok(retain(change, current)),
        StepKind::Destroy => delete(apply, change, state),
        StepKind::Create | StepKind::Update | StepKind::Adopt => {
            let spec = wanted(change)?;
            if let Spec::Gpu(_) = &**spec {
                return Ok(pin(change, intent, spec));
            }
            let provider = open(
                apply,
                spec.provider().ok_or_else(|| nothing(address))?,
                address,
            )?;
            let request = CreateRequest {
                lineage: state.lineage.clone(),
                address: address.clone(),
                operation: intent.operation.clone(),
                generation: intent.generation,
                spec: Arc::clone(spec),
                dependencies: standing(state, &change.dependencies),
            };
            let dependencies = change.dependencies.clone();
            // A pin is made anew rather than changed: there is no object to change.
            if intent.step == StepKind::Create || address.kind().is_pin() {
                return Ok(Work::Create {
                    provider,
                    request,
                    dependencies,
                });
            }
            if let Some(Reason::Imported { id }) = &change.reason {
                let id = id.clone();
                let in_place = change.fields.iter();
                let in_place = in_place.filter(|f| f.effect == Effectuation::InPlace);
                return Ok(Work::Take {
                    provider,
                    paths: in_place.map(|field| field.path.clone()).collect(),
                    request: Box::new(TakeRequest {
                        wanted: request,
                        id,
                    }),
                    dependencies,
                });
            }
            let current = match (intent.step, current) {
                (StepKind::Adopt, _) => Arc::new(found(apply, change, intent, spec, current)?),
                (_, Some(current)) => Arc::clone(current),
                (_, None) => return Err(nothing(address)),
            };
            let paths: Vec<String> = change.fields.iter().map(|f| f.path.clone()).collect();
            if intent.step == StepKind::Adopt && paths.is_empty() {
                return Ok(record(Effect::Put(Box::new((*current).clone()))));
            }
            Ok(Work::Update {
                provider,
                request: Box::new(UpdateRequest {
                    wanted: request,
                    current,
                    paths,
                }),
                dependencies,
            })
        }
    }
}

/// Deletes what is recorded at an address; of one that is replaced only the current object.
fn delete(apply: &Apply<'_>, change: &Change, state: &State) -> Result<Work, Diagnostics> {
    let address = &change.address;
    let Some(recorded) = state.resources.get(address) else {
        return Ok(record(Effect::Keep));
    };
    let all = change.action == Action::Delete;
    let deposed = recorded.deposed.iter().filter(|_| all);
    let objects: Result<Vec<_>, Diagnostics> = recorded
        .current
        .iter()
        .chain(deposed)
        .map(|object| {
            let request = DeleteRequest {
                lineage: state.lineage.clone(),
                address: address.clone(),
                current: Arc::clone(object),
            };
            Ok((open(apply, object.provider, address)?, request))
        })
        .collect();
    let effect = if all {
        Effect::RemoveAll
    } else {
        Effect::Remove
    };
    Ok(Work::Delete {
        objects: objects?,
        effect,
    })
}

/// Secrets and extensions.
fn inside(
    apply: &Apply<'_>,
    (change, urgency): (&Change, Duration),
    intent: &Intent,
    state: &State,
    current: Option<&Arc<Object>>,
    wakes: &mut Option<Name>,
) -> Result<Work, Diagnostics> {
    let address = &change.address;
    if matches!(intent.step, StepKind::Forget | StepKind::Retain) {
        return Ok(record(Effect::Remove));
    }
    let name = address.machine().ok_or_else(|| nothing(address))?;
    let Some(object) = state.current(&Address::Machine(name.clone())) else {
        // What lived in a machine that is gone is gone with it.
        return match intent.step {
            StepKind::Destroy => Ok(Work::Record {
                effect: Effect::Remove,
                note: Some("gone with its machine".to_owned()),
            }),
            StepKind::Create
            | StepKind::Update
            | StepKind::Adopt
            | StepKind::Forget
            | StepKind::Retain => Err(nothing(&Address::Machine(name.clone()))),
        };
    };
    let asleep = matches!(&*object.spec, Spec::Machine(spec) if spec.power == Power::Stopped);
    if asleep {
        *wakes = Some(name.clone());
    }
    let inside = Inside {
        provider: open(apply, object.provider, address)?,
        machine: MachineRef::of(name, object),
        object: Arc::clone(object),
        name: address.leaf().clone(),
        spec: change.desired.clone(),
        dependencies: change.dependencies.clone(),
        generation: intent.generation,
        wake: asleep,
        urgency,
    };
    let spec = match intent.step {
        StepKind::Destroy => current.map(|object| &object.spec),
        StepKind::Create
        | StepKind::Update
        | StepKind::Adopt
        | StepKind::Forget
        | StepKind::Retain => change.desired.as_ref(),
    };
    let destroys = intent.step == StepKind::Destroy;
    match spec.map(|spec| &**spec) {
        Some(Spec::Secret(secret)) if destroys => Ok(Work::Withdraw {
            inside,
            secret: secret.clone(),
        }),
        Some(Spec::Secret(secret)) => Ok(Work::Deliver {
            inside,
            secret: secret.clone(),
            was: current
                .cloned()
                .filter(|_| change.reason == Some(Reason::UnknownValue)),
        }),
        Some(Spec::Extension(_)) if destroys => Ok(Work::Uninstall {
            inside,
            was: current.cloned(),
        }),
        Some(Spec::Extension(_)) => {
            lacking(apply, change, state)?;
            Ok(Work::Install {
                inside,
                // What is made anew has nothing of what was there.
                was: current.cloned().filter(|_| intent.step != StepKind::Create),
                anew: change.reason == Some(Reason::Reinstalled),
                broken: match &change.reason {
                    Some(Reason::Broken { tools }) => tools.clone(),
                    Some(_) | None => Vec::new(),
                },
            })
        }
        Some(
            Spec::Network(_) | Spec::Image(_) | Spec::Gpu(_) | Spec::Volume(_) | Spec::Machine(_),
        )
        | None => Err(nothing(address)),
    }
}

/// Refuses an extension that needs tools of another one which failed there.
fn lacking(apply: &Apply<'_>, change: &Change, state: &State) -> Result<(), Diagnostics> {
    let manifests = &apply.context.manifests;
    let Some(own) = manifests.of(change.address.leaf(), change.desired.as_deref()) else {
        return Ok(());
    };
    let mut findings = Vec::new();
    for on in &change.dependencies {
        let Some(object) = state.current(on) else {
            continue;
        };
        let Some(other) = manifests.of(on.leaf(), Some(&object.spec)) else {
            continue;
        };
        let Status::Partial { failed } = &object.status else {
            continue;
        };
        let needs = own.needs_of(other);
        for part in failed
            .iter()
            .filter(|part| needs.contains(&part.part.as_str()))
        {
            let summary = format!(
                "`{}` needs `{}` of `{}`, which failed there",
                change.address, part.part, other.name
            );
            findings.push(
                Diagnostic::error(Code::new("engine::tool-missing"), summary)
                    .because(part.reason.clone())
                    .on(change.address.clone())
                    .help(format!(
                        "mend what `sindri extension log {}` names; the next apply tries both again",
                        other.name
                    )),
            );
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings)
    }
}

fn record(effect: Effect) -> Work {
    Work::Record { effect, note: None }
}

/// Keeps a volume beyond its machine: in place, or deposed where another one takes its address.
fn retain(change: &Change, current: Option<&Arc<Object>>) -> Work {
    let Some(current) = current else {
        return record(Effect::Keep);
    };
    if change.desired.is_some() {
        return record(Effect::Depose);
    }
    record(Effect::Put(Box::new(Object {
        status: Status::Retained,
        ..(**current).clone()
    })))
}

/// A pin that no provider makes.
fn pin(change: &Change, intent: &Intent, spec: &Arc<Spec>) -> Work {
    let Some(provider) = spec.provider() else {
        return record(Effect::Keep);
    };
    record(Effect::Put(Box::new(Object {
        id: ObjectId::new(&change.address.to_string()),
        provider,
        operation: intent.operation.clone(),
        made_at: None,
        generation: intent.generation,
        spec: Arc::clone(spec),
        schema: Spec::SCHEMA,
        attributes: crate::resource::Attributes::default(),
        dependencies: change.dependencies.clone(),
        status: Status::Ready,
        incarnation: None,
    })))
}

/// The object that an adoption takes over: recorded as retained, or seen with our labels.
fn found(
    apply: &Apply<'_>,
    change: &Change,
    intent: &Intent,
    spec: &Arc<Spec>,
    current: Option<&Arc<Object>>,
) -> Result<Object, Diagnostics> {
    let seen = apply.observed.seen(&change.address);
    let provider = spec.provider().ok_or_else(|| nothing(&change.address))?;
    let id = seen
        .map(|seen| seen.id.clone())
        .or_else(|| current.map(|object| object.id.clone()))
        .ok_or_else(|| nothing(&change.address))?;
    let mut attributes = current.map(|o| o.attributes.clone()).unwrap_or_default();
    if let Some(image) = seen.and_then(|seen| seen.outputs.get("imageId")) {
        attributes.set("imageId", image.clone());
    }
    Ok(Object {
        id,
        provider,
        operation: seen
            .and_then(|seen| seen.operation.clone())
            .or_else(|| current.map(|object| object.operation.clone()))
            .unwrap_or_else(|| intent.operation.clone()),
        made_at: current.and_then(|object| object.made_at.clone()),
        generation: intent.generation,
        spec: Arc::clone(spec),
        schema: Spec::SCHEMA,
        attributes,
        dependencies: change.dependencies.clone(),
        status: Status::Ready,
        incarnation: seen.and_then(|seen| seen.incarnation.clone()),
    })
}

fn wanted(change: &Change) -> Result<&Arc<Spec>, Diagnostics> {
    change
        .desired
        .as_ref()
        .ok_or_else(|| nothing(&change.address))
}

fn standing(state: &State, dependencies: &[Address]) -> BTreeMap<Address, Arc<Object>> {
    dependencies
        .iter()
        .filter_map(|address| Some((address.clone(), Arc::clone(state.current(address)?))))
        .collect()
}

fn open(
    apply: &Apply<'_>,
    kind: crate::resource::ProviderKind,
    address: &Address,
) -> Result<Arc<dyn Provider>, Diagnostics> {
    apply.providers.provider(kind).map_err(|error| {
        let mut found = error.diagnose();
        for finding in &mut found {
            finding.address = Some(address.clone());
        }
        found
    })
}

fn nothing(address: &Address) -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("engine::nothing-there"),
            format!("`{address}` isn't recorded, and this step needs it"),
        )
        .help("run `sindri plan` to see how things stand now")
        .on(address.clone()),
    ]
}
