//! What the emulator holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::answer::Answer;
use super::events::Event;
use super::http::Request;
use super::process::{self, Running};

/// A sandbox.
pub(crate) struct Sandbox {
    /// Its template's id.
    pub(crate) template: String,
    /// What it was made with.
    pub(crate) wanted: Value,
    /// What it may reach.
    pub(crate) network: Value,
    /// Whether the internet was opened or closed in so many words.
    pub(crate) internet: Value,
    /// Whether it is paused.
    pub(crate) paused: bool,
    /// When it was made or woken.
    pub(crate) started: Timestamp,
    /// When it ends.
    pub(crate) end: Timestamp,
    /// What its daemon wants to be shown.
    pub(crate) token: String,
    /// How many lists don't show it yet.
    pub(crate) unlisted: usize,
}

/// A template.
pub(crate) struct Template {
    /// Its name.
    pub(crate) alias: String,
    /// Its builds by their ids.
    pub(crate) builds: BTreeMap<String, Build>,
}

/// A build of a template.
pub(crate) struct Build {
    /// How far it is.
    pub(crate) status: &'static str,
    /// The processors of its sandboxes.
    pub(crate) cpus: u64,
    /// The memory of its sandboxes in MiB.
    pub(crate) memory: u64,
    /// What it is built from.
    pub(crate) image: String,
    /// What it has said.
    pub(crate) log: Vec<String>,
    /// When it was registered.
    pub(crate) created: Timestamp,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// A status instead of an answer; nothing happens.
    Status(u16, Option<u32>),
    /// A status instead of an answer to what has happened all the same.
    After(u16),
    /// The connection breaks before anything happens.
    HangUp,
    /// The answer breaks off in its middle, after it happened.
    Cut,
    /// A page for people instead of an answer, after it happened.
    Page,
    /// A text in an answer stands for another, after it happened.
    Odd(&'static str, &'static str),
}

impl Trouble {
    /// What is answered without anything happening.
    pub(crate) fn instead(&self) -> Option<Answer> {
        let Self::Status(status, wait) = self else {
            return None;
        };
        let answer = Answer::error(*status, "emulated trouble");
        Some(match wait {
            Some(seconds) => answer.header("retry-after", seconds.to_string()),
            None => answer,
        })
    }

    /// What becomes of an answer.
    pub(crate) fn spoil(self, mut answer: Answer) -> Answer {
        match self {
            Self::Status(..) | Self::HangUp => answer,
            Self::After(status) => Answer::error(status, "emulated trouble"),
            Self::Page => Answer::of(200, "text/html", b"<html>Sign in</html>".to_vec()),
            Self::Cut => {
                answer.cut = true;
                answer
            }
            Self::Odd(from, to) => {
                let text = String::from_utf8_lossy(&answer.body).replace(from, to);
                Answer::of(200, "application/json", text.into_bytes())
            }
        }
    }
}

/// Something that goes wrong with requests to come.
pub(crate) struct Fault {
    /// The method they have.
    pub(crate) method: &'static str,
    /// What their path begins with.
    pub(crate) path: &'static str,
    /// How many of them.
    pub(crate) times: usize,
    /// What goes wrong.
    pub(crate) trouble: Trouble,
}

