//! What a machine has before a job begins: a job that was left there, and tools that work already.

use std::collections::{BTreeMap, BTreeSet};

use super::bundle;
use super::frames::Frame;
use super::ledger;
use super::outcome::{self, Answer, Report};
use super::quote::quote;
use super::{Job, Purpose};
use crate::provider::MachineRef;

/// What was found before a job begins.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Whether an earlier call left a job: running, over or dead.
    pub(super) left: bool,
    /// Whether steps of it are still to run.
    pub(super) open: bool,
    /// What the machine calls its architecture.
    pub(super) arch: String,
    /// The downloads, by checksum, that it doesn't keep.
    pub(super) absent: BTreeSet<String>,
    /// What of it is there.
    pub(super) there: There,
}

/// What of an extension a machine has already.
#[derive(Debug, Default)]
pub(super) struct There {
    /// Whether every validation succeeds.
    pub(super) all: bool,
    /// The tools whose own validations succeed.
    pub(super) tools: BTreeSet<String>,
    /// The tools that the machine's ledger knows as brought by this extension, into this root file
    /// system or an earlier one that the volume outlived.
    pub(super) ours: BTreeSet<String>,
}

/// Takes a survey's frames.
#[derive(Default)]
pub(super) struct Surveyor {
    left: bool,
    open: bool,
    arch: String,
    absent: BTreeSet<String>,
    report: Report,
    /// The last line of the machine's ledger about the extension.
    ledger: Vec<u8>,
}

impl Surveyor {
    pub(super) fn take(&mut self, frame: Frame) {
        match frame.words.first().map(String::as_str) {
            Some("state") => self.take_state(frame.words.get(1).map_or("none", String::as_str)),
            Some("arch") => self.arch = frame.words.get(1).cloned().unwrap_or_default(),
            Some("absent") => self.absent.extend(frame.words.get(1).cloned()),
            Some("ledger") => self.ledger = frame.body,
            _ => self.report.take(frame),
        }
    }

    fn take_state(&mut self, state: &str) {
        self.left = state != "none";
        self.open = matches!(state, "none" | "dead");
    }

    /// What was found, where the job asks for it; of what was there before an upgrade nothing counts,
    /// unless the machine knows that the upgrade is done.
    pub(super) fn end(self, job: &Job, root: &str) -> Survey {
        let mut there = There::default();
        let counts = match job.purpose {
            Purpose::Install => true,
            Purpose::Upgrade | Purpose::Reinstall => ledger::is_done(&self.ledger, job, root),
            Purpose::Retry(_) | Purpose::Heal(_) => false,
        };
        if counts && !self.left {
            let checks = &self.report.checks;
            // Of an upgrade that is done and proves nothing, the machine's word is all there is.
            let unproven = job.choice().checks().next().is_none();
            there.all = outcome::validates(job.choice(), checks)
                || (unproven && job.purpose != Purpose::Install);
            there.tools = working(job, checks);
            there.ours = ledger::brought(&self.ledger);
        }
        Survey {
            left: self.left,
            open: self.open,
            arch: self.arch,
            absent: self.absent,
            there,
        }
    }
}

/// The lines that ask what of an extension the machine has already, where that counts for the job.
pub(super) fn question(machine: &MachineRef, job: &Job) -> String {
    let choice = job.choice();
    let unless_done = match job.purpose {
        Purpose::Install if choice.checks().next().is_some() => String::new(),
        Purpose::Upgrade | Purpose::Reinstall => format!(
            "grep -qsF {} \"$scratch/ledger\" || {{ rm -rf \"$scratch\"; exit 0; }}\n",
            quote(job.manifest.content.as_str())
        ),
        Purpose::Install | Purpose::Retry(_) | Purpose::Heal(_) => return String::new(),
    };
    let numbers = choice.checks().map(|(number, _)| number.to_string());
    format!(
        "scratch=$(mktemp -d) || exit 0\n{}{unless_done}profile\n{}for id in {}; do checked \"$id\"; done\nrm -rf \"$scratch\"\n",
        ledger::last(machine, job),
        bundle::checks(choice, ""),
        numbers.collect::<Vec<_>>().join(" "),
    )
}

/// The tools that have validations of their own, all of which succeed.
fn working(job: &Job, checks: &BTreeMap<String, Answer>) -> BTreeSet<String> {
    let mut verdicts: BTreeMap<&str, bool> = BTreeMap::new();
    for (number, check) in job.choice().checks() {
        let works = outcome::judge(check, checks.get(&number.to_string())).is_ok();
        *verdicts.entry(&check.tool).or_insert(true) &= works;
    }
    let working = verdicts.into_iter().filter(|(_, works)| *works);
    working.map(|(tool, _)| tool.to_owned()).collect()
}
