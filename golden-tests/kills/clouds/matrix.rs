//! What went wrong at which call, how it ended, and what the next run said: the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::super::ground::Ran;
use super::super::tally::Wrong;
use super::fault::Fault;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blow {
    /// Something with the call of a number; the first is 0.
    Call(usize, Fault),
    /// The program is killed as it writes to its state for the nth time.
    Write(u64),
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(number, fault) => write!(f, "{fault} (call {number})"),
            Self::Write(number) => write!(f, "killed before write {number} of the state"),
        }
    }
}

impl Blow {
    /// Whether it is the state that is lost.
    pub(super) fn loses(self) -> bool {
        matches!(self, Self::Call(_, Fault::StoreLost))
    }

    fn kind(self) -> String {
        match self {
            Self::Call(_, fault) => fault.to_string(),
            Self::Write(_) => "killed before a write of the state".to_owned(),
        }
    }
}

/// The blows of one kind.
#[derive(Default)]
struct Row {
    /// How often each call was met.
    calls: BTreeMap<String, usize>,
    /// How the runs ended.
    ends: BTreeMap<&'static str, usize>,
    /// What the next ones said of it.
    said: BTreeMap<String, usize>,
}

#[derive(Default)]
struct Inside {
    rows: BTreeMap<String, Row>,
    order: Vec<String>,
    wrong: Wrong,
}

/// Everything that went wrong.
#[derive(Default)]
pub(super) struct Matrix(Mutex<Inside>);

impl Matrix {
    /// Counts a blow, how its run ended and what the next one recovered.
    pub(super) fn struck(&self, blow: Blow, call: &str, ran: &Ran, said: Vec<String>) {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = blow.kind();
        if !inside.order.contains(&kind) {
            inside.order.push(kind.clone());
        }
        let row = inside.rows.entry(kind).or_default();
        *row.calls.entry(call.to_owned()).or_default() += 1;
        let end = match ran.code {
            None => "killed",
            Some(0) => "went on",
            Some(_) => "ended with an error",
        };
        *row.ends.entry(end).or_default() += 1;
        for line in said {
            *row.said.entry(without_ids(&line)).or_default() += 1;
        }
    }

    /// Counts what isn't as it should be.
    pub(super) fn wrong(&self, wrong: Wrong) {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.wrong += wrong;
    }

    /// Asserts that nothing was wrong and that most sorts of fault were met, all where every life was lived.
    pub(super) fn is_whole(&self, every_life: bool) {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let met = |fault: &&Fault| inside.rows.contains_key(&fault.to_string());
        let least = if every_life { Fault::ALL.len() } else { 8 };
        assert!(Fault::ALL.iter().filter(met).count() >= least);
        assert_eq!(inside.wrong, Wrong::default());
    }
}

/// A sentence without what differs from run to run.
fn without_ids(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            "…"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<&String> = inside.order.iter().collect();
        let rank = |kind: &str| {
            let mut all = Fault::ALL.iter();
            all.position(|fault| fault.to_string() == kind)
        };
        order.sort_by_key(|kind| rank(kind).unwrap_or(usize::MAX));
        let calls: BTreeSet<&String> = inside
            .rows
            .values()
            .flat_map(|row| row.calls.keys())
            .collect();
        write!(f, "| call |")?;
        for kind in &order {
            write!(f, " {kind} |")?;
        }
        writeln!(f, "\n|---|{}", "---|".repeat(order.len()))?;
        for call in calls {
            write!(f, "| {call} |")?;
            for kind in &order {
                match inside.rows[*kind].calls.get(call) {
                    Some(count) => write!(f, " {count} |")?,
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "\n| fault | times | the run | the next run |\n|---|---|---|---|"
        )?;
        let listed = |counts: Vec<(String, usize)>| {
            let texts = counts
                .into_iter()
                .map(|(text, count)| format!("{text}: {count}"));
            texts.collect::<Vec<_>>().join("; ")
        };
        for kind in &order {
            let row = &inside.rows[*kind];
            let times: usize = row.calls.values().sum();
            let ends = row
                .ends
                .iter()
                .map(|(end, count)| ((*end).to_owned(), *count));
            let said = row.said.iter().map(|(said, count)| (said.clone(), *count));
            let (ends, said) = (listed(ends.collect()), listed(said.collect()));
            writeln!(f, "| {kind} | {times} | {ends} | {said} |")?;
        }
        let Wrong {
            lost,
            doubled,
            left,
            ..
        } = inside.wrong;
        writeln!(
            f,
            "\nlost {lost}, doubled {doubled}, left over {left}, by hand 0"
        )
    }
}
