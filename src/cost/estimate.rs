//! An estimate, and whom it is of.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};

use serde::{Deserialize, Serialize, Serializer};

use super::{e2b, fly};
use crate::config::{Machine, ProviderSettings};

/// The day of the price table; prices are list prices before tax.
pub const PRICES_OF: &str = "2026-11-20";

/// How many hours a month has in estimates.
pub(super) const HOURS_PER_MONTH: u64 = 730;

/// US dollars, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u64);

impl Usd {
    /// A number of millionths.
    pub const fn micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The amount in millionths.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The share of so many millionths, rounded half up.
    #[must_use]
    pub fn times_micros(self, factor: u64) -> Self {
        let product = u128::from(self.0) * u128::from(factor);
        Self(u64::try_from((product + 500_000) / 1_000_000).unwrap_or(u64::MAX))
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Mul<u64> for Usd {
    type Output = Self;

    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Self::add)
    }
}

/// `$24.67`, to the cent, rounded half up.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.saturating_add(5_000) / 10_000;
        write!(f, "${}.{:02}", cents / 100, cents % 100)
    }
}

/// In JSON a number of dollars.
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "no estimate nears 2^53 millionths"
        )]
        serializer.serialize_f64(self.0 as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        if !(0.0..9e9).contains(&dollars) {
            return Err(serde::de::Error::custom("not an amount of dollars"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above to be small and not negative"
        )]
        Ok(Self((dollars * 1e6).round() as u64))
    }
}

/// What a machine costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Estimate {
    /// Nothing a month: it stands on hardware that is there anyway.
    Nothing,
    /// A price a month.
    Monthly(Cost),
    /// Nobody knows.
    Unknown {
        /// Why, in a sentence without its end.
        why: String,
    },
}

/// A price a month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Running all month.
    pub running: Usd,
    /// Stopped, suspended or paused all month.
    pub asleep: Usd,
    /// What it is made of.
    pub parts: Vec<Part>,
    /// What is billed besides by use, in a sentence without its end; empty where nothing is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub besides: String,
}

/// A part of a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What for.
    pub what: String,
    /// A month.
    pub monthly: Usd,
    /// Whether it is paid while the machine sleeps, too.
    pub always: bool,
}

impl Estimate {
    /// The estimate of a machine of which too little is known.
    pub fn unsaid() -> Self {
        unknown("nothing is known of the machine")
    }
}

impl Cost {
    /// The price that parts come to.
    pub(super) fn of(parts: Vec<Part>, besides: &str) -> Self {
        let sum = |asleep: bool| {
            let paid = parts.iter().filter(|part| part.always || !asleep);
            paid.map(|part| part.monthly).sum()
        };
        Self {
            running: sum(false),
            asleep: sum(true),
            besides: besides.to_owned(),
            parts,
        }
    }
}

/// Estimates what a machine costs, as its configuration has it.
pub fn estimate(machine: &Machine) -> Estimate {
    match &*machine.settings {
        ProviderSettings::Local(_) | ProviderSettings::Docker(_) => Estimate::Nothing,
        ProviderSettings::Fly(settings) => fly::estimate(machine, settings),
        ProviderSettings::E2b(_) => e2b::estimate(machine),
        ProviderSettings::Kubernetes(_) => unknown("it depends on what the cluster's nodes cost"),
        ProviderSettings::Devpod(_) => unknown("it depends on where DevPod makes the machine"),
        ProviderSettings::Runpod(_) | ProviderSettings::Northflank(_) => {
            unknown("this version of sindri has no prices of it")
        }
    }
}

pub(super) fn unknown(why: &str) -> Estimate {
    Estimate::Unknown {
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_shown_to_the_cent() {
        assert_eq!(Usd::micros(24_674_999).to_string(), "$24.67");
        assert_eq!(Usd::micros(24_675_000).to_string(), "$24.68");
        assert_eq!(Usd::micros(0).to_string(), "$0.00");
    }

    #[test]
    fn dollars_survive_json() {
        let amount = Usd::micros(33_853_417);
        let text = serde_json::to_string(&amount).unwrap();
        assert_eq!(text, "33.853417");
        assert_eq!(serde_json::from_str::<Usd>(&text).unwrap(), amount);
        assert!(serde_json::from_str::<Usd>("-1").is_err());
    }

    #[test]
    fn what_sleeps_pays_for_what_stays() {
        let part = |monthly, always| Part {
            what: "x".to_owned(),
            monthly: Usd::micros(monthly),
            always,
        };
        let cost = Cost::of(vec![part(5, false), part(2, true)], "");
        assert_eq!((cost.running.0, cost.asleep.0), (7, 2));
    }
}
