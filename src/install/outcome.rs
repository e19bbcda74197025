//! What a finished job comes to: pure, from what the machine reports.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::RegexBuilder;
use serde_json::json;

use super::bundle::{
    AFTER, BEFORE, CONFIGURE, DROPPED, OUTDATED, REMOVED, SERVICE, TAKING_AWAY, UPGRADE,
};
use super::error::{CheckFailure, InstallError, StepFailure};
use super::frames::Frame;
use super::printer::last_lines;
use super::{Installed, Job, Outcome, Purpose, ToolResult, ToolState};
use super::{resolved, service};
use crate::address::Address;
use crate::catalog::{Check, Manifest, Step};
use crate::resource::Attributes;
use crate::secret::Redactor;
use crate::state::PartFailure;

/// What a machine reports of a finished job.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// By step: what became of it.
    marks: BTreeMap<String, Mark>,
    /// By download: the architecture it was chosen for, and its checksum.
    pins: BTreeMap<String, (String, String)>,
    /// By step: what it printed last.
    tails: BTreeMap<String, Vec<u8>>,
    /// By validation: how it ended.
    pub(super) checks: BTreeMap<String, Answer>,
}

#[derive(Debug)]
struct Mark {
    state: ToolState,
    code: i32,
}

/// How a validation ended.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Its exit code; 124 where its time was up.
    pub(super) code: i32,
    /// The beginning of what it printed.
    pub(super) output: Vec<u8>,
}

impl Report {
    /// Takes a frame that belongs to a report.
    pub(super) fn take(&mut self, frame: Frame) {
        let mut words = frame.words.iter().map(String::as_str);
        match (words.next(), words.next()) {
            (Some("mark"), Some(id)) => {
                if let Some(mark) = mark(&frame.body) {
                    let id = id.strip_suffix(".failed").unwrap_or(id);
                    self.marks.insert(id.to_owned(), mark);
                }
            }
            (Some("pins"), _) => {
                let text = String::from_utf8_lossy(&frame.body);
                let pin = |line: &str| {
                    let (rest, sum) = line.rsplit_once(' ')?;
                    let (name, arch) = rest.rsplit_once(' ')?;
                    Some((name.to_owned(), (arch.to_owned(), sum.to_owned())))
                };
                self.pins.extend(text.lines().filter_map(pin));
            }
            (Some("tail"), Some(id)) => {
                self.tails.insert(id.to_owned(), frame.body);
            }
            (Some("check"), Some(id)) => {
                let code = words.next().and_then(|code| code.parse().ok()).unwrap_or(1);
                let output = frame.body;
                self.checks.insert(id.to_owned(), Answer { code, output });
            }
            _ => {}
        }
    }

    /// What a removal comes to.
    pub(super) fn removed(
        &self,
        address: &Address,
        redactor: &Redactor,
    ) -> Result<(), InstallError> {
        let failed = |(_, mark): &(&String, &Mark)| mark.state == ToolState::Failed;
        match self.marks.iter().find(failed) {
            None => Ok(()),
            Some((id, mark)) => Err(InstallError::Step(Box::new(StepFailure {
                address: address.clone(),
                tool: "removal".to_owned(),
                method: "remove",
                code: mark.code,
                seconds: 600,
                tail: self.tail(id, redactor),
            }))),
        }
    }

    fn tail(&self, id: &str, redactor: &Redactor) -> Vec<String> {
        self.tails
            .get(id)
            .map(|bytes| last_lines(bytes, redactor))
            .unwrap_or_default()
    }
}

fn mark(body: &[u8]) -> Option<Mark> {
    let text = std::str::from_utf8(body).ok()?;
    let mut words = text.split_whitespace();
    let state = match words.next()? {
        "done" => ToolState::Installed,
        "found" => ToolState::Found,
        "skipped" => ToolState::Skipped,
        "failed" => ToolState::Failed,
        _ => return None,
    };
    let code = words.next()?.parse().ok()?;
    Some(Mark { state, code })
}

/// What is wrong with a validation's answer, or the version it tells.
pub(super) fn judge(check: &Check, answer: Option<&Answer>) -> Result<Option<String>, String> {
    let Some(answer) = answer else {
        return Err("gave no answer".to_owned());
    };
    match answer.code {
        0 => {}
        124 => {
            return Err(format!(
                "gave no answer within {} s",
                check.timeout.as_secs()
            ));
        }
        127 => return Err("isn't there".to_owned()),
        code => return Err(format!("ends with exit code {code}")),
    }
    let text = String::from_utf8_lossy(&answer.output);
    if let Some(expected) = &check.expected {
        let pattern = RegexBuilder::new(expected)
            .multi_line(true)
            .build()
            .map_err(|_| format!("has an expected pattern that is none: `{expected}`"))?;
        if !pattern.is_match(&text.replace('\r', "")) {
            return Err(format!("prints nothing that matches `{expected}`"));
        }
    }
    Ok(version(&text))
}

/// Whether every validation of a manifest succeeds.
pub(super) fn validates(manifest: &Manifest, checks: &BTreeMap<String, Answer>) -> bool {
    !manifest.validate.is_empty()
        && manifest
            .validate
            .iter()
            .enumerate()
            .all(|(index, check)| judge(check, checks.get(&index.to_string())).is_ok())
}

/// The first thing in a text that looks like a version: numbers with dots.
fn version(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || ".-+_".contains(c)))
        .filter_map(|word| {
            let start = word.find(|c: char| c.is_ascii_digit())?;
            Some(word[start..].trim_end_matches(['.', '-', '_', '+']))
        })
        .find(|word| {
            let numbers = word
                .split('.')
                .take_while(|part| part.starts_with(|c: char| c.is_ascii_digit()));
            numbers.count() > 1 && word.len() < 64
        })
        .map(str::to_owned)
}

