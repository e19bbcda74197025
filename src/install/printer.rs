//! A job's output on its way to the screen: marks become events, secrets and control characters go.

use std::cmp::Ordering;
use std::time::Duration;

use super::titles::Titles;
use super::{InstallEvent, ToolState};
use crate::secret::{Redactor, RedactorStream};

/// The longest line that is passed on.
const LINE: usize = 2000;

/// The most lines of a failed step that are shown.
const TAIL: usize = 20;

/// Turns pieces of output into events.
pub(super) struct Printer<'a> {
    titles: Titles,
    redactor: &'a Redactor,
    events: &'a (dyn Fn(InstallEvent) + Send + Sync),
    stream: RedactorStream,
    line: Vec<u8>,
    /// Whether the rest of a line is to be left out: it may be the rest of a secret.
    amid: bool,
    /// Where to read on: piece and offset.
    pub(super) place: (u64, u64),
}

impl<'a> Printer<'a> {
    pub(super) fn new(
        titles: Titles,
        redactor: &'a Redactor,
        events: &'a (dyn Fn(InstallEvent) + Send + Sync),
    ) -> Self {
        Self {
            titles,
            redactor,
            events,
            stream: redactor.stream(),
            line: Vec::new(),
            amid: false,
            place: (0, 0),
        }
    }

    /// The job began anew: its output is counted from the start.
    pub(super) fn restart(&mut self) {
        self.flush();
        self.place = (0, 0);
    }

    /// Takes one stretch of output; what was taken already, before a connection broke, is skipped.
    pub(super) fn take(&mut self, piece: u64, offset: u64, bytes: &[u8]) {
        let known = match piece.cmp(&self.place.0) {
            Ordering::Less => return,
            Ordering::Equal => self.place.1.saturating_sub(offset),
            Ordering::Greater => 0,
        };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let (offset, bytes) = match bytes.get(known..) {
            Some(rest) if !rest.is_empty() => (offset + known as u64, rest),
            _ => return,
        };
        let gap = if piece == self.place.0 {
            offset > self.place.1
        } else {
            self.place.0 > 0 && piece > self.place.0 + 1
        };
        if gap {
            self.flush();
            (self.events)(InstallEvent::Output("(output left out)".to_owned()));
            self.amid = true;
        }
        self.place = (piece, offset + bytes.len() as u64);
        match bytes.strip_prefix(b"\x1e") {
            Some(mark) if offset == 0 => {
                self.flush();
                self.amid = false;
                if let Some(event) = self.mark(&String::from_utf8_lossy(mark)) {
                    (self.events)(event);
                }
            }
            _ => {
                let bytes = self.whole_lines(bytes);
                let shown = self.stream.push(bytes);
                self.lines(&shown);
            }
        }
    }

    /// Gives out what is held back; the output is over, or another step's begins.
    pub(super) fn flush(&mut self) {
        let shown = self.stream.finish();
        self.stream = self.redactor.stream();
        self.lines(&shown);
        if !self.line.is_empty() {
            self.lines(b"\n");
        }
    }

    fn whole_lines<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if !self.amid {
            return bytes;
        }
        match bytes.iter().position(|b| *b == b'\n') {
            Some(end) => {
                self.amid = false;
                &bytes[end + 1..]
            }
            None => &[],
        }
    }

    fn lines(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let text = plain(&self.line);
                    self.line.clear();
                    if !text.is_empty() {
                        (self.events)(InstallEvent::Output(text));
                    }
                }
                // The rest of an endless line isn't kept.
                _ if self.line.len() >= LINE * 2 && *byte != b'\r' => {}
                byte => self.line.push(*byte),
            }
        }
    }

    fn mark(&self, text: &str) -> Option<InstallEvent> {
        let mut words = text.split_whitespace();
        let verb = words.next()?;
        let first = words.next().unwrap_or_default();
        let title = self.titles.get(first);
        match verb {
            "start" => {
                let title = title?;
                let (tool, method) = (title.tool.clone(), title.method.clone());
                Some(match title.number {
                    Some(number) => InstallEvent::Step {
                        number,
                        total: self.titles.total(),
                        tool,
                        method,
                    },
                    None => InstallEvent::Stage { what: tool, method },
                })
            }
            "end" => Some(InstallEvent::Ended {
                tool: title?.tool.clone(),
                result: match words.next()? {
                    "done" => ToolState::Installed,
                    word => ToolState::of(word)?,
                },
            }),
            "retry" => {
                let after = words.nth(1)?.parse().ok()?;
                Some(InstallEvent::Retry {
                    tool: title?.tool.clone(),
                    after: Duration::from_millis(after),
                })
            }
            "waiting" => Some(InstallEvent::Waiting {
                lock: first.to_owned(),
            }),
            "validating" => Some(InstallEvent::Validating),
            _ => None,
        }
    }
}

