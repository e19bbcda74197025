//! Every order in which the requests of two holders can reach a bucket, with writes that are lost,
//! unheard of or late: whatever was acknowledged is there, and whatever was refused isn't.
//!
//! The holders run as they are; only their requests are held up and let through one at a time.
//! Orders that differ only in requests that don't concern each other are tried once (sleep sets).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use Deed::{Commit, Compact, Read};

use super::gate::{Fate, Gate, Gated, Touch};
use crate::store::contract_tests::{NOW, intent};
use crate::store::object::Object;
use crate::store::{Store, StoreError};
use crate::sys::{Clock, World};

/// What a holder does once it has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Commit(u64),
    Compact,
    /// Doesn't want the lock at all, and reads.
    Read,
}

/// How a commit ended, as its holder was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Acknowledged,
    Refused,
    /// It may be there or not.
    Unknown,
}

/// One step of the whole: who goes on, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    who: Who,
    fate: Fate,
    touch: Touch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Holder(usize),
    /// A write that is under way.
    Stray(usize),
}

impl Step {
    /// Whether the order of two steps can't matter.
    fn is_independent_of(&self, other: &Self) -> bool {
        if self.who == other.who || self.is_trouble() && other.is_trouble() {
            return false;
        }
        let overlap = self.touch.name.starts_with(&other.touch.name)
            || other.touch.name.starts_with(&self.touch.name);
        !overlap || !self.touch.writes && !other.touch.writes
    }

    fn is_trouble(&self) -> bool {
        self.fate != Fate::Answered
    }
}

/// A place on the way where there was a choice.
struct Fork {
    /// What may be tried next, the present one last.
    left: Vec<Step>,
    /// What needn't be tried: it was, before steps that don't concern it.
    asleep: Vec<Step>,
}

/// A search through all orders.
struct Search<'a> {
    plays: &'a [&'a [Deed]],
    /// How often something may go wrong with a write.
    troubles: usize,
    fences_fail: bool,
    start: InMemory,
    forks: Vec<Fork>,
    runs: usize,
}

/// What happened in one order.
struct Run {
    told: Vec<(u64, Told)>,
    seen: Vec<Seen>,
    end: Option<Vec<u64>>,
    steps: Vec<Step>,
}

fn store(client: Arc<dyn ObjectStore>, hours: i64) -> Store {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000 + hours);
    let world = World {
        clock: Clock::Fixed(now),
        ..World::real()
    };
    let medium = Object::new(client, "dev", "memory://bucket/dev").unwrap();
    Store::on(Arc::new(medium), &world)
}

/// The events that a state holds; none where it can't be read.
fn numbers(store: &Store) -> Option<Vec<u64>> {
    let state = store.read().ok()??;
    let there: Vec<u64> = state.pending.iter().map(|one| one.generation).collect();
    (state.serial.0 == there.len() as u64).then_some(there)
}

/// What a reader saw, one reading after the other.
type Seen = Vec<Option<Vec<u64>>>;

/// What one holder lives through: what it was told of its commits, and what it saw.
fn live(store: &Store, deeds: &[Deed]) -> (Vec<(u64, Told)>, Seen) {
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    if deeds.contains(&Deed::Read) {
        seen.extend(deeds.iter().map(|_| numbers(store)));
        return (told, seen);
    }
    // One that doesn't get it has nothing to say.
    let Ok(mut locked) = store.lock(NOW, &mut |_| {}) else {
        return (told, seen);
    };
    for deed in deeds {
        let result = match deed {
            Deed::Commit(number) => {
                let result = locked.commit(intent(*number));
                let end = match &result {
                    Ok(()) => Told::Acknowledged,
                    Err(StoreError::Lost(_) | StoreError::Poisoned(_)) => Told::Refused,
                    Err(_) => Told::Unknown,
                };
                told.push((*number, end));
                result
            }
            Deed::Compact => locked.compact(),
            Deed::Read => unreachable!("readers hold nothing"),
        };
        if result.is_err() {
            break;
        }
    }
    (told, seen)
}

