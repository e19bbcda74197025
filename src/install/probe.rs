//! Looks inside a machine: do the extensions still validate, and does the ledger know them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize as _;

use super::bundle::{self, Place};
use super::choice::Choice;
use super::error::InstallError;
use super::frames::Frames;
use super::ledger::{self, LedgerEntry};
use super::outcome::{self, Report};
use super::quote::add;
use crate::address::Name;
use crate::catalog::{Check, Manifest};
use crate::provider::{Command, MachineRef, Reader};
use crate::resource::ExtensionSpec;
use crate::secret::Redactor;
use crate::state::{Object, PartFailure, Status};

/// One extension to be looked at.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What it should be.
    pub manifest: Arc<Manifest>,
    /// Whether its validations say anything about what is recorded: those of another version don't.
    pub proves: bool,
    /// What is recorded of it.
    pub recorded: Option<ExtensionSpec>,
    /// The versions its tools told when they were installed.
    pub versions: BTreeMap<String, String>,
    /// The tools of it that failed to install, and are known not to be there.
    pub failed: BTreeSet<String>,
}

impl Probe {
    /// What is to be looked at of a recorded extension.
    pub fn of(manifest: Arc<Manifest>, object: &Object) -> Self {
        let versions = object.attributes.get("versions");
        Self {
            manifest,
            proves: true,
            recorded: object.spec.extension().cloned(),
            versions: versions
                .and_then(|versions| BTreeMap::deserialize(versions).ok())
                .unwrap_or_default(),
            failed: match &object.status {
                Status::Partial { failed } => failed.iter().map(|part| part.part.clone()).collect(),
                Status::Ready | Status::Tainted | Status::Deleting | Status::Retained => {
                    BTreeSet::new()
                }
            },
        }
    }

    /// What proves the tools that should be there.
    fn checks(&self) -> impl Iterator<Item = (usize, &Check)> {
        self.choice().checks().filter(|_| self.proves)
    }

    /// The tools that should be there.
    fn choice(&self) -> Choice<'_> {
        let recorded = self.recorded.as_ref();
        Choice::of(
            &self.manifest,
            recorded.map_or(&[], |spec| spec.tools.as_slice()),
        )
    }
}

/// How one extension was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// What is wrong: validations that fail, a ledger that says otherwise. Empty: nothing.
    pub wrong: Vec<String>,
    /// The tools that don't work any more, or are older than they were, each once.
    pub broken: Vec<PartFailure>,
    /// What of it no validation told: a ledger that says otherwise.
    pub beside: Vec<String>,
    /// Every validation, in the manifest's order.
    pub checks: Vec<ProbedCheck>,
    /// The versions that validations told, by command.
    pub versions: BTreeMap<String, String>,
    /// The last entry of the machine's ledger about it.
    pub ledger: Option<LedgerEntry>,
}

/// How one validation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbedCheck {
    /// The tool it proves.
    pub tool: String,
    /// The command line that ran.
    pub command: String,
    /// The version it told.
    pub version: Option<String>,
    /// Why it failed; none: it didn't.
    pub reason: Option<String>,
}

/// Looks at extensions of one running machine, in a single exec.
pub async fn probe(
    reader: &dyn Reader,
    machine: &MachineRef,
    probes: &[Probe],
    redactor: &Redactor,
) -> Result<BTreeMap<Name, Probed>, InstallError> {
    let command = Command {
        argv: ["sh", "-s"].map(str::to_owned).to_vec(),
        stdin: Some(script(machine, probes).into_bytes()),
        timeout: Some(patience(probes)),
        secrets: true,
        ..Command::default()
    };
    let output = reader
        .ask(machine, &command)
        .await
        .map_err(|source| InstallError::Machine {
            machine: machine.name.to_string(),
            source: Box::new(source),
        })?;
    let mut report = Report::default();
    let mut entries = BTreeMap::new();
    for frame in Frames::default().push(&output.stdout) {
        if frame.words.first().is_some_and(|word| word == "ledger") {
            entries = ledger::entries(&frame.body);
        } else {
            report.take(frame);
        }
    }
    let look = |(index, probe): (usize, &Probe)| {
        let name = probe.manifest.name.clone();
        let entry = entries.get(name.as_str()).cloned();
        (name, judge(index, probe, &report, entry, redactor))
    };
    Ok(probes.iter().enumerate().map(look).collect())
}

