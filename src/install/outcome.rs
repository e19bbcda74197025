//! What a machine reports of a finished job, and how validations are judged: pure.

use std::collections::BTreeMap;

use regex_lite::RegexBuilder;

use super::ToolState;
use super::choice::Choice;
use super::error::{InstallError, StepFailure};
use super::frames::Frame;
use super::printer::last_lines;
use crate::address::Address;
use crate::catalog::Check;
use crate::secret::Redactor;

/// What a machine reports of a finished job.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// By step: what became of it.
    pub(super) marks: BTreeMap<String, Mark>,
    /// By download: the architecture it was chosen for, and its checksum.
    pub(super) pins: BTreeMap<String, (String, String)>,
    /// By step: what it printed last.
    tails: BTreeMap<String, Vec<u8>>,
    /// By validation: how it ended.
    pub(super) checks: BTreeMap<String, Answer>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) state: ToolState,
    pub(super) code: i32,
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
                stand: Vec::new(),
                untried: Vec::new(),
            }))),
        }
    }

    /// How a step failed, where it did.
    pub(super) fn failed(&self, id: &str) -> Option<Mark> {
        let mark = self.marks.get(id).copied();
        mark.filter(|mark| mark.state == ToolState::Failed)
    }

    /// The last lines a step printed.
    pub(super) fn tail(&self, id: &str, redactor: &Redactor) -> Vec<String> {
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

/// Whether every validation of the tools chosen succeeds; false where there is none.
pub(super) fn validates(choice: Choice<'_>, checks: &BTreeMap<String, Answer>) -> bool {
    let mut all = choice.checks().peekable();
    all.peek().is_some()
        && all.all(|(number, check)| judge(check, checks.get(&number.to_string())).is_ok())
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

/// A validation's command line as a person would type it.
pub(super) fn command(check: &Check) -> String {
    let mut line = check.name.clone();
    for arg in &check.args {
        line.push(' ');
        line.push_str(arg);
    }
    line
}