impl<'a> Search<'a> {
    /// A bucket with a state, one event in its document and one in its journal.
    fn new(plays: &'a [&'a [Deed]], troubles: usize) -> Self {
        let start = InMemory::new();
        let gate = Gate::of(1);
        gate.queue.lock().unwrap().open();
        let gated = Gated {
            holder: 0,
            gate,
            inside: Arc::new(start.fork()),
            fences_fail: false,
        };
        let inside = Arc::clone(&gated.inside);
        let mut locked = store(Arc::new(gated), -1).lock(NOW, &mut |_| {}).unwrap();
        locked.initialise("dev").unwrap();
        locked.commit(intent(1)).unwrap();
        locked.compact().unwrap();
        locked.commit(intent(2)).unwrap();
        drop(locked);
        Self {
            plays,
            troubles,
            fences_fail: false,
            start: inside.fork(),
            forks: Vec::new(),
            runs: 0,
        }
    }

    /// Tries every order, and tells the first that breaks a promise.
    fn find(&mut self) -> Option<(String, Vec<Step>)> {
        loop {
            let run = self.run();
            self.runs += 1;
            if let Some(broken) = run.as_ref().and_then(broken) {
                return Some((broken, run?.steps));
            }
            // On to the next branch: what was tried sleeps from now on.
            loop {
                let fork = self.forks.last_mut()?;
                let tried = fork.left.pop()?;
                fork.asleep.push(tried);
                if !fork.left.is_empty() {
                    break;
                }
                self.forks.pop();
            }
        }
    }

    /// Goes one way to its end; none where all that would follow was tried elsewhere.
    fn run(&mut self) -> Option<Run> {
        let gate = Gate::of(self.plays.len());
        let inside = Arc::new(self.start.fork());
        let gated = |holder| Gated {
            holder,
            gate: Arc::clone(&gate),
            inside: Arc::clone(&inside),
            fences_fail: self.fences_fail,
        };
        let (plays, clients) = (self.plays, (0..self.plays.len()).map(gated));
        let clients: Vec<Gated> = clients.collect();
        std::thread::scope(|scope| {
            let lives: Vec<_> = clients
                .iter()
                .zip(plays)
                .map(|(client, deeds)| {
                    scope.spawn(|| {
                        // Each finds that the lease of the one before has run out.
                        let hours = i64::try_from(client.holder).unwrap();
                        let lived = live(&store(Arc::new(client.clone()), hours), deeds);
                        client.gate.end(client.holder);
                        lived
                    })
                })
                .collect();
            let steps = self.steer(&gate, &clients[0]);
            gate.queue.lock().unwrap().open();
            let mut run = Run {
                told: Vec::new(),
                seen: Vec::new(),
                end: None,
                steps: steps?,
            };
            for life in lives {
                let (told, seen) = life.join().unwrap();
                run.told.extend(told);
                run.seen.push(seen);
            }
            run.end = numbers(&store(Arc::new(clients[0].clone()), 0));
            Some(run)
        })
    }

    /// Lets one request through after the other, as the forks say and then as it comes.
    fn steer(&mut self, gate: &Gate, client: &Gated) -> Option<Vec<Step>> {
        let mut steps: Vec<Step> = Vec::new();
        loop {
            let mut queue = gate.queue.lock().unwrap();
            while !queue.is_quiet() {
                queue = gate.moved.wait(queue).unwrap();
            }
            let depth = steps.len();
            if depth == self.forks.len() {
                let mut open: Vec<Step> = Vec::new();
                let troubled = steps.iter().filter(|step| step.is_trouble()).count();
                for (who, waiting) in queue.waiting.iter().enumerate() {
                    let Some((touch, _)) = waiting.front() else {
                        continue;
                    };
                    let put = touch.writes && troubled < self.troubles;
                    let fates = [
                        (Fate::Late, put),
                        (Fate::AnswerLost, put),
                        (Fate::Answered, true),
                    ];
                    open.extend(
                        fates
                            .into_iter()
                            .filter(|(_, may)| *may)
                            .map(|(fate, _)| Step {
                                who: Who::Holder(who),
                                fate,
                                touch: touch.clone(),
                            }),
                    );
                }
                for (number, stray) in queue.strays.iter().enumerate() {
                    open.extend(stray.iter().map(|stray| Step {
                        who: Who::Stray(number),
                        fate: Fate::Answered,
                        touch: stray.touch.clone(),
                    }));
                }
                if open.is_empty() {
                    return Some(steps);
                }
                let asleep: Vec<Step> = match (self.forks.last(), steps.last()) {
                    (Some(before), Some(last)) => {
                        let stay = |step: &&Step| step.is_independent_of(last);
                        before.asleep.iter().filter(stay).cloned().collect()
                    }
                    (None, _) | (_, None) => Vec::new(),
                };
                let mut left = open;
                left.retain(|step| !asleep.contains(step));
                if left.is_empty() {
                    return None;
                }
                self.forks.push(Fork { left, asleep });
            }
            let step = self.forks[depth].left.last().unwrap().clone();
            match step.who {
                Who::Holder(who) => {
                    queue.let_through(who, step.fate);
                    drop(queue);
                }
                Who::Stray(number) => {
                    let stray = queue.strays[number].take().unwrap();
                    drop(queue);
                    client.arrive(stray);
                }
            }
            steps.push(step);
        }
    }
}

