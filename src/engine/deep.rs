//! Deep: what stands inside machines, one exec for each running machine, and what became of secrets
//! that providers keep.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::Readers;
use crate::address::{Address, Name};
use crate::catalog::Manifests;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::install::{self, Probe};
use crate::plan::{Observation, Observed, Seen};
use crate::provider::{MachineRef, Stray};
use crate::resource::{Attributes, Power};
use crate::secret::Redactor;
use crate::state::{Object, PartFailure, State};

/// What was found inside machines.
#[derive(Default)]
pub(super) struct Inside {
    pub(super) objects: BTreeMap<Address, Observation>,
    pub(super) findings: Diagnostics,
}

/// Validates every recorded extension of every running machine; a sleeping one is left asleep.
pub(super) async fn probe(
    readers: &dyn Readers,
    state: &State,
    observed: &Observed,
    manifests: &Manifests,
) -> Inside {
    let looks = state.resources.iter().filter_map(|(address, record)| {
        let (Address::Machine(name), Some(machine)) = (address, &record.current) else {
            return None;
        };
        let running = observed.seen(address)?.power != Some(Power::Stopped);
        running.then(|| look(readers, state, name, machine, manifests))
    });
    let kept = state.resources.iter().filter_map(|(address, record)| {
        let (Address::Machine(name), Some(machine)) = (address, &record.current) else {
            return None;
        };
        observed.seen(address)?;
        Some(secrets(readers, state, name, machine))
    });
    let mut all = Inside::default();
    let (inside, kept) = tokio::join!(join_all(looks), join_all(kept));
    for found in inside.into_iter().chain(kept) {
        all.objects.extend(found.objects);
        all.findings.extend(found.findings);
    }
    all
}

async fn look(
    readers: &dyn Readers,
    state: &State,
    name: &Name,
    machine: &Object,
    manifests: &Manifests,
) -> Inside {
    let extensions = recorded(state, name);
    let probes: Vec<Probe> = extensions
        .iter()
        .filter_map(|(extension, object)| {
            let spec = object.spec.extension()?;
            // What is recorded is asked in its own words, where they are at hand: another version's
            // would find fault with what is as it should be.
            let manifest = manifests.get(extension, &spec.content)?;
            Some(Probe {
                proves: manifest.content == spec.content,
                ..Probe::of(Arc::clone(manifest), object)
            })
        })
        .collect();
    let mut inside = Inside::default();
    if probes.is_empty() {
        return inside;
    }
    let target = MachineRef::of(name, machine);
    let answer = match readers.reader(machine.provider) {
        Ok(reader) => install::probe(&*reader, &target, &probes, &Redactor::new([]))
            .await
            .map_err(|error| error.diagnose()),
        Err(error) => Err(error.diagnose()),
    };
    match answer {
        Ok(results) => {
            for (extension, found) in results {
                let Some(object) = extensions.get(&extension) else {
                    continue;
                };
                let address = Address::Extension(name.clone(), extension);
                if found.beside.is_empty() {
                    let seen = present(object, found.broken);
                    inside.objects.insert(address, seen);
                } else {
                    inside.findings.push(broken(&address, &found.wrong));
                    inside.objects.insert(address, Observation::Absent);
                }
            }
        }
        Err(findings) => inside.findings.extend(on_machine(name, findings)),
    }
    inside
}

/// Asks a machine's provider what became of the secrets it keeps for it, asleep or not.
async fn secrets(readers: &dyn Readers, state: &State, name: &Name, machine: &Object) -> Inside {
    let recorded: BTreeMap<Name, &Object> = (state.resources.iter())
        .filter_map(|(address, record)| match address {
            Address::Secret(own, secret) if own == name => {
                Some((secret.clone(), &**record.current.as_ref()?))
            }
            _ => None,
        })
        .collect();
    let mut inside = Inside::default();
    if recorded.is_empty() {
        return inside;
    }
    let target = MachineRef::of(name, machine);
    let names: Vec<Name> = recorded.keys().cloned().collect();
    let answer = match readers.reader(machine.provider) {
        Ok(reader) => reader.stray(&target, &names).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(strays) => {
            for (secret, stray) in strays {
                let Some(object) = recorded.get(&secret) else {
                    continue;
                };
                let observation = match stray {
                    Stray::Gone => Observation::Absent,
                    Stray::Changed => other_value(object),
                };
                let address = Address::Secret(name.clone(), secret);
                inside.objects.insert(address, observation);
            }
        }
        Err(error) => inside.findings.extend(on_machine(name, error.diagnose())),
    }
    inside
}

/// Findings as ones of a machine, where they don't say whose they are.
fn on_machine(name: &Name, mut findings: Diagnostics) -> Diagnostics {
    for found in &mut findings {
        let address = || Address::Machine(name.clone());
        found.address.get_or_insert_with(address);
    }
    findings
}

/// A secret that isn't the one that was delivered; what it is now, nobody here knows.
fn other_value(object: &Object) -> Observation {
    let Observation::Present(mut seen) = present(object, Vec::new()) else {
        return Observation::Absent;
    };
    seen.attributes.set("fingerprint", "of another value");
    Observation::Present(seen)
}

fn recorded<'a>(state: &'a State, machine: &Name) -> BTreeMap<&'a Name, &'a Object> {
    state
        .resources
        .iter()
        .filter_map(|(address, record)| match address {
            Address::Extension(own, name) if own == machine => {
                Some((name, &**record.current.as_ref()?))
            }
            _ => None,
        })
        .collect()
}

/// As recorded, but for what doesn't work: what validates is what was installed.
fn present(object: &Object, broken: Vec<PartFailure>) -> Observation {
    Observation::Present(Box::new(Seen {
        id: object.id.clone(),
        operation: None,
        attributes: Attributes::default(),
        power: None,
        incarnation: None,
        outputs: Attributes::default(),
        broken,
    }))
}

fn broken(address: &Address, wrong: &[String]) -> Diagnostic {
    let mut found = Diagnostic::warning(
        Code::new("install::broken"),
        format!("`{address}` doesn't work in its machine any more"),
    )
    .on(address.clone())
    .help("the next apply with `--deep` installs it again");
    for text in wrong {
        found = found.because(text.clone());
    }
    found
}
