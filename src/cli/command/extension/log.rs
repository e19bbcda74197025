//! `sindri extension log`: what the last installation printed; nothing is changed.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::machine::pick;
use super::recorded::extension;
use crate::address::{Address, Name, NameRule};
use crate::cli::args::ExtensionLogArgs;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::config::Overrides;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit, did_you_mean};
use crate::engine::Readers;
use crate::install::{self, InstallEvent, Log, LogLine};
use crate::provider::MachineRef;
use crate::render::{self, LogEvent, Logged, LoggedStep};
use crate::resource::{Power, Spec};
use crate::state::{Object, State};

pub(super) fn run(session: &mut Session, args: &ExtensionLogArgs) -> Outcome {
    let state = session.state()?;
    let (machine, name, object) = find(session, state.as_ref(), args)?;
    if let Spec::Machine(spec) = &*object.spec
        && spec.power == Power::Stopped
    {
        return Err(vec![
            Diagnostic::error(
                Code::new("machine::stopped"),
                format!("machine `{machine}` is stopped: its logs are in it"),
            )
            .help(format!("`sindri start {machine}` starts it")),
        ]);
    }
    let address = Address::Extension(machine.clone(), name.clone());
    let target = MachineRef::of(&machine, &object);
    let secrets = secrets(state.as_ref(), &machine);
    let providers = session.providers();
    // From here on only the reading half of the providers is in sight.
    let readers: &dyn Readers = providers.readers();
    let reader = readers
        .reader(object.provider)
        .map_err(|error| error.diagnose())?;
    let runtime = small_runtime()?;
    let log: Result<_, Diagnostics> = if args.follow {
        let (tell, mut told) = mpsc::unbounded_channel();
        let listener = move |event: InstallEvent| {
            // Whoever reads outlives whoever tells.
            let _gone = tell.send(event).is_err();
        };
        let listener: Box<dyn Fn(InstallEvent) + Send + Sync> = Box::new(listener);
        runtime.block_on(async {
            let reading = async {
                let log = install::log(&*reader, &target, &name, &secrets, Some(&*listener)).await;
                drop(listener);
                log
            };
            tokio::pin!(reading);
            let mut log = None;
            loop {
                tokio::select! {
                    biased;
                    event = told.recv() => match event {
                        Some(event) => show(session, &event_of(event))?,
                        None => break,
                    },
                    ended = &mut reading, if log.is_none() => log = Some(ended),
                }
            }
            match log {
                Some(log) => Ok(log),
                None => Ok(reading.await),
            }
        })
    } else {
        Ok(runtime.block_on(install::log(&*reader, &target, &name, &secrets, None)))
    };
    let log = log?.map_err(|error| error.diagnose())?;
    let log = log.ok_or_else(|| nothing(&address))?;
    if args.follow {
        let state = log.source.as_str().to_owned();
        show(session, &LogEvent::Ended { state })?;
        return Ok(Exit::Done);
    }
    let log = logged(address, log);
    let text = if session.is_json() {
        render::extension_log_json(&log) + "\n"
    } else {
        render::extension_log_human(&log, &session.style())
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}

fn show(session: &mut Session, event: &LogEvent) -> Result<(), Diagnostics> {
    let text = if session.is_json() {
        render::log_event_json(event) + "\n"
    } else {
        render::log_event_human(event, &session.style())
    };
    session.answer(&text)
}

fn event_of(event: InstallEvent) -> LogEvent {
    match event {
        InstallEvent::Step { tool, method, .. } => LogEvent::StepStarted { tool, method },
        InstallEvent::Stage { what, method } => LogEvent::StepStarted { tool: what, method },
        InstallEvent::Validating => LogEvent::StepStarted {
            tool: "validation".to_owned(),
            method: String::new(),
        },
        InstallEvent::Output(line) => LogEvent::Line { line },
        InstallEvent::Ended { tool, result } => LogEvent::StepEnded {
            tool,
            result: result.as_str(),
        },
        other @ (InstallEvent::PickedUp
        | InstallEvent::Fetching { .. }
        | InstallEvent::HandingOver { .. }
        | InstallEvent::Waiting { .. }
        | InstallEvent::Retry { .. }) => LogEvent::Note {
            text: other.describe(),
        },
    }
}

fn logged(address: Address, log: Log) -> Logged {
    let steps = log.steps.into_iter().map(|step| {
        let mut lines = Vec::new();
        let mut notes = Vec::new();
        for line in step.lines {
            match line {
                LogLine::Output(line) => lines.push(line),
                LogLine::Note(note) => notes.push(note),
            }
        }
        LoggedStep {
            tool: step.tool,
            method: step.method,
            result: step.result.map(install::ToolState::as_str),
            lines,
            notes,
        }
    });
    Logged {
        address,
        version: log.version,
        content: log.content,
        at: log.at,
        state: log.source.as_str().to_owned(),
        steps: steps.collect(),
    }
}

/// The machine and the extension that are meant.
fn find(
    session: &Session,
    state: Option<&State>,
    args: &ExtensionLogArgs,
) -> Result<(Name, Name, Arc<Object>), Diagnostics> {
    let known = known(session, state);
    // `extension.dev.kit` is taken as `kit` in `dev`: people copy addresses from a plan.
    let address = args.name.parse::<Address>().ok();
    let address = address.as_ref().and_then(extension);
    let (typed_machine, typed) = match address {
        Some((machine, name)) => (Some(machine.as_str()), name.as_str()),
        None => (args.machine.as_deref(), args.name.as_str()),
    };
    let name = Name::parse(NameRule::Extension, typed).ok();
    let machines: Vec<&Name> = known
        .iter()
        .filter(|(_, other)| name.as_ref() == Some(other))
        .map(|(machine, _)| machine)
        .collect();
    let Some(name) = name.filter(|_| !machines.is_empty()) else {
        return Err(vec![unknown(typed, &known)]);
    };
    let (machine, object) = match (typed_machine, machines.as_slice()) {
        (Some(typed), _) => pick(state, Some(typed))?,
        (None, [one]) => pick(state, Some(one.as_str()))?,
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            return Err(vec![
                Diagnostic::error(
                    Code::new("machine::which"),
                    format!("`{name}` is in several machines, and one is needed"),
                )
                .help(format!(
                    "name one of them with `--machine`: {}",
                    names.join(", ")
                )),
            ]);
        }
    };
    Ok((machine, name, object))
}

