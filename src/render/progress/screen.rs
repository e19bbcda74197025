//! What runs and since when: events in, lines out.

use std::collections::VecDeque;
use std::time::Duration;

use super::words;
use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::engine::Event;
use crate::render::diagnostic::message;
use crate::render::page::{Page, Style, Tone};
use crate::render::text::{clean, count, cut, duration, short_id, shorten};
use crate::state::{ObjectId, StepKind};

/// How often a log says that something still runs.
const STILL: Duration = Duration::from_secs(10);
/// Lines of output kept of each running resource, shown when it fails.
const TAIL: usize = 10;
/// Longer lines of output are cut.
const LINE_MAX: usize = 240;

/// What runs, fed with events and the time since the command began; it has no clock of its own.
///
/// In a log, [`feed`](Self::feed) and [`tick`](Self::tick) give lines to print. On a terminal,
/// `feed` gives the lines that stay, and [`block`](Self::block) the lines below them that are
/// painted over each time.
#[derive(Debug)]
pub struct Progress {
    style: Style,
    is_live: bool,
    total: Option<usize>,
    ended: usize,
    running: Vec<Running>,
    refreshing: Option<(usize, Duration)>,
    is_stopping: bool,
}

#[derive(Debug)]
struct Running {
    address: Address,
    step: StepKind,
    since: Duration,
    /// When a log last spoke of it.
    said: Duration,
    text: String,
    share: Option<(u64, u64)>,
    tail: VecDeque<String>,
}

impl Progress {
    /// For a log: one line when something starts, while it lasts and when it ends.
    pub fn plain(style: &Style) -> Self {
        Self {
            style: *style,
            is_live: false,
            total: None,
            ended: 0,
            running: Vec::new(),
            refreshing: None,
            is_stopping: false,
        }
    }

    /// For a terminal: a line when something has ended, and a block of what runs.
    pub fn live(style: &Style) -> Self {
        Self {
            is_live: true,
            ..Self::plain(style)
        }
    }

    /// Says how many steps there will be.
    #[must_use]
    pub fn with_total(mut self, steps: usize) -> Self {
        self.total = Some(steps);
        self
    }

    /// Takes an event at a time since the start and gives the lines that stay.
    pub fn feed(&mut self, event: &Event, at: Duration) -> Vec<String> {
        match event {
            Event::Waiting(diagnostic) => {
                let help = diagnostic.help.as_deref().unwrap_or_default();
                let text = format!("Waiting: {} {help}", message(diagnostic));
                vec![clean(text.trim_end()).into_owned()]
            }
            Event::Recovered { address, text } => {
                vec![self.line(
                    address,
                    Tone::Changed,
                    &format!("Recovered: {}", clean(text)),
                )]
            }
            Event::Noted { address, text } => {
                vec![self.line(address, Tone::Faint, &clean(text))]
            }
            Event::Warned(diagnostic) => self.warned(diagnostic),
            Event::Refreshing { resources } => {
                self.refreshing = Some((*resources, at));
                let text = format!("Refreshing {}...", count(*resources, "resource"));
                self.only_plain(text)
            }
            Event::Refreshed { elapsed } => {
                self.refreshing = None;
                if *elapsed < Duration::from_secs(1) {
                    return Vec::new();
                }
                vec![format!("Refreshed after {}", duration(*elapsed))]
            }
            Event::Started { address, step, id } => self.start(address, *step, id.as_ref(), at),
            Event::Progress {
                address,
                text,
                share,
            } => {
                if let Some(running) = self.find(address) {
                    text.clone_into(&mut running.text);
                    running.share = *share;
                }
                Vec::new()
            }
            Event::Output { address, line } => {
                self.output(address, line);
                Vec::new()
            }
            Event::Finished {
                address,
                step,
                id,
                elapsed,
                note,
                tools: _,
            } => {
                self.end(address);
                let what = format!("{} complete", words::noun(*step));
                let id = id.as_ref().filter(|_| *step != StepKind::Destroy);
                vec![self.finished(address, &what, *elapsed, id, note.as_deref())]
            }
            Event::Failed {
                address,
                step,
                diagnostics,
                elapsed,
            } => self.failed(address, *step, diagnostics, *elapsed),
            Event::Skipped {
                address, because, ..
            } => {
                self.ended += 1;
                let why = match because {
                    Some(because) => format!("Skipped, since {because} failed"),
                    None => "Skipped, since the apply was interrupted".to_owned(),
                };
                vec![self.line(address, Tone::Changed, &why)]
            }
            Event::Interrupted { at_once: true } => vec![
                "Interrupted: stopped at once; the next run finds out what became of what was running."
                    .to_owned(),
            ],
            Event::Interrupted { at_once: false } => self.interrupted(),
            // The summary comes first; the command says it then.
            Event::Relocked { .. } => Vec::new(),
            Event::Ended(_) => {
                self.running.clear();
                self.refreshing = None;
                Vec::new()
            }
        }
    }

