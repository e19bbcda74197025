//! What an installation comes to, tool by tool: pure, from what the machine reports.

use std::collections::BTreeMap;

use serde_json::json;

use super::bundle::{
    AFTER, BEFORE, CONFIGURE, DROPPED, OUTDATED, REMOVED, SERVICE, TAKING_AWAY, UPGRADE,
};
use super::error::{CheckFailure, InstallError, StepFailure};
use super::outcome::{self, Report};
use super::printer::last_lines;
use super::{Installed, Job, Outcome, Purpose, ToolResult, ToolState, drop, resolved, service};
use crate::address::Address;
use crate::catalog::{Manifest, Step};
use crate::resource::Attributes;
use crate::secret::Redactor;
use crate::state::PartFailure;

/// A job's end.
pub(super) struct Concluded {
    /// What became of each tool, in the manifest's order.
    pub(super) tools: Vec<ToolResult>,
    /// What the job as a whole comes to.
    pub(super) result: Result<Installed, InstallError>,
}

/// What the job comes to; `found` where the machine had everything before.
pub(super) fn conclude(
    job: &Job,
    address: &Address,
    found: bool,
    report: &Report,
    redactor: &Redactor,
) -> Concluded {
    let mut end = Conclusion {
        job,
        address,
        report,
        redactor,
        tools: Vec::new(),
        versions: BTreeMap::new(),
    };
    end.steps(found);
    let result = end.verdict().map(|()| end.installed(found));
    Concluded {
        result,
        tools: end.tools,
    }
}

impl Concluded {
    /// How it ended, in the ledger's word.
    pub(super) fn word(&self) -> &'static str {
        match &self.result {
            Ok(installed) => match (&installed.outcome, installed.found) {
                (Outcome::Ready, true) => "found",
                (Outcome::Ready, false) => "ready",
                (Outcome::Partial { .. }, _) => "partial",
            },
            Err(_) => "failed",
        }
    }
}

struct Conclusion<'a> {
    job: &'a Job,
    address: &'a Address,
    report: &'a Report,
    redactor: &'a Redactor,
    tools: Vec<ToolResult>,
    versions: BTreeMap<String, String>,
}

