//! Running one step: a task of its own, which talks to the dispatcher through values only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::dispatcher::Stop;
use super::outcome::{Ended, Outcome, Tools};
use super::task::task;
use super::work::{Inside, Prepared, Work};
use super::{halt, leftover};
use crate::address::{Address, Name};
use crate::catalog::{Manifest, Manifests};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::digest::FingerprintKey;
use crate::engine::{Event, Tool};
use crate::install::{self, Depot, InstallEvent, Installed, Job, Purpose, ToolResult};
use crate::provider::{
    Answer, Class, Delivery, Made, Progress, Provider, ProviderError, TakeRequest, UpdateRequest,
};
use crate::resource::{Attributes, Outbound, Power, SecretSpec, Spec};
use crate::secret::{Redactor, Value};
use crate::state::{Effect, Intent, Object, ObjectId, Status};

/// What every task may need.
pub struct Context {
    /// The manifests of the extensions to install or remove.
    pub manifests: Manifests,
    /// How machines reach the network, where that isn't plainly.
    pub outbound: BTreeMap<Name, Arc<Outbound>>,
    /// What this side keeps of downloads.
    pub depot: Option<Arc<Depot>>,
    /// The values of the secrets, where they are known.
    pub secrets: BTreeMap<Address, Value>,
    /// Removes them from everything that is shown.
    pub redactor: Redactor,
    /// Fingerprints them.
    pub key: FingerprintKey,
    /// The project's name, for what has no better address.
    pub unknown: Name,
}

impl Context {
    /// Nothing to work with.
    pub fn empty(unknown: Name) -> Self {
        Self {
            manifests: Manifests::default(),
            outbound: BTreeMap::new(),
            depot: None,
            secrets: BTreeMap::new(),
            redactor: Redactor::new([]),
            key: FingerprintKey::new(&[0; 32]),
            unknown,
        }
    }
}

/// How often a call is tried whose error says that nothing happened.
const TRIES: u32 = 4;

/// Runs a step to its end.
pub(super) async fn run(
    prepared: Prepared,
    context: &Context,
    progress: &UnboundedSender<Event>,
    stop: watch::Receiver<Stop>,
) -> Ended {
    let started = Instant::now();
    let address = prepared.intent.address.clone();
    let tell = |event| {
        // The dispatcher outlives its tasks; without it nobody is left to tell.
        let _gone = progress.send(event).is_err();
    };
    let halting = halt::Halting::of(&prepared.work);
    let performing = async {
        if let (Some(vigil), Some(inside)) = (&prepared.vigil, prepared.work.job()) {
            let on_progress = |text: &str| {
                tell(Event::Progress {
                    address: address.clone(),
                    text: text.to_owned(),
                    share: None,
                });
            };
            let (provider, machine) = (&inside.provider, &inside.machine);
            vigil.begin(provider, machine, &on_progress).await?;
        }
        perform(prepared.work, &prepared.intent, context, &tell).await
    };
    let performed = match halting {
        None => performing.await,
        Some(halting) => halting.unless_stopped(stop, performing).await,
    };
    let mut outcome = performed.unwrap_or_else(|diagnostics| Outcome::Failed {
        effect: Effect::Keep,
        diagnostics,
    });
    match &mut outcome {
        Outcome::Done { .. } => {}
        Outcome::Failed { diagnostics, .. } | Outcome::Unknown { diagnostics } => {
            for found in diagnostics {
                found.address.get_or_insert_with(|| address.clone());
                redact(found, &context.redactor);
            }
        }
    }
    Ended {
        step: prepared.step,
        intent: prepared.intent,
        outcome,
        elapsed: started.elapsed(),
    }
}

/// What a task that panicked is reported as.
pub(super) fn panicked(error: &tokio::task::JoinError) -> Diagnostic {
    Diagnostic::error(
        Code::new("engine::panic"),
        format!("a step ended by a fault in sindri itself: {error}"),
    )
    .help("the next apply settles what it left open; please report this")
}