/// A line as it may be shown: what a carriage return wrote over, escape sequences and control
/// characters are gone.
pub(super) fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches('\r');
    let text = text.rsplit('\r').next().unwrap_or(text);
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.peek() == Some(&'[') => {
                chars.next();
                while chars.next_if(|c| !('@'..='~').contains(c)).is_some() {}
                chars.next();
            }
            '\u{1b}' => {
                chars.next();
            }
            '\t' => shown.push(' '),
            c if c.is_control() => {}
            c => shown.push(c),
        }
        if shown.len() >= LINE {
            break;
        }
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// An output of this length was cut by the machine, possibly amid a secret.
const CUT: usize = 8192;

/// The last lines of an output, at most 20, fit to be shown.
pub(super) fn last_lines(bytes: &[u8], redactor: &Redactor) -> Vec<String> {
    let mut bytes = bytes;
    if bytes.len() >= CUT {
        let newline = |b: &u8| *b == b'\n';
        let start = bytes
            .iter()
            .position(newline)
            .map_or(bytes.len(), |at| at + 1);
        let end = bytes.iter().rposition(newline).unwrap_or(bytes.len());
        bytes = bytes.get(start..end).unwrap_or_default();
    }
    let text = redactor.redact_bytes(bytes);
    let mut lines: Vec<String> = text
        .rsplit(|b| *b == b'\n')
        .map(plain)
        .filter(|line| !line.is_empty())
        .take(TAIL)
        .collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Value;

    #[test]
    fn a_line_is_shown_without_its_tricks() {
        assert_eq!(plain(b"10%\r50%\r100% done\r"), "100% done");
        assert_eq!(plain(b"\x1b[1;31mred\x1b[0m\x07 x\x1b]"), "red x");
    }

    #[test]
    fn the_tail_is_short_and_redacted() {
        let lines: Vec<String> = (0..40).map(|n| format!("line {n} hunter22\n")).collect();
        let text = lines.concat();
        let lines = last_lines(
            text.as_bytes(),
            &Redactor::new(&[Value::new(b"hunter22".to_vec())]),
        );
        assert_eq!(lines.len(), 20);
        assert_eq!(lines[19], "line 39 (sensitive)");
    }

    #[test]
    fn what_was_taken_before_a_connection_broke_is_not_shown_twice() {
        let seen = std::sync::Mutex::new(Vec::new());
        let events = |event| seen.lock().unwrap().push(event);
        let redactor = Redactor::default();
        let mut printer = Printer::new(Titles::default(), &redactor, &events);
        printer.take(100_001, 0, b"one\ntw");
        printer.take(100_001, 0, b"one\ntwo\n");
        printer.take(100_002, 0, b"three\n");
        printer.take(100_001, 4, b"two\n");
        printer.take(100_009, 7, b"rt of a line\nnine\n");
        printer.restart();
        printer.take(100_001, 0, b"one\n");
        let lines: Vec<String> = seen
            .into_inner()
            .unwrap()
            .into_iter()
            .map(|event| match event {
                InstallEvent::Output(line) => line,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            lines,
            ["one", "two", "three", "(output left out)", "nine", "one"]
        );
    }
}