impl Conclusion<'_> {
    /// What became of each tool by its steps; a tool may have one for each distribution.
    fn steps(&mut self, found: bool) {
        let over = self.report.marks.values().any(|mark| {
            // After a failure that counts, nothing else is tried.
            mark.state == ToolState::Failed
        });
        for (number, step) in self.job.choice().steps() {
            let id = number.to_string();
            let mark = self.report.marks.get(&id);
            let ran = self.job.runs(&step.tool, found);
            let state = match mark {
                Some(mark) => mark.state,
                None if found => ToolState::Found,
                None if ran && over => ToolState::Untried,
                None => ToolState::Installed,
            };
            let failure = self
                .report
                .failed(&id)
                .map(|mark| self.failure(&id, step, mark.code));
            let result = ToolResult {
                name: step.tool.clone(),
                version: None,
                result: state,
                reason: failure.as_ref().map(reason),
                tail: failure.map(|failure| failure.tail).unwrap_or_default(),
            };
            match self.tools.iter_mut().find(|one| one.name == step.tool) {
                None => self.tools.push(result),
                Some(other) => {
                    if weight(result.result) > weight(other.result) {
                        *other = result;
                    }
                }
            }
        }
    }

    /// Whether enough of it works: what failed and counts, or nothing.
    fn verdict(&mut self) -> Result<(), InstallError> {
        let manifest = &self.job.manifest;
        for (number, step) in self.job.choice().steps() {
            let id = number.to_string();
            if let Some(mark) = self.report.failed(&id)
                && counts(manifest, step)
            {
                return Err(self.broke_at(self.failure(&id, step, mark.code)));
            }
        }
        self.around()?;
        self.validate()?;
        let works = |one: &ToolResult| one.result.stands();
        let failed = |one: &ToolResult| one.result == ToolState::Failed;
        if self.tools.iter().any(failed) && !self.tools.iter().any(works) {
            return Err(InstallError::Nothing {
                address: self.address.clone(),
                failed: self.failed(),
            });
        }
        Ok(())
    }

    /// What runs around the steps, and tools that were to go.
    fn around(&self) -> Result<(), InstallError> {
        let fixed = [
            REMOVED, DROPPED, UPGRADE, OUTDATED, BEFORE, CONFIGURE, AFTER, SERVICE,
        ]
        .map(str::to_owned);
        let dropped = self
            .report
            .marks
            .keys()
            .filter(|id| id.starts_with("drop-"));
        for id in fixed.iter().chain(dropped) {
            let Some(mark) = self.report.failed(id) else {
                continue;
            };
            let (tool, method) = self.called(id);
            return Err(InstallError::Step(Box::new(StepFailure {
                address: self.address.clone(),
                tool,
                method,
                code: mark.code,
                seconds: around(&self.job.manifest, id),
                tail: self.report.tail(id, self.redactor),
                stand: Vec::new(),
                untried: Vec::new(),
            })));
        }
        Ok(())
    }

    /// What a step is called that brings no tool, and how it works.
    fn called(&self, id: &str) -> (String, &'static str) {
        match id {
            REMOVED => ("the version before".to_owned(), "remove"),
            DROPPED | OUTDATED => ("what the version before brought".to_owned(), "remove"),
            UPGRADE => ("script".to_owned(), UPGRADE),
            BEFORE => ("hook".to_owned(), BEFORE),
            CONFIGURE => ("configuration".to_owned(), CONFIGURE),
            AFTER => ("hook".to_owned(), AFTER),
            SERVICE => (SERVICE.to_owned(), SERVICE),
            other => (dropped(&self.job.manifest, other), "remove"),
        }
    }

    /// Judges the validations; one that belongs to a tool that isn't core may fail where the
    /// manifest goes on after errors.
    fn validate(&mut self) -> Result<(), InstallError> {
        let manifest = &self.job.manifest;
        let choice = self.job.choice();
        for (number, check) in choice.checks() {
            let answer = self.report.checks.get(&number.to_string());
            let reason = match outcome::judge(check, answer) {
                Ok(Some(version)) => {
                    let version = self.redactor.redact(&version);
                    self.versions.entry(check.tool.clone()).or_insert(version);
                    continue;
                }
                Ok(None) => continue,
                Err(reason) => reason,
            };
            let tail = answer
                .map(|answer| last_lines(&answer.output, self.redactor))
                .unwrap_or_default();
            let mut steps = choice.steps().filter(|(_, step)| step.tool == check.tool);
            let optional = steps
                .next()
                .is_some_and(|(_, step)| !counts(manifest, step));
            let tool = self.tools.iter_mut().find(|one| one.name == check.tool);
            match tool {
                Some(tool) if optional => {
                    if tool.result != ToolState::Failed && tool.result != ToolState::Skipped {
                        tool.result = ToolState::Failed;
                        tool.reason = Some(format!("`{}` {reason}", outcome::command(check)));
                        tool.tail = tail;
                    }
                }
                Some(_) | None => {
                    return Err(InstallError::Check(Box::new(CheckFailure {
                        address: self.address.clone(),
                        command: outcome::command(check),
                        reason,
                        tail,
                    })));
                }
            }
        }
        let alone = self.tools.len() == 1 && self.versions.len() == 1;
        for tool in &mut self.tools {
            let told = self.versions.get(&tool.name);
            let told = told.or_else(|| self.versions.values().next().filter(|_| alone));
            tool.version = told.filter(|_| tool.result.stands()).cloned();
        }
        Ok(())
    }

    fn installed(&self, found: bool) -> Installed {
        let failed = self.failed();
        let mut attributes = Attributes::default();
        attributes.set("found", found);
        attributes.set("tools", json!(self.tools));
        attributes.set("versions", json!(self.versions));
        if !self.report.pins.is_empty() {
            let sums = self.report.pins.iter().map(|(name, (_, sum))| (name, sum));
            attributes.set("checksums", json!(sums.collect::<BTreeMap<_, _>>()));
        }
        let manifest = &self.job.manifest;
        resolved::note(&mut attributes, manifest, &self.report.pins, &self.tools);
        let steps = &self.job.manifest.steps;
        Installed {
            outcome: if failed.is_empty() {
                Outcome::Ready
            } else {
                Outcome::Partial { failed }
            },
            found: found && self.job.purpose == Purpose::Install,
            tools: self.tools.clone(),
            left: steps
                .iter()
                .filter(|step| self.job.drop.contains(&step.tool) && drop::stays(step))
                .map(|step| step.tool.clone())
                .collect(),
            attributes,
        }
    }

    /// The tools that failed, and why.
    fn failed(&self) -> Vec<PartFailure> {
        let failed = self
            .tools
            .iter()
            .filter(|one| one.result == ToolState::Failed);
        failed
            .map(|one| PartFailure {
                part: one.name.clone(),
                reason: one.reason.clone().unwrap_or_default(),
            })
            .collect()
    }

    /// The failure that ends it, with what became of the other tools.
    fn broke_at(&self, failure: StepFailure) -> InstallError {
        let named = |wanted: fn(ToolState) -> bool| {
            let tools = self.tools.iter().filter(|one| wanted(one.result));
            tools.map(|one| one.name.clone()).collect()
        };
        InstallError::Step(Box::new(StepFailure {
            stand: named(ToolState::stands),
            untried: named(|state| state == ToolState::Untried),
            ..failure
        }))
    }

    fn failure(&self, id: &str, step: &Step, code: i32) -> StepFailure {
        StepFailure {
            address: self.address.clone(),
            tool: step.tool.clone(),
            method: step.action.method(),
            code,
            seconds: step.timeout.as_secs(),
            tail: self.report.tail(id, self.redactor),
            stand: Vec::new(),
            untried: Vec::new(),
        }
    }
}