/// Everything.
pub(crate) struct World {
    /// The sandboxes by their ids.
    pub(crate) sandboxes: BTreeMap<String, Sandbox>,
    /// The templates by their ids.
    pub(crate) templates: BTreeMap<String, Template>,
    /// What answered which key, with the request it came with.
    pub(crate) keys: BTreeMap<String, (Value, Value)>,
    /// The processes by their sandbox and number.
    pub(crate) processes: BTreeMap<(String, u32), Running>,
    /// What became of the sandboxes.
    pub(crate) events: Vec<Event>,
    /// Whether it is a server that keeps no events.
    pub(crate) forgetful: bool,
    /// What goes wrong next.
    pub(crate) faults: Vec<Fault>,
    /// Every request, as `METHOD /path`.
    pub(crate) heard: Vec<String>,
    /// How many sandboxes a page holds at most.
    pub(crate) page: usize,
    /// How long a sandbox may live, in seconds.
    pub(crate) longest: i64,
    /// How many lists don't show a new sandbox yet.
    pub(crate) lag: usize,
    /// Whether it is a server of before the keys.
    pub(crate) before_keys: bool,
    ahead: Duration,
    counted: u64,
    root: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            sandboxes: BTreeMap::new(),
            templates: BTreeMap::new(),
            keys: BTreeMap::new(),
            processes: BTreeMap::new(),
            events: Vec::new(),
            forgetful: false,
            faults: Vec::new(),
            heard: Vec::new(),
            page: 100,
            longest: 86_400,
            lag: 0,
            before_keys: false,
            ahead: Duration::ZERO,
            counted: 0,
            root: tempfile::tempdir().unwrap(),
        }
    }

    /// Notes a request and says what goes wrong with it.
    pub(crate) fn hear(&mut self, request: &Request) -> Option<Trouble> {
        self.heard
            .push(format!("{} {}", request.method, request.raw));
        let fault = self.faults.iter_mut().find(|fault| {
            fault.times > 0
                && request.method == fault.method
                && request.path.starts_with(fault.path)
        })?;
        fault.times -= 1;
        Some(fault.trouble.clone())
    }

    /// What time it is here.
    #[expect(
        clippy::disallowed_methods,
        reason = "an emulator has a clock of its own, ahead of the real one"
    )]
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }

    /// Lets time pass at once.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.ahead += Duration::from_secs(seconds);
        self.pass_time();
    }

    /// Ends or pauses what has lived its time.
    pub(crate) fn pass_time(&mut self) {
        let now = self.now();
        let over = self.sandboxes.iter();
        let over: Vec<(String, bool, Timestamp)> = over
            .filter(|(_, sandbox)| !sandbox.paused && sandbox.end <= now)
            .map(|(id, sandbox)| (id.clone(), sandbox.wanted["autoPause"] == true, sandbox.end))
            .collect();
        for (id, pauses, at) in over {
            if pauses {
                self.pause_at(&id, at);
            } else {
                self.end_at(&id, at);
            }
        }
    }

    /// Pauses a sandbox with all that runs in it.
    pub(crate) fn pause(&mut self, id: &str) {
        self.pause_at(id, self.now());
    }

    fn pause_at(&mut self, id: &str, at: Timestamp) {
        self.note(id, "paused", at);
        if let Some(sandbox) = self.sandboxes.get_mut(id) {
            sandbox.paused = true;
            process::signal_all(&self.root.path().join(id), "STOP");
        }
    }

    /// Wakes a sandbox, or prolongs its life.
    pub(crate) fn wake(&mut self, id: &str, seconds: i64) {
        let now = self.now();
        let end = now + Duration::from_secs(seconds.unsigned_abs());
        if let Some(sandbox) = self.sandboxes.get_mut(id) {
            let woken = sandbox.paused;
            if woken {
                sandbox.paused = false;
                sandbox.started = now;
                sandbox.end = end;
                process::signal_all(&self.root.path().join(id), "CONT");
            }
            sandbox.end = sandbox.end.max(end);
            self.note(id, if woken { "resumed" } else { "updated" }, now);
        }
    }

    /// Ends a sandbox with all that runs in it.
    pub(crate) fn end(&mut self, id: &str) -> bool {
        self.end_at(id, self.now())
    }

    fn end_at(&mut self, id: &str, at: Timestamp) -> bool {
        self.note(id, "killed", at);
        process::signal_all(&self.root.path().join(id), "KILL");
        self.processes.retain(|(of, _), _| of != id);
        self.sandboxes.remove(id).is_some()
    }

    /// Notes what becomes of a sandbox.
    pub(crate) fn note(&mut self, id: &str, what: &'static str, at: Timestamp) {
        if let Some(sandbox) = self.sandboxes.get(id) {
            let template = sandbox.template.clone();
            let sandbox = id.to_owned();
            self.events.push(Event {
                sandbox,
                template,
                what,
                at,
            });
        }
    }

    /// The next id, as long as E2B's are.
    pub(crate) fn id(&mut self, kind: &str) -> String {
        self.counted += 1;
        format!("{kind}{:017}", self.counted)
    }

    /// The next id of a build.
    pub(crate) fn build_id(&mut self) -> String {
        self.counted += 1;
        format!("00000000-0000-4000-8000-{:012}", self.counted)
    }

    /// Where a sandbox's own directories lie.
    pub(crate) fn directory(&self, id: &str) -> std::path::PathBuf {
        self.root.path().join(id)
    }

    /// The processors and the memory that a template's sandboxes have.
    pub(crate) fn size(&self, template: &str) -> Value {
        let ready = self.templates.get(template).and_then(|template| {
            let builds = template.builds.values();
            builds
                .filter(|build| build.status == "ready")
                .max_by_key(|build| build.created)
        });
        ready.map_or_else(
            || json!([2, 512]),
            |build| json!([build.cpus, build.memory]),
        )
    }

    /// How often something was asked for.
    pub(crate) fn count(&self, begins: &str) -> usize {
        let asked = self.heard.iter();
        asked.filter(|line| line.starts_with(begins)).count()
    }

    /// The ids of sandboxes.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.sandboxes.keys().cloned().collect()
    }
}
