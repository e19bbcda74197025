//! Reading what an extension's last installation printed: while it runs, or as its machine kept it.

use std::sync::Mutex;
use std::time::Duration;

use serde::Deserialize;

use super::bundle::Place;
use super::error::InstallError;
use super::frames::{Frame, Frames};
use super::printer::Printer;
use super::quote::{add, quote};
use super::titles::Titles;
use super::transcript::Entry;
use super::{InstallEvent, ToolState};
use crate::address::Name;
use crate::provider::{Command, MachineRef, Reader};
use crate::secret::{Redactor, Value};

const FIND: &str = include_str!("shell/log.sh");
const FOLLOW: &str = include_str!("shell/follow.sh");

/// How long one look follows a job that runs.
const PATIENCE: Duration = Duration::from_secs(2);

/// What an installation printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The extension's version.
    pub version: Option<String>,
    /// The digest of what ran.
    pub content: Option<String>,
    /// When it ended, as the machine's clock has it.
    pub at: Option<String>,
    /// How it ended, or that it didn't.
    pub source: LogSource,
    /// Step by step, in the order in which they ran.
    pub steps: Vec<LogStep>,
}

/// Where an installation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// It runs.
    Running,
    /// It was broken off, and nobody has gone on with it yet.
    Interrupted,
    /// It is over: `ready`, `found`, `partial`, `failed`.
    Ended(String),
}

impl LogSource {
    /// The word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Ended(word) => word,
        }
    }
}

/// What one step printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStep {
    /// The tool it brings, or what it does.
    pub tool: String,
    /// How: `apt`, `npm`…
    pub method: String,
    /// What became of it, where it ended.
    pub result: Option<ToolState>,
    /// Its lines.
    pub lines: Vec<LogLine>,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLine {
    /// It was printed.
    Output(String),
    /// It says what happened.
    Note(String),
}

/// Reads what the last installation of an extension printed; none where the machine has nothing.
///
/// Where somebody listens, a job that runs is followed to its end. The values of `secrets`, by the
/// names under which the machine has them, are kept out of everything.
pub async fn log(
    reader: &dyn Reader,
    machine: &MachineRef,
    extension: &Name,
    secrets: &[Name],
    listener: Option<&(dyn Fn(InstallEvent) + Send + Sync)>,
) -> Result<Option<Log>, InstallError> {
    let looker = Looker {
        reader,
        machine,
        extension,
    };
    let first = looker.find(secrets).await?;
    let Some(job) = first.job.clone() else {
        let log = first.kept.as_deref().and_then(stored);
        return Ok(log.map(|(log, entries)| {
            tell(&entries, 0, listener);
            log
        }));
    };
    let (entries, over) = looker.follow(&job, &first, listener).await?;
    if over == "none" {
        // Whoever watched it closed it meanwhile: what was kept of it has the rest.
        let kept = looker.find(secrets).await?.kept;
        if let Some((log, all)) = kept.as_deref().and_then(stored) {
            let seen = entries.iter().filter(|entry| !is_note(entry)).count();
            tell(&all, seen, listener);
            return Ok(Some(log));
        }
    }
    Ok(Some(Log {
        version: first.about.version.clone(),
        content: first.about.content.clone(),
        at: None,
        source: match over.as_str() {
            "finished" => LogSource::Ended(first.result.unwrap_or_else(|| "finished".to_owned())),
            "more" => LogSource::Running,
            _ => LogSource::Interrupted,
        },
        steps: steps(&entries),
    }))
}

/// Looks for a job, and at it.
struct Looker<'a> {
    reader: &'a dyn Reader,
    machine: &'a MachineRef,
    extension: &'a Name,
}

/// What was found at first.
#[derive(Default)]
struct Found {
    job: Option<String>,
    titles: Titles,
    about: About,
    result: Option<String>,
    values: Vec<Value>,
    kept: Option<Vec<u8>>,
}

/// What a job's folder, or the first line of what was kept of it, says of it.
#[derive(Clone, Debug, Default, Deserialize)]
struct About {
    version: Option<String>,
    content: Option<String>,
    result: Option<String>,
}