/// Every machine that stands, with the extensions recorded or wanted in it: one that failed from
/// the start is recorded nowhere.
fn known(session: &Session, state: Option<&State>) -> Vec<(Name, Name)> {
    let stands = |machine: &Name| {
        state.is_some_and(|state| state.current(&Address::Machine(machine.clone())).is_some())
    };
    let recorded = state.iter().flat_map(|state| state.resources.keys());
    let project = session.project(Overrides::default()).ok();
    let wanted = project
        .iter()
        .flat_map(|project| project.desired.resources());
    let mut known: Vec<(Name, Name)> = recorded
        .chain(wanted.map(|wanted| &wanted.address))
        .filter_map(extension)
        .filter(|(machine, _)| stands(machine))
        .map(|(machine, name)| (machine.clone(), name.clone()))
        .collect();
    known.sort();
    known.dedup();
    known
}

fn unknown(typed: &str, known: &[(Name, Name)]) -> Diagnostic {
    let mut names: Vec<&str> = known.iter().map(|(_, name)| name.as_str()).collect();
    names.dedup();
    let help = match did_you_mean(typed, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => {
            "`sindri apply` installs what the configuration asks for".to_owned()
        }
        None => format!("the extensions of its machines are {}", names.join(", ")),
    };
    Diagnostic::error(
        Code::new("extension::not-installed"),
        format!(
            "no extension `{}` is recorded or wanted in a machine that stands",
            typed.escape_debug()
        ),
    )
    .help(help)
}

fn nothing(address: &Address) -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("extension::no-log"),
            format!("`{address}` has no log in its machine"),
        )
        .help("a log is kept of what was installed since the machine's root file system is there")
        .on(address.clone()),
    ]
}

/// The names of the secrets that a machine was given.
fn secrets(state: Option<&State>, machine: &Name) -> Vec<Name> {
    let recorded = state.iter().flat_map(|state| state.resources.keys());
    recorded
        .filter_map(|address| match address {
            Address::Secret(own, name) if own == machine => Some(name.clone()),
            Address::Secret(..)
            | Address::Machine(_)
            | Address::Network(_)
            | Address::Image(_)
            | Address::Gpu(_)
            | Address::Volume(..)
            | Address::Extension(..) => None,
        })
        .collect()
}