    /// Gives the lines a log is due at a time: what has been running for another ten seconds.
    pub fn tick(&mut self, at: Duration) -> Vec<String> {
        if self.is_live {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for running in &mut self.running {
            if at.saturating_sub(running.said) < STILL {
                continue;
            }
            running.said = at;
            let what = words::running(running.step).to_lowercase();
            let elapsed = duration(at.saturating_sub(running.since));
            let mut line = format!("{}: Still {what}... [{elapsed} elapsed]", running.address);
            let doing = running.doing();
            // Tools indent what they say, which means nothing in the middle of a line.
            let doing = doing.trim_start();
            if !doing.is_empty() {
                line += " ";
                line += doing;
            }
            lines.push(line);
        }
        lines
    }

    /// The block of what runs, at most `height` lines, none longer than the style's width.
    ///
    /// Repaint it a few times a second; the spinner turns with the time.
    pub fn block(&self, at: Duration, height: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((resources, since)) = self.refreshing {
            let elapsed = duration(at.saturating_sub(since));
            let text = format!("Refreshing {} {elapsed}", count(resources, "resource"));
            lines.push(format!("{} {text}", self.spinner(at)));
        }
        // One line is kept for the count.
        let room = height.saturating_sub(lines.len() + 1);
        let widest = |of: &dyn Fn(&Running) -> usize| {
            self.running.iter().take(room).map(of).max().unwrap_or(0)
        };
        let address = widest(&|running| running.address.to_string().len()).min(40);
        let verb = widest(&|running| words::running(running.step).len());
        for running in self.running.iter().take(room) {
            lines.push(self.running_line(running, at, address, verb));
        }
        if !self.running.is_empty() && lines.len() < height {
            lines.push(shorten(&self.count_line(room), self.style.width).into_owned());
        }
        lines.truncate(height);
        lines
    }

    fn running_line(&self, running: &Running, at: Duration, address: usize, verb: usize) -> String {
        let elapsed = duration(Duration::from_secs(
            at.saturating_sub(running.since).as_secs(),
        ));
        let elapsed = if elapsed == "0ms" { "0s" } else { &elapsed };
        let name = running.address.to_string();
        let name = shorten(&name, address);
        let text = format!(
            "{name:address$}  {:verb$}  {elapsed:>6}  {}",
            words::running(running.step),
            running.doing()
        );
        let text = shorten(text.trim_end(), self.style.width.saturating_sub(2)).into_owned();
        let mut page = Page::new(self.style);
        page.tone(Tone::Moved, self.spinner(at)).raw(" ").raw(&text);
        page.into_text()
    }

    fn count_line(&self, shown: usize) -> String {
        let hidden = self.running.len().saturating_sub(shown);
        let hidden = if hidden > 0 {
            format!(" ({hidden} not shown)")
        } else {
            String::new()
        };
        let done = self.total.map_or_else(String::new, |total| {
            format!(", {} of {total} done", self.ended.min(total))
        });
        let stopping = if self.is_stopping { ", stopping" } else { "" };
        format!("  {} running{hidden}{done}{stopping}", self.running.len())
    }

    fn spinner(&self, at: Duration) -> &'static str {
        const BRAILLE: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        const ASCII: [&str; 4] = ["|", "/", "-", "\\"];
        let turn = usize::try_from(at.as_millis() / 100).unwrap_or(0);
        if self.style.unicode {
            BRAILLE[turn % BRAILLE.len()]
        } else {
            ASCII[turn % ASCII.len()]
        }
    }

    fn start(
        &mut self,
        address: &Address,
        step: StepKind,
        id: Option<&ObjectId>,
        at: Duration,
    ) -> Vec<String> {
        self.running.push(Running {
            address: address.clone(),
            step,
            since: at,
            said: at,
            text: String::new(),
            share: None,
            tail: VecDeque::new(),
        });
        let id = id.map_or_else(String::new, |id| format!(" [id={}]", short_id(id.as_str())));
        self.only_plain(format!("{address}: {}...{id}", words::running(step)))
    }