/// Which promise an order broke.
fn broken(run: &Run) -> Option<String> {
    let Some(end) = &run.end else {
        return Some("it can't be read".to_owned());
    };
    for (number, told) in &run.told {
        let there = end.contains(number);
        match told {
            Told::Acknowledged if !there => return Some(format!("{number} is lost")),
            Told::Refused if there => return Some(format!("{number} was refused, and is there")),
            Told::Acknowledged | Told::Refused | Told::Unknown => {}
        }
    }
    if !end.starts_with(&[1, 2]) {
        return Some("what was there before is lost".to_owned());
    }
    for seen in &run.seen {
        let later = seen.iter().skip(1).chain([&run.end]);
        for (before, after) in seen.iter().zip(later) {
            let (Some(before), Some(after)) = (before, after) else {
                return Some("it couldn't be read".to_owned());
            };
            if !after.starts_with(before) {
                return Some(format!("{after:?} was read after {before:?}"));
            }
        }
    }
    None
}

#[track_caller]
fn holds(plays: &[&[Deed]], troubles: usize) {
    let mut search = Search::new(plays, troubles);
    let found = search.find();
    assert!(found.is_none(), "{found:#?}");
    assert!(search.runs > 50, "{} orders", search.runs);
}

#[test]
fn in_every_order_of_two_holders_nothing_acknowledged_is_lost() {
    holds(&[&[Commit(10), Compact], &[Commit(20), Compact]], 0);
}

#[test]
fn in_every_order_with_one_write_lost_late_or_unheard_nothing_acknowledged_is_lost() {
    holds(&[&[Commit(10)], &[Commit(20)]], 1);
}

#[test]
fn in_every_order_a_reader_never_goes_back() {
    holds(
        &[&[Commit(10), Compact, Commit(11), Compact], &[Read, Read]],
        0,
    );
}

/// The search is worth something: without what keeps earlier holders out it finds a loss.
#[test]
fn a_bucket_without_fences_is_found_out() {
    let plays: [&[Deed]; 2] = [&[Commit(10), Commit(11)], &[Commit(20)]];
    let mut search = Search::new(&plays, 0);
    search.fences_fail = true;
    let found = search.find();
    assert!(found.is_some(), "nothing in {} orders", search.runs);
}