fn script(machine: &MachineRef, probes: &[Probe]) -> String {
    let mut script = Place::of(machine).header();
    script.push_str("show=2048\nscratch=$(mktemp -d) || exit 1\nprofile\n");
    for (index, probe) in probes.iter().enumerate() {
        if !probe.proves {
            continue;
        }
        let prefix = format!("{index}.");
        script.push_str(&bundle::checks(probe.choice(), &prefix));
        for (number, _) in probe.checks() {
            add(&mut script, &format!("checked {prefix}{number}\n"));
        }
    }
    add(
        &mut script,
        &format!(
            "ledger={}\nif [ -f \"$ledger\" ]; then tail -c 262144 \"$ledger\" >\"$scratch/ledger\" && frame ledger \"$scratch/ledger\"; fi\nrm -rf \"$scratch\"\nexit 0\n",
            ledger::path(machine)
        ),
    );
    script
}

/// Long enough for every validation to use up its time, four at once.
fn patience(probes: &[Probe]) -> Duration {
    let sum: Duration = probes
        .iter()
        .flat_map(Probe::checks)
        .map(|(_, check)| check.timeout + Duration::from_secs(4))
        .sum();
    sum + Duration::from_secs(30)
}

fn judge(
    index: usize,
    probe: &Probe,
    report: &Report,
    ledger: Option<LedgerEntry>,
    redactor: &Redactor,
) -> Probed {
    let mut probed = Probed {
        ledger,
        ..Probed::default()
    };
    for (number, check) in probe.checks() {
        let command = outcome::command(check);
        let answer = report.checks.get(&format!("{index}.{number}"));
        let (version, reason) = match outcome::judge(check, answer) {
            Ok(version) => (version.map(|version| redactor.redact(&version)), None),
            Err(reason) => (None, Some(reason)),
        };
        if let Some(version) = &version {
            let versions = probed.versions.entry(check.tool.clone());
            versions.or_insert_with(|| version.clone());
        }
        let older = match (&version, probe.versions.get(&check.tool)) {
            (Some(now), Some(then)) if is_older(now, then) => {
                Some(format!("tells version {now}; {then} was installed"))
            }
            (Some(_) | None, Some(_) | None) => None,
        };
        let reason = reason.or(older);
        if let Some(reason) = &reason {
            let text = format!("`{command}` {reason}");
            let known = |part: &PartFailure| part.part == check.tool;
            if !probe.failed.contains(&check.tool) && !probed.broken.iter().any(known) {
                probed.broken.push(PartFailure {
                    part: check.tool.clone(),
                    reason: text.clone(),
                });
            }
            probed.wrong.push(text);
        }
        probed.checks.push(ProbedCheck {
            tool: check.tool.clone(),
            command,
            version,
            reason,
        });
    }
    if let (Some(recorded), Some(entry)) = (&probe.recorded, &probed.ledger) {
        if entry.result == "removed" {
            probed
                .beside
                .push("the machine's ledger says it was removed".to_owned());
        } else if entry.content != recorded.content.as_str() {
            probed.beside.push(format!(
                "the machine's ledger names version {}, the state {}",
                entry.version, recorded.version
            ));
        }
    }
    probed.wrong.extend_from_slice(&probed.beside);
    probed
}

/// Whether a version is lower than another, number by number; of what isn't numbers nothing is said.
fn is_older(now: &str, then: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.split(['.', '-', '+', '_']);
        parts.map_while(|part| part.parse().ok()).collect()
    };
    let (now, then) = (numbers(now), numbers(then));
    !now.is_empty() && !then.is_empty() && now < then
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn only_a_lower_version_is_an_older_one() {
        for (now, then) in [("1.6", "1.7.1"), ("1.9.9", "1.10.0"), ("2.0-rc1", "2.0.1")] {
            assert!(is_older(now, then), "{now} {then}");
            assert!(!is_older(then, now), "{then} {now}");
        }
        for (now, then) in [("1.7.1", "1.7.1"), ("nightly", "1.0"), ("1.0", "v")] {
            assert!(!is_older(now, then), "{now} {then}");
        }
    }
}