    fn finished(
        &self,
        address: &Address,
        what: &str,
        elapsed: Duration,
        id: Option<&ObjectId>,
        note: Option<&str>,
    ) -> String {
        let id = id.map_or_else(String::new, |id| format!(" [id={}]", short_id(id.as_str())));
        let note = note.map_or_else(String::new, |note| format!(" ({})", clean(note)));
        let text = format!("{what} after {}{id}{note}", duration(elapsed));
        self.line(address, Tone::Good, &text)
    }

    fn failed(
        &mut self,
        address: &Address,
        step: StepKind,
        diagnostics: &Diagnostics,
        elapsed: Duration,
    ) -> Vec<String> {
        let tail = self
            .end(address)
            .map(|running| running.tail)
            .unwrap_or_default();
        let why = diagnostics.first().map_or_else(String::new, |diagnostic| {
            format!(": {}", clean(&message(diagnostic)))
        });
        let text = format!(
            "{} failed after {}{why}",
            words::noun(step),
            duration(elapsed)
        );
        let mut lines = vec![self.line(address, Tone::Bad, &text)];
        lines.extend(tail.iter().map(|line| format!("    | {line}")));
        lines
    }

    fn warned(&self, diagnostic: &Diagnostic) -> Vec<String> {
        let text = format!(
            "Warning: {} ({})",
            clean(&message(diagnostic)),
            diagnostic.code
        );
        let mut lines = vec![match &diagnostic.address {
            Some(address) => self.line(address, Tone::Changed, &text),
            None => text,
        }];
        let help = diagnostic.help.as_deref().map(clean);
        lines.extend(help.iter().map(|help| format!("    {help}")));
        lines
    }

    fn interrupted(&mut self) -> Vec<String> {
        self.is_stopping = true;
        let running = match self.running.len() {
            0 => "nothing is running".to_owned(),
            number => format!("{number} running, which will be finished and recorded"),
        };
        vec![format!(
            "Interrupted: nothing new starts, {running}. Press Ctrl-C again to stop at once."
        )]
    }

    fn output(&mut self, address: &Address, line: &str) {
        let Some(running) = self.find(address) else {
            return;
        };
        // A progress bar repaints its line; what counts is the last paint.
        let last = line.trim_end().rsplit('\r').next().unwrap_or_default();
        let shown = clean(&cut(&without_escapes(last), LINE_MAX)).into_owned();
        if shown.trim().is_empty() {
            return;
        }
        if running.tail.len() == TAIL {
            running.tail.pop_front();
        }
        shown.clone_into(&mut running.text);
        running.tail.push_back(shown);
        running.share = None;
    }

    fn find(&mut self, address: &Address) -> Option<&mut Running> {
        self.running
            .iter_mut()
            .find(|running| running.address == *address)
    }

    fn end(&mut self, address: &Address) -> Option<Running> {
        self.ended += 1;
        let index = self
            .running
            .iter()
            .position(|running| running.address == *address)?;
        Some(self.running.remove(index))
    }

    fn line(&self, address: &Address, tone: Tone, text: &str) -> String {
        let mut page = Page::new(self.style);
        page.tone(Tone::Strong, &format!("{address}:"))
            .raw(" ")
            .tone(tone, text);
        page.into_text()
    }

    fn only_plain(&self, line: String) -> Vec<String> {
        if self.is_live { Vec::new() } else { vec![line] }
    }
}

impl Running {
    /// What is going on: the share where there is one, and the last text.
    fn doing(&self) -> String {
        let text = clean(&self.text);
        match self.share {
            Some((done, total)) if total > 0 => {
                let percent = done.min(total).saturating_mul(100) / total;
                format!("{percent}% {text}").trim_end().to_owned()
            }
            Some(_) | None => text.into_owned(),
        }
    }
}

/// A line without its `ESC [ … letter` sequences: a tool's colours are no use in a tail.
fn without_escapes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("\u{1b}[") {
        out.push_str(&rest[..start]);
        let parameters = &rest[start + 2..];
        let end = parameters.find(|c: char| ('\u{40}'..='\u{7e}').contains(&c));
        rest = end.map_or("", |end| &parameters[end + 1..]);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
