//! What a machine has before a job begins: a job that was left there, and tools that work already.

use std::collections::{BTreeMap, BTreeSet};

use super::Job;
use super::frames::Frame;
use super::ledger;
use super::outcome::{self, Answer, Report};

/// What was found before a job begins.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Whether an earlier call left a job: running, over or dead.
    pub(super) left: bool,
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
    report: Report,
    brought: BTreeSet<String>,
}

impl Surveyor {
    pub(super) fn take(&mut self, frame: Frame) {
        match frame.words.first().map(String::as_str) {
            Some("state") => self.left = frame.words.get(1).is_some_and(|state| state != "none"),
            Some("ledger") => self.brought = ledger::brought(&frame.body),
            _ => self.report.take(frame),
        }
    }

    /// What was found, where the job asks for it.
    pub(super) fn end(self, job: &Job, asks: bool) -> Survey {
        let mut there = There::default();
        if asks && !self.left {
            let checks = &self.report.checks;
            there.all = outcome::validates(job.choice(), checks);
            there.tools = working(job, checks);
            there.ours = self.brought;
        }
        Survey {
            left: self.left,
            there,
        }
    }
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