impl Looker<'_> {
    async fn find(&self, secrets: &[Name]) -> Result<Found, InstallError> {
        let mut script = Place::of(self.machine).header();
        add(
            &mut script,
            &format!("extension={}\n{FIND}", quote(self.extension.as_str())),
        );
        script.push_str(
            "if [ -n \"$job\" ]; then
  word job \"${job##*/}\"
  for file in titles about result; do
    if [ -f \"$job/$file\" ]; then frame \"$file\" \"$job/$file\"; fi
  done
",
        );
        for name in secrets {
            add(
                &mut script,
                &format!(
                    "  printf '@sindri secret %s\\n%s\\n' \"$(printf %s \"${{{name}-}}\" | wc -c | tr -d ' ')\" \"${{{name}-}}\"\n"
                ),
            );
        }
        script.push_str(
            "elif [ -f \"$base/logs/$extension.jsonl\" ]; then
  frame kept \"$base/logs/$extension.jsonl\"
fi
exit 0
",
        );
        let mut found = Found::default();
        for frame in self.ask(script, Duration::ZERO).await? {
            let text = || String::from_utf8_lossy(&frame.body).into_owned();
            match frame.words.first().map(String::as_str) {
                Some("job") => found.job = frame.words.get(1).cloned(),
                Some("titles") => found.titles = Titles::from_text(&text()),
                Some("about") => {
                    found.about = serde_json::from_slice(&frame.body).unwrap_or_default();
                }
                Some("result") => found.result = Some(text().trim().to_owned()),
                Some("secret") if !frame.body.is_empty() => {
                    found.values.push(Value::new(frame.body.clone()));
                }
                Some("kept") => found.kept = Some(frame.body.clone()),
                Some(_) | None => {}
            }
        }
        Ok(found)
    }

    /// What a job has printed, and how it stands; where somebody listens, up to its end.
    async fn follow(
        &self,
        job: &str,
        found: &Found,
        listener: Option<&(dyn Fn(InstallEvent) + Send + Sync)>,
    ) -> Result<(Vec<Entry>, String), InstallError> {
        let redactor = Redactor::new(&found.values);
        let entries = Mutex::new(Vec::new());
        let tell = |event: InstallEvent| {
            if let Ok(mut entries) = entries.lock() {
                entries.push(Entry::of(&event));
            }
            if let Some(listener) = listener {
                listener(event);
            }
        };
        let patience = if listener.is_some() {
            PATIENCE
        } else {
            Duration::ZERO
        };
        let mut printer = Printer::new(found.titles.clone(), &redactor, &tell);
        let mut over = "none".to_owned();
        loop {
            let (piece, offset) = printer.place;
            let mut script = Place::of(self.machine).header();
            add(
                &mut script,
                &format!(
                    "job=$base/jobs/{}\nincarnation=$(cat \"$job/incarnation\" 2>/dev/null)\npiece={piece}\noffset={offset}\npatience={}\n{FOLLOW}",
                    quote(job),
                    patience.as_secs()
                ),
            );
            for frame in self.ask(script, patience).await? {
                let word = |at: usize| frame.words.get(at);
                let number = |at: usize| word(at).and_then(|word| word.parse().ok());
                match word(0).map(String::as_str) {
                    Some("output") => {
                        if let (Some(piece), Some(offset)) = (number(1), number(2)) {
                            printer.take(piece, offset, &frame.body);
                        }
                    }
                    Some("over") => over = word(1).cloned().unwrap_or_default(),
                    Some(_) | None => {}
                }
            }
            if over != "more" || listener.is_none() {
                break;
            }
        }
        printer.flush();
        drop(printer);
        let entries = entries.into_inner().unwrap_or_default();
        Ok((entries, over))
    }

    async fn ask(&self, script: String, patience: Duration) -> Result<Vec<Frame>, InstallError> {
        let command = Command {
            argv: ["sh", "-s"].map(str::to_owned).to_vec(),
            stdin: Some(script.into_bytes()),
            timeout: Some(patience + Duration::from_secs(60)),
            secrets: true,
            ..Command::default()
        };
        let answer = self.reader.ask(self.machine, &command).await;
        let output = answer.map_err(|source| InstallError::Machine {
            machine: self.machine.name.to_string(),
            source: Box::new(source),
        })?;
        Ok(Frames::default().push(&output.stdout))
    }
}

fn is_note(entry: &Entry) -> bool {
    matches!(entry, Entry::Note(_))
}

