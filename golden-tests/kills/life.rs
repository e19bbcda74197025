//! A life: a project made, changed, replaced, stopped, started and destroyed, killed again and again.

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sindri::state::invariants;

use super::boundaries::Boundary;
use super::ground::Ground;
use super::seed::{Chance, replayed};
use super::tally::{Tally, Wrong};

/// One act of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// From nothing.
    Make,
    /// In place; secrets and extensions too.
    Change,
    /// Machines made anew.
    Replace,
    /// A machine stopped.
    Stop,
    /// And started.
    Start,
    /// Everything but the volumes deleted.
    Destroy,
    /// The volumes too.
    Purge,
}

impl Act {
    pub(super) const ALL: [Self; 7] = [
        Self::Make,
        Self::Change,
        Self::Replace,
        Self::Stop,
        Self::Start,
        Self::Destroy,
        Self::Purge,
    ];
}

/// A world to live in.
pub(super) trait Scene: Sync {
    /// Its ground, with all that doesn't change.
    fn ground(&self) -> Ground;

    /// Writes what is wanted from an act on, and gives the command that makes it so. A command that
    /// was cut off may have to be told less.
    fn lay(&self, ground: &Ground, act: Act, again: bool) -> Vec<&'static str>;

    /// The most kills an act is given in one life.
    fn kills(&self, act: Act) -> u64;

    /// Asserts what everything is like; counts what isn't there once, and what is there besides.
    fn whole(&self, ground: &Ground, act: Act) -> Wrong;

    /// Counts what is left, but the volumes where they are retained.
    fn bare(&self, ground: &Ground, retained: bool) -> Wrong;

    /// Removes what a failed life left outside its ground.
    fn clean(&self, ground: &Ground);
}

/// Lives until enough kills were dealt out, so many at a time; tells what they cost.
pub(super) fn live(scene: &dyn Scene, kills: u64, at_once: usize, name: &str) {
    let (tally, measured) = (Tally::default(), Mutex::default());
    if let Some(seed) = replayed() {
        Life::new(scene, seed, &measured, &tally).live();
        return;
    }
    let next = AtomicU64::new(first_seed());
    side_by_side(at_once, &|| {
        while tally.kills() < kills {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            Life::new(scene, seed, &measured, &tally).live();
        }
    });
    tell(name, &tally);
}

/// Lives side by side; the first failure is told when all have ended.
pub(super) fn side_by_side(count: usize, live: &(dyn Fn() + Sync)) {
    std::thread::scope(|scope| {
        let lives: Vec<_> = (0..count).map(|_| scope.spawn(live)).collect();
        for life in lives {
            if let Err(panic) = life.join() {
                resume_unwind(panic);
            }
        }
    });
}

/// Prints a table; `cargo nextest run --no-capture` shows it.
pub(super) fn tell(name: &str, tally: &Tally) {
    tell_text(&format!("\n{name}:\n\n{tally}\n"));
}

