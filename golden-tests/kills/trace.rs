//! Every byte that a command and its children write or send, and how they are started: by `strace`.

use std::collections::BTreeMap;
use std::fs;

use super::ground::{Ground, Ran};
use super::needles::Needles;

/// Where to a process can send bytes.
const CALLS: &str = "execve,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg";

/// What a command did.
pub(super) struct Trace {
    /// What was written, by the path it went to; a pipe or socket has its number as a path.
    written: BTreeMap<String, Vec<u8>>,
    /// Each start of a program: its path and arguments, and its environment.
    started: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Runs a command to its end and sees all that it wrote.
#[track_caller]
pub(super) fn traced(ground: &Ground, arguments: &[&str]) -> (Ran, Trace) {
    let file = ground.room().join("trace");
    let preparation = format!(
        "exec strace -f -qq -y -xx -v -s 10000000 -e signal=none -e trace={CALLS} -o {} \"$@\"",
        file.display()
    );
    let ran = ground
        .launch(ground.command_after(&preparation, arguments))
        .wait();
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let trace = Trace::read(&text);
    assert!(!trace.written.is_empty(), "nothing was seen: {ran}");
    (ran, trace)
}

impl Trace {
    fn read(text: &str) -> Self {
        let mut trace = Self {
            written: BTreeMap::new(),
            started: Vec::new(),
        };
        for line in text.lines() {
            let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            if let Some(words) = call.strip_prefix("execve(") {
                let (arguments, environment) = words.split_once("], [").unwrap_or((words, ""));
                trace.started.push((quoted(arguments), quoted(environment)));
            } else if let Some((_, rest)) = call.split_once('<')
                && let Some((path, bytes)) = rest.split_once('>')
            {
                let path = String::from_utf8_lossy(&digits(path)).into_owned();
                trace.written.entry(path).or_default().extend(quoted(bytes));
            }
        }
        trace
    }

    /// Asserts that nothing of it was written where it isn't meant to be, nor given to a program.
    #[track_caller]
    pub(super) fn is_free_of(&self, needles: &Needles, meant: &dyn Fn(&str) -> bool) -> &Self {
        for (path, bytes) in self.written.iter().filter(|(path, _)| !meant(path)) {
            let found = needles.found(bytes);
            assert_eq!(found, None, "written to {path}: {}", shown(bytes));
        }
        for (arguments, _) in &self.started {
            assert_eq!(needles.found(arguments), None, "{}", shown(arguments));
        }
        self
    }

    /// Asserts that no child has any of it in its environment.
    #[track_caller]
    pub(super) fn hands_down_nothing_of(&self, needles: &Needles) -> &Self {
        // The first is the program itself.
        for (arguments, environment) in self.started.iter().skip(1) {
            let found = needles.found(environment);
            assert_eq!(found, None, "{}", shown(arguments));
        }
        self
    }

    /// What was written to paths like this.
    pub(super) fn written_to(&self, like: &dyn Fn(&str) -> bool) -> Vec<(&str, &[u8])> {
        let written = self.written.iter().filter(|(path, _)| like(path));
        written
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
            .collect()
    }
}

/// The bytes of everything in quotes, a newline after each.
fn quoted(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, part) in text.split('"').enumerate() {
        if number % 2 == 1 {
            bytes.extend(digits(part));
        }
    }
    bytes
}

/// The bytes that `\x2f\x74` stands for; others as they are.
fn digits(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut parts = text.split("\\x");
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    bytes
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
