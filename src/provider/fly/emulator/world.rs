//! What the emulated Fly.io holds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::command;
use super::fault::Fault;
use super::limits::Limits;

/// The organization that every token is for, but for a narrow one.
pub(super) const ORGANIZATION: &str = "acme";
/// Another one, in which the token sees apps.
pub(crate) const ELSEWHERE: &str = "elsewhere";
/// The token that may do everything, as headers show it.
pub(super) const TOKEN: &str = "FlyV1 fm2_emulated";
/// One that may only look.
pub(super) const NARROW: &str = "FlyV1 fm2_narrow";

/// Everything.
pub(crate) struct World {
    pub(crate) apps: BTreeMap<String, App>,
    /// Names of apps of others.
    pub(crate) foreign: Vec<String>,
    pub(crate) faults: Vec<Fault>,
    /// Each request: its method and its target.
    pub(crate) heard: Vec<String>,
    /// How many requests were refused for their number.
    pub(crate) throttled: usize,
    /// How many objects a page holds at most.
    pub(crate) page: usize,
    /// How often a new object is left out of lists.
    pub(crate) lag: usize,
    /// Regions whose answer is missing.
    pub(crate) silent: Vec<String>,
    /// Regions without room.
    pub(crate) full: Vec<String>,
    /// The address that every app gets, in place of one of its own.
    pub(crate) address: Option<String>,
    /// Whether answers say `off` and `stop` in words, as the specification has it; Fly says booleans.
    pub(crate) words: bool,
    /// How long a machine that may sleep stays awake without a connection; for ever where absent.
    pub(crate) rests_after: Option<Duration>,
    /// How often a machine fell asleep while something worked in it.
    pub(crate) disturbed: usize,
    /// How long a lease lasts at most, whatever is asked for.
    pub(crate) longest_lease: Duration,
    /// What the commands of machines work in.
    pub(super) root: PathBuf,
    pub(super) limits: Limits,
    counter: u64,
}

/// An app.
#[derive(Default)]
pub(crate) struct App {
    pub(crate) network: String,
    /// Whether it is in the other organization.
    pub(crate) elsewhere: bool,
    pub(crate) addresses: Vec<String>,
    pub(crate) machines: BTreeMap<String, Machine>,
    pub(crate) volumes: BTreeMap<String, Volume>,
    /// Values, as base64 or not, by name.
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) version: i64,
}

/// A machine.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) state: String,
    pub(crate) instance: String,
    pub(crate) config: Value,
    pub(crate) host: String,
    pub(crate) lease: Option<Lease>,
    pub(crate) events: Vec<Value>,
    pub(crate) hidden: usize,
    pub(crate) updated: String,
    /// Since when it runs without a connection.
    pub(crate) idle: Instant,
}

/// A lease.
pub(crate) struct Lease {
    pub(crate) nonce: String,
    pub(crate) description: String,
    pub(crate) owner: String,
    pub(crate) ends: Instant,
}

/// A volume.
pub(crate) struct Volume {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) size: u64,
    pub(crate) state: String,
    pub(crate) retention: u64,
    /// The hardware it lies on.
    pub(crate) zone: String,
    pub(crate) attached: Option<String>,
    pub(crate) hidden: usize,
}

/// An answer.
pub(super) type Answer = (u16, Value);

/// When everything happens here.
pub(super) const NOW: &str = "2026-11-20T09:30:00Z";

