//! Kills at every write of the state: before each line of the journal, after each, and before each
//! file is put in place.
//!
//! The program runs unchanged under `strace`, which kills it as it enters the call with a number.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::life::{Act, Life, side_by_side, tell};
use super::local_life::Local;
use super::tally::Tally;

/// The calls by which the state is written.
const CALLS: [&str; 3] = ["pwrite64", "fdatasync", "?rename,?renameat,?renameat2"];

/// Which call a command is killed at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boundary {
    pub(super) call: &'static str,
    /// The first is 1.
    pub(super) number: u64,
}

impl Boundary {
    /// What a shell does before the program.
    pub(super) fn preparation(self) -> String {
        let Self { call, number } = self;
        // Without `-f`: the state is written by the first thread alone.
        format!(
            "exec strace -qq -o /dev/null -e trace='{call}' \
             -e inject='{call}':signal=KILL:when={number} \"$@\""
        )
    }
}

#[test]
fn a_life_on_this_host_survives_a_kill_at_every_write() {
    let (tally, measured) = (Tally::default(), Mutex::default());
    for call in CALLS {
        // From which number on a command of each act makes no such call any more.
        let over = Mutex::new(BTreeMap::new());
        let next = AtomicU64::new(1);
        side_by_side(2, &|| {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let boundary = Boundary { call, number };
                let life = Life::new(&Local::SMALL, number, &measured, &tally);
                life.killed_at(boundary, &over).live();
                let over = over.lock().unwrap();
                let done = |act: &Act| over.get(act).is_some_and(|first| *first <= number + 1);
                if Act::ALL.iter().all(done) {
                    return;
                }
            }
        });
    }
    tell("killed at every write of the state, on this host", &tally);
    assert!(tally.kills() > 60, "there were {} writes", tally.kills());
}
