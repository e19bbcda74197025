//! What kills cost, counted: the table that is printed, and pasted into `docs/state.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::{Mutex, PoisonError};

use super::life::Act;

/// What isn't as it should be after an act that was killed and done again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Wanted, and not there.
    pub(super) lost: usize,
    /// There, or done, more than once.
    pub(super) doubled: usize,
    /// There, and not wanted.
    pub(super) left: usize,
    /// Commands that didn't go on by themselves.
    pub(super) manual: usize,
}

impl Wrong {
    /// Compares what is there with what is wanted.
    pub(super) fn between<'a>(
        wanted: impl IntoIterator<Item = &'a String>,
        there: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let mut counted: BTreeMap<&String, usize> = BTreeMap::new();
        for name in there {
            *counted.entry(name).or_default() += 1;
        }
        let mut wrong = Self::default();
        for name in wanted {
            match counted.remove(name) {
                None => wrong.lost += 1,
                Some(count) => wrong.doubled += count - 1,
            }
        }
        wrong.left = counted.into_values().sum();
        wrong
    }

    /// Something that was to be done once, and was done so many times.
    pub(super) fn times(count: usize) -> Self {
        Self {
            lost: usize::from(count == 0),
            doubled: count.saturating_sub(1),
            ..Self::default()
        }
    }
}

impl AddAssign for Wrong {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.left += other.left;
        self.manual += other.manual;
    }
}

/// Kills and what they cost, by act.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<Act, (u64, Wrong)>>);

impl Tally {
    pub(super) fn killed(&self, act: Act) {
        self.change(act, |row| row.0 += 1);
    }

    pub(super) fn wrong(&self, act: Act, wrong: Wrong) {
        self.change(act, |row| row.1 += wrong);
    }

    fn change(&self, act: Act, change: impl FnOnce(&mut (u64, Wrong))) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(rows.entry(act).or_default());
    }

    pub(super) fn kills(&self) -> u64 {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.values().map(|row| row.0).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| phase | kills | lost | doubled | left over | manual steps |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = (0, Wrong::default());
        let named = rows
            .iter()
            .map(|(act, row)| (format!("{act:?}").to_lowercase(), *row));
        let mut named: Vec<_> = named.collect();
        for (_, (kills, wrong)) in &named {
            all.0 += kills;
            all.1 += *wrong;
        }
        named.push(("all".to_owned(), all));
        for (name, (kills, wrong)) in named {
            let Wrong {
                lost,
                doubled,
                left,
                manual,
            } = wrong;
            writeln!(
                f,
                "| {name} | {kills} | {lost} | {doubled} | {left} | {manual} |"
            )?;
        }
        Ok(())
    }
}