impl World {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            apps: BTreeMap::new(),
            foreign: Vec::new(),
            faults: Vec::new(),
            heard: Vec::new(),
            throttled: 0,
            page: 1000,
            lag: 0,
            silent: Vec::new(),
            full: Vec::new(),
            address: None,
            words: false,
            rests_after: None,
            disturbed: 0,
            longest_lease: Duration::MAX,
            root,
            limits: Limits::default(),
            counter: 0,
        }
    }

    /// The next of the numbers that ids are made of.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Puts a running machine there that nobody asked for, in an app of its own.
    pub(crate) fn standing(&mut self, app: &str, id: &str, config: Value) -> String {
        let machine = Machine {
            name: app.to_owned(),
            region: "iad".to_owned(),
            state: "started".to_owned(),
            instance: id.to_owned(),
            config,
            host: "ok".to_owned(),
            lease: None,
            events: Vec::new(),
            hidden: 0,
            updated: NOW.to_owned(),
            idle: Instant::now(),
        };
        let one = self.apps.entry(app.to_owned()).or_default();
        one.machines.insert(id.to_owned(), machine);
        app.to_owned()
    }

    /// Every machine with its app and its id.
    pub(crate) fn machines(&mut self) -> impl Iterator<Item = (&String, &String, &mut Machine)> {
        self.apps.iter_mut().flat_map(|(name, app)| {
            let machines = app.machines.iter_mut();
            machines.map(move |(id, machine)| (name, id, machine))
        })
    }
}

/// Lets those machines fall asleep that may and have had no connection for long enough, as Fly's
/// proxy does: what works in them counts for nothing.
pub(super) fn doze(world: &mut World) {
    let Some(patience) = world.rests_after else {
        return;
    };
    let root = world.root.clone();
    let mut disturbed = 0;
    for (_, id, machine) in world.machines() {
        if machine.state != "started" || machine.idle.elapsed() < patience {
            continue;
        }
        let text = machine.config["services"].to_string();
        let (state, signal) = if text.contains("\"autostop\":\"suspend\"") {
            ("suspended", "STOP")
        } else if text.contains("\"autostop\":\"stop\"") || text.contains("\"autostop\":true") {
            ("stopped", "KILL")
        } else {
            continue;
        };
        state.clone_into(&mut machine.state);
        machine.happened("exit", state);
        disturbed += usize::from(command::signal(&root, id, signal));
    }
    world.disturbed += disturbed;
}

/// Says `off` and `stop` as booleans, wherever a service does so.
pub(super) fn as_booleans(shown: &mut Value) {
    match shown {
        Value::Object(members) => {
            if let Some(autostop) = members.get_mut("autostop") {
                match autostop.as_str() {
                    Some("off") => *autostop = json!(false),
                    Some("stop") => *autostop = json!(true),
                    Some(_) | None => {}
                }
            }
            members.values_mut().for_each(as_booleans);
        }
        Value::Array(items) => items.iter_mut().for_each(as_booleans),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An error as the API says it.
pub(super) fn no(status: u16, text: &str) -> Answer {
    (status, json!({ "error": text }))
}

impl Machine {
    /// What happened to it, the last first.
    pub(super) fn happened(&mut self, kind: &str, status: &str) {
        if kind == "start" {
            self.idle = Instant::now();
        }
        let id = format!("event{}", self.events.len() + 1);
        let event = json!({
            "id": id, "type": kind, "status": status, "source": "flyd",
            "timestamp": 1_795_166_200_000_u64,
        });
        self.events.insert(0, event);
    }

    /// Whether one who shows this nonce may change it.
    pub(super) fn yields(&self, nonce: Option<&str>) -> Result<(), Answer> {
        match &self.lease {
            Some(lease) if lease.ends > Instant::now() && Some(lease.nonce.as_str()) != nonce => {
                Err(no(
                    409,
                    &format!("machine lease currently held by {}", lease.owner),
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// It as it is shown alone.
    pub(super) fn shown(&self, id: &str) -> Value {
        let mut shown = json!({
            "id": id, "name": self.name, "state": self.state, "region": self.region,
            "instance_id": self.instance, "host_status": self.host,
            "private_ip": "fdaa:0:1::2", "created_at": NOW, "updated_at": self.updated,
            "events": self.events,
            "image_ref": { "registry": "registry-1.docker.io", "repository": "library/debian", "digest": format!("sha256:{}", "0".repeat(64)) },
        });
        let key = if self.host == "ok" {
            "config"
        } else {
            "incomplete_config"
        };
        shown[key] = self.config.clone();
        shown
    }
}