async fn perform(
    work: Work,
    intent: &Intent,
    context: &Context,
    tell: &(dyn Fn(Event) + Send + Sync),
) -> Result<Outcome, Diagnostics> {
    let on_progress = |progress: Progress| {
        tell(Event::Progress {
            address: intent.address.clone(),
            text: progress.text,
            share: progress.share,
        });
    };
    match work {
        Work::Impossible(diagnostics) => Err(diagnostics),
        Work::Record { effect, note } => Ok(Outcome::Done {
            effect,
            id: None,
            note,
            tools: None,
        }),
        Work::Create {
            provider,
            request,
            dependencies,
        } => match attempt(|| provider.create(&request, &on_progress)).await {
            Ok(made) => {
                let spec = &request.spec;
                Ok(done(made, &*provider, intent, &dependencies, spec, None))
            }
            Err(error) => leftover::outcome(error, &*provider, &request, intent).await,
        },
        Work::Update {
            provider,
            request,
            dependencies,
        } => {
            let mut made = retry(|| provider.update(&request, &on_progress)).await?;
            let current = &request.current;
            for name in [Object::IMPORTED].into_iter().chain(Object::DOOR) {
                if let Some(kept) = current.attributes.get(name) {
                    made.attributes.set(name, kept.clone());
                }
            }
            let (spec, made_at) = (&request.wanted.spec, current.made_at.clone());
            Ok(done(made, &*provider, intent, &dependencies, spec, made_at))
        }
        Work::Take {
            provider,
            request,
            paths,
            dependencies,
        } => {
            let made = take(&*provider, &request, paths, intent, &on_progress).await?;
            let spec = &request.wanted.spec;
            Ok(done(made, &*provider, intent, &dependencies, spec, None))
        }
        Work::Delete { objects, effect } => {
            for (provider, request) in &objects {
                retry(|| provider.delete(request)).await?;
            }
            Ok(Outcome::Done {
                effect,
                id: None,
                note: None,
                tools: None,
            })
        }
        Work::Deliver {
            inside,
            secret,
            was,
        } => deliver(&inside, &secret, was.as_deref(), intent, context).await,
        Work::Withdraw { inside, secret } => {
            let (machine, target) = (&inside.machine, secret.target.as_ref());
            retry(|| inside.provider.withdraw(machine, &inside.name, target)).await?;
            Ok(removed())
        }
        Work::Install {
            inside,
            was,
            broken,
            anew,
        } => {
            wake(&inside).await?;
            let how = How {
                was: was.as_deref(),
                broken: &broken,
                anew,
            };
            put_in(&inside, &how, intent, context, tell).await
        }
        Work::Uninstall { inside, was } => {
            uninstall(&inside, was.as_deref(), intent, context, tell).await
        }
    }
}

/// Removes an extension from its machine.
async fn uninstall(
    inside: &Inside,
    was: Option<&Object>,
    intent: &Intent,
    context: &Context,
    tell: &(dyn Fn(Event) + Send + Sync),
) -> Result<Outcome, Diagnostics> {
    wake(inside).await?;
    let Some(manifest) = context
        .manifests
        .of(&inside.name, was.map(|was| &*was.spec))
    else {
        return Ok(Outcome::Done {
            effect: Effect::Remove,
            id: None,
            note: Some("its manifest is gone: left in the machine".to_owned()),
            tools: None,
        });
    };
    let on_event = |event| tell_install(&intent.address, event, tell);
    install::remove(
        &*inside.provider,
        &inside.machine,
        &job(
            inside,
            manifest,
            (Purpose::Install, BTreeSet::new()),
            context,
        ),
        &context.redactor,
        &on_event,
    )
    .await
    .map_err(|error| error.diagnose())?;
    Ok(removed())
}