/// Tells entries to whoever listens, but for the first ones; notes aren't counted.
fn tell(entries: &[Entry], seen: usize, listener: Option<&(dyn Fn(InstallEvent) + Send + Sync)>) {
    let Some(listener) = listener else { return };
    let mut count = 0;
    for entry in entries {
        if is_note(entry) {
            continue;
        }
        count += 1;
        if count > seen {
            listener(event(entry));
        }
    }
}

/// An entry as the event it was kept of.
fn event(entry: &Entry) -> InstallEvent {
    match entry {
        Entry::Start { tool, method } => InstallEvent::Stage {
            what: tool.clone(),
            method: method.clone(),
        },
        Entry::Line(line) | Entry::Note(line) => InstallEvent::Output(line.clone()),
        Entry::End { tool, result } => InstallEvent::Ended {
            tool: tool.clone(),
            result: *result,
        },
    }
}

/// What was kept of an installation that is over; none where it can't be read.
fn stored(bytes: &[u8]) -> Option<(Log, Vec<Entry>)> {
    #[derive(Deserialize)]
    struct End {
        at: String,
    }
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let about: About = serde_json::from_str(lines.next()?).ok()?;
    let entries: Vec<Entry> = lines
        .clone()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let end = lines
        .next_back()
        .and_then(|line| serde_json::from_str::<End>(line).ok());
    let log = Log {
        version: about.version,
        content: about.content,
        at: end.map(|end| end.at),
        source: LogSource::Ended(about.result.unwrap_or_default()),
        steps: steps(&entries),
    };
    Some((log, entries))
}

/// Entries, put together step by step.
fn steps(entries: &[Entry]) -> Vec<LogStep> {
    let mut steps: Vec<LogStep> = Vec::new();
    for entry in entries {
        match entry {
            Entry::Start { tool, method } => steps.push(LogStep {
                tool: tool.clone(),
                method: method.clone(),
                result: None,
                lines: Vec::new(),
            }),
            Entry::End { tool, result } => {
                let mut open = steps.iter_mut().rev();
                match open.find(|step| step.tool == *tool && step.result.is_none()) {
                    Some(step) => step.result = Some(*result),
                    // It was there, or isn't meant for this machine: it never began.
                    None => steps.push(LogStep {
                        tool: tool.clone(),
                        method: String::new(),
                        result: Some(*result),
                        lines: Vec::new(),
                    }),
                }
            }
            Entry::Line(line) => line_of(&mut steps, LogLine::Output(line.clone())),
            Entry::Note(note) => line_of(&mut steps, LogLine::Note(note.clone())),
        }
    }
    steps
}

fn line_of(steps: &mut Vec<LogStep>, line: LogLine) {
    if steps.is_empty() {
        steps.push(LogStep {
            tool: "preparation".to_owned(),
            method: String::new(),
            result: None,
            lines: Vec::new(),
        });
    }
    if let Some(step) = steps.last_mut() {
        step.lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_reads_step_by_step_and_what_is_damaged_is_skipped() {
        let text = concat!(
            r#"{"extension":"kit","version":"1.0.0","content":"sha256:x","result":"partial","tools":[]}"#,
            "\n",
            r#"{"end":{"tool":"zero","result":"found"}}"#,
            "\n",
            r#"{"start":{"tool":"one","method":"npm"}}"#,
            "\n",
            r#"{"line":"working"}"#,
            "\nhalf a li\n",
            r#"{"note":"one failed; trying again in 2s"}"#,
            "\n",
            r#"{"end":{"tool":"one","result":"failed"}}"#,
            "\n",
            r#"{"at":"2026-01-01T00:00:00Z"}"#,
            "\n",
        );
        let (log, entries) = stored(text.as_bytes()).unwrap();
        assert_eq!(entries.len(), 5);
        assert_eq!(log.at.as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(log.source, LogSource::Ended("partial".to_owned()));
        let names: Vec<&str> = log.steps.iter().map(|step| step.tool.as_str()).collect();
        assert_eq!(names, ["zero", "one"]);
        assert_eq!(log.steps[1].result, Some(ToolState::Failed));
        assert_eq!(log.steps[1].lines.len(), 2);
        assert!(stored(b"no log\n").is_none());
    }
}