/// What the job comes to.
pub(super) fn conclude(
    job: &Job,
    address: &Address,
    found: bool,
    report: &Report,
    redactor: &Redactor,
) -> Result<Installed, InstallError> {
    let manifest = &job.manifest;
    let mut failed = Vec::new();
    for (index, step) in manifest.steps.iter().enumerate() {
        let id = (index + 1).to_string();
        let Some(mark) = report
            .marks
            .get(&id)
            .filter(|m| m.state == ToolState::Failed)
        else {
            continue;
        };
        let failure = failure(address, step, mark.code, report.tail(&id, redactor));
        if step.core || !manifest.continue_on_error {
            return Err(InstallError::Step(Box::new(failure)));
        }
        failed.push(PartFailure {
            part: step.tool.clone(),
            reason: reason(&failure),
        });
    }
    for (method, tool) in [
        (REMOVED, "the version before"),
        (DROPPED, "what the version before brought"),
        (UPGRADE, "script"),
        (OUTDATED, "what the version before brought"),
        (BEFORE, "hook"),
        (CONFIGURE, "configuration"),
        (AFTER, "hook"),
        (SERVICE, SERVICE),
    ] {
        let failed = |mark: &&Mark| mark.state == ToolState::Failed;
        if let Some(mark) = report.marks.get(method).filter(failed) {
            return Err(InstallError::Step(Box::new(StepFailure {
                address: address.clone(),
                tool: tool.to_owned(),
                method,
                code: mark.code,
                seconds: around(manifest, method),
                tail: report.tail(method, redactor),
            })));
        }
    }
    let versions = validate(manifest, address, report, redactor, &mut failed)?;
    let tools = tools(job, found, report, &failed, &versions);
    let mut attributes = Attributes::default();
    attributes.set("found", found);
    attributes.set("tools", json!(tools));
    attributes.set("versions", json!(versions));
    if !report.pins.is_empty() {
        let sums = report.pins.iter().map(|(name, (_, sum))| (name, sum));
        attributes.set("checksums", json!(sums.collect::<BTreeMap<_, _>>()));
    }
    resolved::note(&mut attributes, manifest, &report.pins, &tools);
    Ok(Installed {
        outcome: if failed.is_empty() {
            Outcome::Ready
        } else {
            Outcome::Partial { failed }
        },
        found,
        tools,
        attributes,
    })
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
        (None, None) => 120,
    }
}

fn failure(address: &Address, step: &Step, code: i32, tail: Vec<String>) -> StepFailure {
    StepFailure {
        address: address.clone(),
        tool: step.tool.clone(),
        method: step.action.method(),
        code,
        seconds: step.timeout.as_secs(),
        tail,
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

/// Judges the validations; one that belongs to a tool that isn't core may fail where the manifest
/// goes on after errors.
fn validate(
    manifest: &Manifest,
    address: &Address,
    report: &Report,
    redactor: &Redactor,
    failed: &mut Vec<PartFailure>,
) -> Result<BTreeMap<String, String>, InstallError> {
    let optional: BTreeSet<&str> = manifest
        .steps
        .iter()
        .filter(|step| manifest.continue_on_error && !step.core)
        .map(|step| step.tool.as_str())
        .collect();
    let mut versions = BTreeMap::new();
    for (index, check) in manifest.validate.iter().enumerate() {
        let answer = report.checks.get(&index.to_string());
        match judge(check, answer) {
            Ok(Some(version)) => {
                let version = redactor.redact(&version);
                versions.entry(check.tool.clone()).or_insert(version);
            }
            Ok(None) => {}
            Err(reason) if optional.contains(check.tool.as_str()) => {
                if !failed.iter().any(|part| part.part == check.tool) {
                    failed.push(PartFailure {
                        part: check.tool.clone(),
                        reason: format!("`{}` {reason}", command(check)),
                    });
                }
            }
            Err(reason) => {
                return Err(InstallError::Check(Box::new(CheckFailure {
                    address: address.clone(),
                    command: command(check),
                    reason,
                    tail: answer
                        .map(|answer| last_lines(&answer.output, redactor))
                        .unwrap_or_default(),
                })));
            }
        }
    }
    Ok(versions)
}

/// A validation's command line as a person would type it.
pub(super) fn command(check: &Check) -> String {
    let mut line = check.name.clone();
    for arg in &check.args {
        line.push(' ');
        line.push_str(arg);
    }
    line
}

fn tools(
    job: &Job,
    found: bool,
    report: &Report,
    failed: &[PartFailure],
    versions: &BTreeMap<String, String>,
) -> Vec<ToolResult> {
    let steps = &job.manifest.steps;
    steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let state = report.marks.get(&(index + 1).to_string()).map(|m| m.state);
            let kept = if found {
                ToolState::Found
            } else {
                ToolState::Installed
            };
            let mut result = state.unwrap_or(match &job.purpose {
                Purpose::Install | Purpose::Upgrade | Purpose::Reinstall => kept,
                Purpose::Retry(_) => ToolState::Installed,
            });
            if failed.iter().any(|part| part.part == step.tool) {
                result = ToolState::Failed;
            }
            let alone = steps.len() == 1 && versions.len() == 1;
            let version = versions
                .get(&step.tool)
                .or_else(|| versions.values().next().filter(|_| alone));
            ToolResult {
                name: step.tool.clone(),
                version: version.cloned(),
                result,
            }
        })
        .collect()
}