/// Takes an object over, then changes in place what isn't as wanted.
async fn take(
    provider: &dyn Provider,
    request: &TakeRequest,
    paths: Vec<String>,
    intent: &Intent,
    on_progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Made, Diagnostics> {
    let mut made = retry(|| provider.take(request)).await?;
    if !paths.is_empty() {
        let spec = &request.wanted.spec;
        let current = object(made, provider, intent, &[], spec, None);
        let change = UpdateRequest {
            wanted: request.wanted.clone(),
            current: Arc::new(current),
            paths,
        };
        made = retry(|| provider.update(&change, on_progress)).await?;
    }
    made.attributes.set(Object::IMPORTED, request.id.as_str());
    Ok(made)
}

fn done(
    made: Made,
    provider: &dyn Provider,
    intent: &Intent,
    dependencies: &[Address],
    spec: &Arc<Spec>,
    made_at: Option<Address>,
) -> Outcome {
    let made = object(made, provider, intent, dependencies, spec, made_at);
    Outcome::Done {
        id: Some(made.id.clone()),
        effect: Effect::Put(Box::new(made)),
        note: None,
        tools: None,
    }
}

/// The record of an object as its provider made, changed or took it.
fn object(
    made: Made,
    provider: &dyn Provider,
    intent: &Intent,
    dependencies: &[Address],
    spec: &Arc<Spec>,
    made_at: Option<Address>,
) -> Object {
    Object {
        id: made.id,
        provider: provider.kind(),
        operation: intent.operation.clone(),
        made_at,
        generation: intent.generation,
        spec: Arc::clone(spec),
        schema: Spec::SCHEMA,
        attributes: made.attributes,
        dependencies: dependencies.to_vec(),
        status: Status::Ready,
        incarnation: made.incarnation,
    }
}

fn removed() -> Outcome {
    Outcome::Done {
        effect: Effect::Remove,
        id: None,
        note: None,
        tools: None,
    }
}

async fn wake(inside: &Inside) -> Result<(), Diagnostics> {
    if inside.wake {
        retry(|| inside.provider.set_power(&inside.machine, Power::Running)).await?;
    }
    Ok(())
}

async fn deliver(
    inside: &Inside,
    secret: &SecretSpec,
    was: Option<&Object>,
    intent: &Intent,
    context: &Context,
) -> Result<Outcome, Diagnostics> {
    let Some(value) = context.secrets.get(&intent.address) else {
        return Err(vec![
            Diagnostic::error(
                Code::new("secret::unavailable"),
                format!("`{}` has no value", intent.address),
            )
            .help("set it where its `source` says, then apply again"),
        ]);
    };
    let fingerprint = value.fingerprint(&context.key, inside.name.as_str());
    let spec = SecretSpec {
        fingerprint: Some(fingerprint.clone()),
        ..secret.clone()
    };
    let standing = was.map(|object| &*object.spec);
    let same = matches!(standing, Some(Spec::Secret(old)) if old.fingerprint == spec.fingerprint
        && old.target == spec.target);
    if !same {
        let delivery = Delivery {
            name: inside.name.clone(),
            value: zeroize::Zeroizing::new(value.expose().to_vec()),
            target: secret.target.clone(),
        };
        retry(|| inside.provider.deliver(&inside.machine, &delivery)).await?;
    }
    Ok(Outcome::Done {
        effect: Effect::Put(Box::new(in_machine(
            inside,
            intent,
            Arc::new(Spec::Secret(spec)),
            Attributes::default(),
            Status::Ready,
        ))),
        id: None,
        note: same.then(|| "already delivered".to_owned()),
        tools: None,
    })
}

/// What an installation goes by.
struct How<'a> {
    /// What is recorded.
    was: Option<&'a Object>,
    /// The tools that don't work any more.
    broken: &'a [String],
    /// Whether the version that stands is removed first.
    anew: bool,
}

async fn put_in(
    inside: &Inside,
    how: &How<'_>,
    intent: &Intent,
    context: &Context,
    tell: &(dyn Fn(Event) + Send + Sync),
) -> Result<Outcome, Diagnostics> {
    let manifest = context.manifests.of(&inside.name, inside.spec.as_deref());
    let (Some(manifest), Some(spec)) = (manifest, &inside.spec) else {
        return Err(vec![Diagnostic::error(
            Code::new("engine::no-manifest"),
            format!("the manifest of `{}` isn't at hand", inside.name),
        )]);
    };
    let task = if how.anew {
        (Purpose::Reinstall, BTreeSet::new())
    } else {
        task(manifest, spec, how.was, how.broken)
    };
    let job = job(inside, manifest, task, context);
    let picked_up = AtomicBool::new(false);
    let on_event = |event| {
        if matches!(event, InstallEvent::PickedUp) {
            picked_up.store(true, Ordering::Relaxed);
        }
        tell_install(&intent.address, event, tell);
    };
    let installed: Installed = install::install(
        &*inside.provider,
        &inside.machine,
        &job,
        &context.redactor,
        &on_event,
    )
    .await
    .map_err(|error| error.diagnose())?;
    let mut notes: Vec<String> = installed.note().into_iter().collect();
    if picked_up.into_inner() {
        notes.push("picked up where an earlier run left it".to_owned());
    }
    let note = (!notes.is_empty()).then(|| notes.join(", "));
    let tools = Tools {
        all: installed.tools.into_iter().map(told).collect(),
        partial: matches!(installed.outcome, install::Outcome::Partial { .. }),
        told: manifest.report_successes,
    };
    let status = match installed.outcome {
        install::Outcome::Ready => Status::Ready,
        install::Outcome::Partial { failed } => Status::Partial { failed },
    };
    let object = in_machine(
        inside,
        intent,
        Arc::clone(spec),
        installed.attributes,
        status,
    );
    Ok(Outcome::Done {
        effect: Effect::Put(Box::new(object)),
        id: None,
        note,
        tools: Some(tools),
    })
}

