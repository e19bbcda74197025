//! `sindri extension validate`: do the extensions work in their machines; nothing is changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::browse::Browsed;
use super::super::machine::pick;
use super::recorded;
use crate::address::{Address, Name};
use crate::catalog::Manifest;
use crate::cli::args::ExtensionValidateArgs;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit, did_you_mean};
use crate::engine::Readers;
use crate::install::{self, Probe, Probed};
use crate::provider::MachineRef;
use crate::render::{self, Checked, Installation, Validated};
use crate::resource::{Power, Spec};
use crate::secret::Redactor;
use crate::state::{Object, State};

pub(super) fn run(session: &mut Session, args: &ExtensionValidateArgs) -> Outcome {
    let state = session.state()?;
    let machine = match &args.machine {
        Some(named) => pick(state.as_ref(), Some(named)).map(|(name, _)| Some(name))?,
        None => None,
    };
    let mut installed = recorded::all(state.as_ref(), machine.as_ref());
    if let Some(named) = &args.name {
        narrow(&mut installed, named)?;
    }
    if installed.is_empty() && !session.is_json() {
        session.answer("No extension is recorded in a machine.\n")?;
        return Ok(Exit::Done);
    }
    let browsed = Browsed::open(session)?;
    let providers = session.providers();
    // From here on only the reading half of the providers is in sight.
    let readers: &dyn Readers = providers.readers();
    let runtime = small_runtime()?;
    let mut validated = Vec::new();
    let mut findings = Diagnostics::new();
    let machines: BTreeSet<&Name> = installed.iter().map(|one| &one.machine).collect();
    for name in machines {
        let own: Vec<&Installation> = installed.iter().filter(|i| i.machine == *name).collect();
        let (probes, unknown) = probes(&browsed, &own);
        findings.extend(unknown);
        let Some(object) = standing(state.as_ref(), name, &mut findings) else {
            continue;
        };
        let target = MachineRef::of(name, object);
        let answer = match readers.reader(object.provider) {
            Ok(reader) => runtime
                .block_on(install::probe(
                    &*reader,
                    &target,
                    &probes,
                    &Redactor::new([]),
                ))
                .map_err(|error| error.diagnose()),
            Err(error) => Err(error.diagnose()),
        };
        match answer {
            Ok(found) => validated.extend(
                found
                    .into_iter()
                    .map(|(extension, probed)| judged(name, extension, probed)),
            ),
            Err(found) => findings.extend(found.into_iter().map(|mut one| {
                one.address
                    .get_or_insert_with(|| Address::Machine(name.clone()));
                one
            })),
        }
    }
    answer(session, &validated, &findings)
}

fn answer(session: &mut Session, validated: &[Validated], findings: &Diagnostics) -> Outcome {
    let text = if session.is_json() {
        render::validation_json(validated, findings) + "\n"
    } else {
        render::validation_human(validated, &session.style())
    };
    session.answer(&text)?;
    session.warn(findings);
    let broken = validated.iter().any(|one| !one.valid);
    Ok(if broken || findings.iter().any(Diagnostic::is_error) {
        Exit::Error
    } else {
        Exit::Done
    })
}

/// Leaves the extension that was named.
fn narrow(installed: &mut Vec<Installation>, typed: &str) -> Result<(), Diagnostics> {
    let names: BTreeSet<String> = installed.iter().map(|one| one.name.to_string()).collect();
    if !names.contains(typed) {
        let near = did_you_mean(typed, names.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => {
                "`sindri apply` installs what the configuration asks for".to_owned()
            }
            None => format!(
                "recorded are {}",
                names.iter().cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        let found = Diagnostic::error(
            Code::new("extension::not-installed"),
            format!("no extension `{typed}` is recorded in a machine"),
        );
        return Err(vec![found.help(help)]);
    }
    installed.retain(|one| one.name.as_str() == typed);
    Ok(())
}

/// What to look at, and which extensions nobody knows any more.
fn probes(browsed: &Browsed, installed: &[&Installation]) -> (Vec<Probe>, Diagnostics) {
    let mut probes = Vec::new();
    let mut findings = Vec::new();
    for one in installed {
        let Some(object) = &one.object else {
            continue;
        };
        match browsed.installed(&one.name, object) {
            Ok(manifest) => {
                findings.extend(otherwise(&one.machine, &manifest, object));
                probes.push(Probe::of(manifest, object));
            }
            Err(mut found) => findings.append(&mut found),
        }
    }
    (probes, findings)
}

/// Says that an extension is validated as another version than the one installed, whose own words
/// nobody has any more.
fn otherwise(machine: &Name, manifest: &Manifest, object: &Object) -> Option<Diagnostic> {
    let spec = object.spec.extension()?;
    if spec.content == manifest.content {
        return None;
    }
    let address = Address::Extension(machine.clone(), manifest.name.clone());
    let what = if spec.version == manifest.version {
        format!("with another content of {}", spec.version)
    } else {
        format!("in {}", spec.version)
    };
    let found = Diagnostic::warning(
        Code::new("extension::installed-otherwise"),
        format!(
            "`{address}` is installed {what}, and validated as {}",
            manifest.version
        ),
    );
    Some(
        found
            .because("the validations of what is installed aren't at hand any more")
            .help("what fails may be right for what is installed; `sindri plan` says what becomes of it")
            .on(address),
    )
}

/// The machine, where it can be looked into; a stopped one is left asleep.
fn standing<'a>(
    state: Option<&'a State>,
    name: &Name,
    findings: &mut Diagnostics,
) -> Option<&'a Arc<Object>> {
    let address = Address::Machine(name.clone());
    let object = state?.current(&address)?;
    if let Spec::Machine(spec) = &*object.spec
        && spec.power == Power::Stopped
    {
        let found = Diagnostic::error(
            Code::new("machine::stopped"),
            format!("machine `{name}` is stopped: nothing in it could be validated"),
        );
        findings.push(
            found
                .on(address)
                .help(format!("`sindri start {name}` starts it")),
        );
        return None;
    }
    Some(object)
}

fn judged(machine: &Name, name: Name, probed: Probed) -> Validated {
    Validated {
        machine: machine.clone(),
        name,
        valid: probed.wrong.is_empty(),
        wrong: probed.beside,
        checks: probed
            .checks
            .into_iter()
            .map(|check| Checked {
                tool: check.tool,
                command: check.command,
                version: check.version,
                reason: check.reason,
            })
            .collect(),
    }
}