/// Whether an extension fails with a step.
fn counts(manifest: &Manifest, step: &Step) -> bool {
    step.core || !manifest.continue_on_error
}

/// Which of two results of one tool is the one to tell: another distribution's step says nothing.
fn weight(state: ToolState) -> u8 {
    match state {
        ToolState::Skipped => 0,
        ToolState::Found => 1,
        ToolState::Installed => 2,
        ToolState::Untried => 3,
        ToolState::Failed => 4,
    }
}

/// The tool that a step of its going was about.
fn dropped(manifest: &Manifest, id: &str) -> String {
    let number = id
        .strip_prefix("drop-")
        .and_then(|n| n.parse::<usize>().ok());
    let step = number.and_then(|number| manifest.steps.get(number.checked_sub(1)?));
    step.map_or_else(|| id.to_owned(), |step| step.tool.clone())
}

/// The time of what runs around the steps, in seconds.
fn around(manifest: &Manifest, method: &str) -> u64 {
    if matches!(method, REMOVED | DROPPED | OUTDATED) {
        return TAKING_AWAY;
    }
    if let (UPGRADE, Some(script)) = (method, manifest.upgrade.in_place()) {
        return script.timeout.as_secs();
    }
    let hooks = &manifest.capabilities.hooks;
    let hook = match method {
        BEFORE => hooks.pre_install.as_ref(),
        AFTER => hooks.post_install.as_ref(),
        _ => None,
    };
    let service = service::wanted(manifest).filter(|_| method == SERVICE);
    match (hook, service) {
        (Some(hook), _) => hook.timeout.as_secs(),
        (None, Some(wanted)) => service::seconds(wanted),
        (None, None) if method.starts_with("drop-") => 600,
        (None, None) => 120,
    }
}

/// A failure in one line, as the state records it.
fn reason(failure: &StepFailure) -> String {
    let last = failure.tail.last().map(String::as_str).unwrap_or_default();
    let mut text = match failure.code {
        124 => format!("timed out after {} s", failure.seconds),
        code => format!("exit code {code}"),
    };
    if !last.is_empty() {
        text.push_str(": ");
        text.extend(last.chars().take(200));
    }
    text
}