/// A tool's result in the executor's words.
fn told(tool: ToolResult) -> Tool {
    Tool {
        name: tool.name,
        version: tool.version,
        result: tool.result.as_str().to_owned(),
        reason: tool.reason,
        last_lines: tool.tail,
    }
}

fn job(
    inside: &Inside,
    manifest: &Arc<Manifest>,
    (purpose, drop): (Purpose, BTreeSet<String>),
    context: &Context,
) -> Job {
    let outbound = context.outbound.get(&inside.machine.name);
    let wanted = inside.spec.as_deref().and_then(Spec::extension);
    let tools = wanted.map(|spec| spec.tools.clone()).unwrap_or_default();
    Job {
        manifest: Arc::clone(manifest),
        purpose,
        tools,
        drop,
        incarnation: inside.object.incarnation.clone(),
        urgency: inside.urgency,
        outbound: outbound.cloned().unwrap_or_default(),
        depot: context.depot.clone(),
    }
}

/// What an installation tells, in the executor's words.
fn tell_install(address: &Address, event: InstallEvent, tell: &(dyn Fn(Event) + Send + Sync)) {
    if let InstallEvent::Output(line) = event {
        tell(Event::Output {
            address: address.clone(),
            line,
        });
        return;
    }
    let text = event.describe();
    tell(Event::Progress {
        address: address.clone(),
        text,
        share: None,
    });
}

/// The record of what lives in a machine.
fn in_machine(
    inside: &Inside,
    intent: &Intent,
    spec: Arc<Spec>,
    attributes: Attributes,
    status: Status,
) -> Object {
    Object {
        id: ObjectId::new(&format!("{}/{}", inside.machine.name, inside.name)),
        provider: inside.object.provider,
        operation: intent.operation.clone(),
        made_at: None,
        generation: inside.generation,
        spec,
        schema: Spec::SCHEMA,
        attributes,
        dependencies: inside.dependencies.clone(),
        status,
        incarnation: inside.object.incarnation.clone(),
    }
}

/// As [`attempt`], its error told.
pub(super) async fn retry<'a, T>(call: impl Fn() -> Answer<'a, T>) -> Result<T, Diagnostics> {
    attempt(call).await.map_err(|error| error.diagnose())
}

/// Tries a call again where its error says that nothing happened, or where its provider looks for
/// the operation's object before it makes one.
async fn attempt<'a, T>(call: impl Fn() -> Answer<'a, T>) -> Result<T, ProviderError> {
    let mut tried = 0;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        tried += 1;
        let pause = match error.class {
            Class::Retryable | Class::Ambiguous => Duration::from_millis(250 << tried),
            Class::Throttled(pause) => pause,
            Class::Conflict
            | Class::NotFound
            | Class::Denied
            | Class::Unreachable
            | Class::Invalid
            | Class::Failed => return Err(error),
        };
        if tried >= TRIES {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
    }
}

fn redact(found: &mut Diagnostic, redactor: &Redactor) {
    found.summary = redactor.redact(&found.summary);
    for cause in &mut found.causes {
        *cause = redactor.redact(cause);
    }
    if let Some(help) = &mut found.help {
        *help = redactor.redact(help);
    }
}
