//! A life on a cloud: made, changed, replaced and destroyed, one call of each act going wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sindri::state::violations;

use super::super::boundaries::Boundary;
use super::super::ground::{Ground, Ran};
use super::super::http_server::Server;
use super::super::life::{side_by_side, tell_text};
use super::super::seed::faulty_lives;
use super::super::tally::Wrong;
use super::fault::Fault;
use super::gate::Gate;
use super::matrix::{Blow, Matrix};

/// How many lives are lived at the same time: most of one is waiting.
const AT_ONCE: usize = 12;

/// How many writes of the state a run is killed at, at most.
const WRITES: u64 = 8;

/// How many lives are lived where nobody asks for all of them.
const LIVES: usize = 12;

/// What the state's server wants to be shown.
const LOGIN: &str = "Bearer matrix";

/// One act of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// From nothing.
    Make,
    /// In place; a secret and an extension too.
    Change,
    /// The machine made anew.
    Replace,
    /// Everything deleted.
    Destroy,
}

impl Act {
    pub(super) const ALL: [Self; 4] = [Self::Make, Self::Change, Self::Replace, Self::Destroy];

    fn command(self) -> &'static [&'static str] {
        match self {
            Self::Make | Self::Change | Self::Replace => &["apply", "--auto-approve"],
            Self::Destroy => &["destroy", "--force", "--volumes"],
        }
    }
}

/// A cloud as a life sees it.
pub(super) trait Cloud: Sync {
    /// One of its own, and where it listens.
    fn start(&self, ground: &Ground) -> (Box<dyn Sky>, String);

    /// What lets the program find a server.
    fn environment(&self, address: &str) -> Vec<(&'static str, String)>;

    /// What an act is to lead to.
    fn configuration(&self, act: Act) -> String;

    /// A call without the names in it.
    fn shape(&self) -> fn(&str) -> String;

    /// Whether a run that meets a fault finds out what became of the call, and goes on.
    fn goes_on(&self, fault: Fault) -> bool;

    /// What stands after an act, each as often as it shall.
    fn wanted(&self, act: Act) -> Vec<String>;
}

/// An emulator that runs.
pub(super) trait Sky {
    /// What stands, each as often as it does.
    fn standing(&self) -> Vec<String>;
}

/// What goes wrong in a life, act by act.
type Plan = BTreeMap<Act, Blow>;

/// Lives as often as it takes to let every sort of call go wrong in every way, and tells how it was.
pub(super) fn survive(cloud: &dyn Cloud, name: &str) {
    let matrix = Matrix::default();
    let calls = Life::begin(cloud, &Plan::new(), &matrix).live();
    let all = plans(&calls);
    let plans = chosen(&all);
    let next = AtomicUsize::new(0);
    side_by_side(AT_ONCE, &|| {
        while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
            Life::begin(cloud, plan, &matrix).live();
        }
    });
    let (lives, all) = (plans.len(), all.len());
    tell_text(&format!("\n{name}: {lives} lives of {all}\n\n{matrix}\n"));
    matrix.is_whole(lives == all);
}

/// The calls of each act of an undisturbed life.
type Calls = BTreeMap<Act, Vec<String>>;

/// Lives evenly taken from all, the first and the last among them; all where the environment says so.
fn chosen(all: &[Plan]) -> Vec<&Plan> {
    let lives = faulty_lives().unwrap_or(LIVES).clamp(2, all.len());
    (0..lives)
        .map(|at| &all[at * (all.len() - 1) / (lives - 1)])
        .collect()
}

/// Every blow of every act, dealt out to as few lives as can be. A lock on the server that loses
/// states never ends by itself, so that nobody is killed in those lives.
fn plans(calls: &Calls) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for loses in [false, true] {
        let from = plans.len();
        for (act, heard) in calls {
            let blows = blows(heard).into_iter();
            for (at, blow) in blows.filter(|blow| blow.loses() == loses).enumerate() {
                if plans.len() == from + at {
                    plans.push(Plan::new());
                }
                plans[from + at].insert(*act, blow);
            }
        }
    }
    plans
}

/// Every way for every sort of call, the first and the last of it; and every write.
fn blows(heard: &[String]) -> Vec<Blow> {
    let mut blows = Vec::new();
    for fault in Fault::ALL {
        for (number, shape) in heard.iter().enumerate() {
            let first = !heard[..number].contains(shape);
            let last = !heard[number + 1..].contains(shape);
            let changes = !shape.starts_with("GET ");
            if first || (last && changes) {
                blows.push(Blow::Call(number, fault));
            }
        }
    }
    blows.extend((1..=WRITES).map(Blow::Write));
    blows
}

struct Life<'a> {
    cloud: &'a dyn Cloud,
    plan: &'a Plan,
    matrix: &'a Matrix,
    ground: Ground,
    sky: Box<dyn Sky>,
    gate: Gate,
    /// Where the state is, in lives that lose it.
    store: Option<Arc<Server>>,
    /// The acts so far, for whoever has to understand a failure.
    history: Mutex<Vec<String>>,
}

impl<'a> Life<'a> {
    fn begin(cloud: &'a dyn Cloud, plan: &'a Plan, matrix: &'a Matrix) -> Self {
        let mut ground = Ground::new();
        let (sky, server) = cloud.start(&ground);
        let gate = Gate::before(&server, cloud.shape());
        for (name, value) in cloud.environment(&gate.address) {
            ground.environment.insert(name.to_owned(), value);
        }
        let store = plan.values().any(|blow| blow.loses()).then(|| {
            let token = ("SINDRI_HTTP_TOKEN".to_owned(), "matrix".to_owned());
            ground.environment.extend([token]);
            Arc::new(Server::start(&[LOGIN]))
        });
        Self {
            cloud,
            plan,
            matrix,
            ground,
            sky,
            gate,
            store,
            history: Mutex::default(),
        }
    }

