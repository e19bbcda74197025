//! Seeded chance, so that a failure can be replayed.

use std::time::Duration;

use sindri::sys::Environment;

/// A small generator (splitmix64): the same seed gives the same numbers everywhere.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// A time shorter than another, to the microsecond.
    pub(super) fn within(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.below(micros))
    }
}

/// How many kills are asked for.
pub(super) fn kills() -> u64 {
    number("SINDRI_KILLS").unwrap_or(300)
}

/// The one life to replay, where somebody asks for one.
pub(super) fn replayed() -> Option<u64> {
    number("SINDRI_KILL_SEED")
}

/// How many lives on a cloud are asked for.
pub(super) fn faulty_lives() -> Option<usize> {
    usize::try_from(number("SINDRI_FAULTY_LIVES")?).ok()
}

fn number(variable: &str) -> Option<u64> {
    let environment = Environment::of_process();
    let text = environment.get(variable)?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("`{variable}` isn't a whole number: {text}")),
    )
}