/// Prints a text that isn't a failure.
pub(super) fn tell_text(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Every run kills at other instants; a failure tells its seed.
fn first_seed() -> u64 {
    u64::from_le_bytes(sindri::sys::Random::system().bytes()) >> 16
}

pub(super) struct Life<'a> {
    scene: &'a dyn Scene,
    ground: Ground,
    chance: Chance,
    seed: u64,
    /// How long each act takes undisturbed.
    measured: &'a Mutex<BTreeMap<Act, Duration>>,
    /// The kills so far, for whoever has to understand a failure.
    history: Vec<String>,
    tally: &'a Tally,
    /// The one place to be killed at in each act, instead of anywhere; and from which number on an
    /// act has no such place.
    boundary: Option<(Boundary, &'a Over)>,
}

/// From which number on an act makes no call of a kind.
pub(super) type Over = Mutex<BTreeMap<Act, u64>>;

/// When a command is killed.
#[derive(Debug)]
enum Moment {
    /// So long after its start.
    After(Duration),
    /// So soon after so many lines came to the journal.
    Lines(u64, Duration),
    /// As it is about to write.
    At(Boundary),
}

impl<'a> Life<'a> {
    pub(super) fn new(
        scene: &'a dyn Scene,
        seed: u64,
        measured: &'a Mutex<BTreeMap<Act, Duration>>,
        tally: &'a Tally,
    ) -> Self {
        Self {
            scene,
            ground: scene.ground(),
            chance: Chance::new(seed),
            seed,
            measured,
            history: Vec::new(),
            tally,
            boundary: None,
        }
    }

    /// The same life, killed once an act, at one place.
    pub(super) fn killed_at(self, boundary: Boundary, over: &'a Over) -> Self {
        Self {
            boundary: Some((boundary, over)),
            ..self
        }
    }

    /// Lives to the end.
    pub(super) fn live(mut self) {
        let lived = catch_unwind(AssertUnwindSafe(|| {
            for act in Act::ALL {
                self.act(act);
            }
        }));
        self.scene.clean(&self.ground);
        if let Err(panic) = lived {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("it panicked");
            panic!(
                "a life didn't survive its kills; replay it with SINDRI_KILL_SEED={}\n{}\n{}\n{said}",
                self.seed,
                self.history.join("\n"),
                self.tally
            );
        }
    }

    fn act(&mut self, act: Act) {
        let most = match self.boundary {
            None => self.scene.kills(act),
            Some((boundary, over)) => {
                let over = over.lock().unwrap_or_else(PoisonError::into_inner);
                u64::from(over.get(&act).is_none_or(|first| boundary.number < *first))
            }
        };
        let mut command = self.scene.lay(&self.ground, act, false);
        for _ in 0..most {
            if self.attempt(act, &command) {
                break;
            }
            command = self.scene.lay(&self.ground, act, true);
        }
        let began = Instant::now();
        let ran = self.ground.sindri(&command);
        let manual = usize::from(ran.code != Some(0));
        self.tally.wrong(
            act,
            Wrong {
                manual,
                ..Wrong::default()
            },
        );
        ran.ended(0);
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = measured.entry(act).or_default();
        *longest = (*longest).max(began.elapsed()).min(Duration::from_secs(10));
        drop(measured);
        self.check(act);
    }

    /// Starts a command and kills it; whether it ended before.
    fn attempt(&mut self, act: Act, command: &[&str]) -> bool {
        let moment = self.moment(act);
        let before = lines(&self.ground);
        let mut running = match &moment {
            Moment::At(boundary) => {
                let under = self.ground.command_after(&boundary.preparation(), command);
                self.ground.launch(under)
            }
            Moment::After(_) | Moment::Lines(..) => self.ground.start(command),
        };
        let began = Instant::now();
        match moment {
            Moment::After(time) => {
                while began.elapsed() < time && !running.has_ended() {
                    std::thread::sleep(
                        Duration::from_micros(300).min(time.saturating_sub(began.elapsed())),
                    );
                }
            }
            Moment::Lines(count, time) => {
                let mut last = before;
                let mut seen = 0;
                while seen < count && !running.has_ended() {
                    std::thread::sleep(Duration::from_micros(300));
                    let now = lines(&self.ground);
                    seen += now.saturating_sub(if now < last { 0 } else { last });
                    last = now;
                }
                std::thread::sleep(time);
            }
            Moment::At(_) => {}
        }
        let ran = match moment {
            Moment::At(_) => running.wait(),
            Moment::After(_) | Moment::Lines(..) => running.kill(),
        };
        let how = match ran.code {
            Some(code) => format!("ended with {code}"),
            None => "was killed".to_owned(),
        };
        self.history.push(format!(
            "{act:?}: {moment:?}: {how} after {:?}",
            began.elapsed()
        ));
        if ran.code.is_some() {
            ran.ended(0);
            if let Some((boundary, over)) = self.boundary {
                let mut over = over.lock().unwrap_or_else(PoisonError::into_inner);
                let first = over.entry(act).or_insert(boundary.number);
                *first = (*first).min(boundary.number);
            }
            return true;
        }
        self.tally.killed(act);
        self.look();
        false
    }

    fn moment(&mut self, act: Act) -> Moment {
        if let Some((boundary, _)) = self.boundary {
            return Moment::At(boundary);
        }
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = measured.get(&act).copied();
        drop(measured);
        let guess = match act {
            Act::Make | Act::Replace => Duration::from_secs(4),
            Act::Change => Duration::from_secs(2),
            Act::Stop | Act::Start | Act::Destroy | Act::Purge => Duration::from_millis(300),
        };
        if self.chance.below(2) == 0 {
            return Moment::After(self.chance.within(whole.unwrap_or(guess)));
        }
        let lines = match act {
            Act::Make | Act::Change | Act::Replace => 16,
            Act::Destroy | Act::Purge => 8,
            Act::Stop | Act::Start => 2,
        };
        let count = 1 + self.chance.below(lines);
        Moment::Lines(count, self.chance.within(Duration::from_millis(4)))
    }

    /// Reads are reads: a plan after a kill works and writes nothing.
    fn look(&self) {
        let before = self.ground.store();
        let ran = self.ground.sindri(&["plan", "--detailed-exitcode"]);
        assert!(matches!(ran.code, Some(0 | 2)), "{ran}");
        self.ground.sindri(&["status"]).ended(0);
        assert!(
            before == self.ground.store(),
            "plan or status wrote to the state"
        );
    }

    fn check(&self, act: Act) {
        let state = self.ground.state().expect("there is a state");
        assert_eq!(invariants(&state), Vec::<String>::new());
        assert!(
            state.pending.is_empty(),
            "operations are open: {:?}",
            state.pending
        );
        let wrong = match act {
            Act::Make | Act::Change | Act::Replace | Act::Start => {
                self.ground
                    .sindri(&["plan", "--deep", "--detailed-exitcode"])
                    .ended(0);
                self.ground.sindri(&["drift"]).ended(0);
                self.scene.whole(&self.ground, act)
            }
            Act::Stop => Wrong::default(),
            Act::Destroy => self.scene.bare(&self.ground, true),
            Act::Purge => {
                assert!(state.resources.is_empty(), "{:?}", state.resources.keys());
                self.scene.bare(&self.ground, false)
            }
        };
        self.tally.wrong(act, wrong);
        assert_eq!(wrong, Wrong::default(), "after {act:?}");
    }
}

/// How many lines the journal has.
fn lines(ground: &Ground) -> u64 {
    let bytes = std::fs::read(ground.path(".sindri/journal.jsonl")).unwrap_or_default();
    bytes.split(|byte| *byte == b'\n').count() as u64
}