    /// Lives to the end; gives the calls of each act.
    fn live(self) -> Calls {
        let mut calls = Calls::new();
        for act in Act::ALL {
            self.lay(act);
            let heard = if let Some(blow) = self.plan.get(&act) {
                self.endure(act, *blow);
                Vec::new()
            } else {
                self.gate.reset();
                self.sindri(act.command());
                self.gate.reset().0
            };
            calls.insert(act, heard);
            self.check(act);
        }
        calls
    }

    fn lay(&self, act: Act) {
        let mut text = self.cloud.configuration(act);
        if let Some(server) = &self.store {
            let address = &server.address;
            let lines = format!("state: {{store: http, address: \"{address}/matrix\"}}\n");
            text.push_str(&lines);
        }
        self.ground.write("sindri.yaml", &text);
        let version = if act == Act::Make { "1.0.0" } else { "1.1.0" };
        let script = format!(
            "#!/bin/sh\nset -eu\ntest \"$TOKEN\" = {}\nmkdir -p \"$HOME/.local/bin\"\n\
             printf '#!/bin/sh\\necho greeter {version}\\n' >\"$HOME/.local/bin/greeter\"\n\
             chmod 755 \"$HOME/.local/bin/greeter\"\necho '{version}' >>\"$HOME/greeter.log\"\n",
            value(act)
        );
        self.ground.extension("greeter", version, 60, &script);
        self.ground
            .write(".env", &format!("TOKEN={}\n", value(act)));
    }

    /// An act in which something goes wrong, and the same once more.
    fn endure(&self, act: Act, blow: Blow) {
        let (ran, struck) = self.strike(act, blow);
        self.told(format!("{act:?}, {blow}: ended with {:?}", ran.code));
        // An act of fewer calls than it takes ends well.
        let Some(struck) = struck else {
            assert_eq!(ran.code, Some(0), "{}", self.story(&ran));
            return;
        };
        let ends = match blow {
            Blow::Write(_) => ran.code.is_none(),
            Blow::Call(_, fault) if fault.kills() => ran.code.is_none(),
            Blow::Call(_, fault) if self.cloud.goes_on(fault) => ran.code == Some(0),
            Blow::Call(..) => matches!(ran.code, Some(0 | 1)),
        };
        assert!(ends, "{}", self.story(&ran));
        let again = self.sindri(act.command());
        let said = again.stderr.lines().filter_map(|line| {
            let (_, said) = line.split_once(": Recovered: ")?;
            Some(said.to_owned())
        });
        self.matrix.struck(blow, &struck, &ran, said.collect());
    }

    /// The act while something goes wrong, and the call or the write that it happened to.
    fn strike(&self, act: Act, blow: Blow) -> (Ran, Option<String>) {
        match blow {
            Blow::Call(number, fault) => {
                let store = self.store.clone();
                self.gate.arm(number, fault, move || {
                    if let Some(store) = &store {
                        store.takes(0);
                    }
                });
                let running = self.ground.start(act.command());
                self.gate.aim(running.pid());
                let ran = running.wait();
                if let Some(store) = &self.store {
                    store.takes(u32::MAX);
                }
                (ran, self.gate.reset().1)
            }
            Blow::Write(number) => {
                let boundary = Boundary {
                    call: "pwrite64",
                    number,
                };
                let command = self
                    .ground
                    .command_after(&boundary.preparation(), act.command());
                let ran = self.ground.launch(command).wait();
                let struck = ran.code.is_none().then(|| "(the state)".to_owned());
                (ran, struck)
            }
        }
    }

    /// Runs a command that nobody disturbs.
    fn sindri(&self, arguments: &[&str]) -> Ran {
        let ran = self.ground.sindri(arguments);
        self.told(format!("{arguments:?}: ended with {:?}", ran.code));
        assert_eq!(ran.code, Some(0), "{}", self.story(&ran));
        ran
    }

    fn told(&self, line: String) {
        self.history.lock().unwrap().push(line);
    }

    fn story(&self, ran: &Ran) -> String {
        let history = self.history.lock().unwrap().join("\n");
        format!("{history}\n{ran}\n{:#?}", self.sky.standing())
    }

    /// Asserts that everything stands once, that the state is sound, and that there is nothing to do.
    fn check(&self, act: Act) {
        if self.store.is_none() {
            let state = self.ground.state().expect("there is a state");
            assert_eq!(violations(&state), [], "{:?}", self.history);
            assert!(state.pending.is_empty(), "{:?}", state.pending);
        }
        if act == Act::Destroy {
            let left = self.sindri(&["state", "list"]);
            assert_eq!(left.stdout, "", "{}", self.story(&left));
        } else {
            let ran = self.sindri(&["plan", "--deep", "--detailed-exitcode"]);
            assert!(ran.stdout.contains("No changes"), "{}", self.story(&ran));
        }
        let standing = self.sky.standing();
        let wrong = Wrong::between(&self.cloud.wanted(act), &standing);
        self.matrix.wrong(wrong);
        let history = self.history.lock().unwrap().join("\n");
        assert_eq!(wrong, Wrong::default(), "{history}\n{standing:#?}");
    }
}

/// What the secret is, from an act on.
pub(super) fn value(act: Act) -> &'static str {
    if act == Act::Make { "first" } else { "second" }
}
