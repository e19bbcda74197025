//! What of the extensions wanted is installed in a machine, what isn't, and what it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ground::Ground;
use super::resolve::Resolution;
use super::said::{name, names};
use crate::address::Name;
use crate::cost::Estimate;
use crate::diagnostic::Code;
use crate::resource::{ProviderKind, Size};

/// What a set of extensions comes to on machines that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// The machines.
    #[serde(deserialize_with = "names")]
    pub machines: Vec<Name>,
    /// Where they live.
    pub provider: ProviderKind,
    /// What each of them costs.
    pub cost: Estimate,
    /// What is installed, each after what it needs.
    pub installs: Vec<Install>,
    /// What isn't.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// One extension that is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// Its name.
    #[serde(deserialize_with = "name")]
    pub name: Name,
    /// Its version.
    pub version: String,
    /// The tools of it that are installed, where not all are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// What it needs first.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "names"
    )]
    pub requires: Vec<Name>,
    /// The disk it takes, where its manifest says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<Size>,
    /// How many seconds it usually takes, where its manifest says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// One extension that isn't installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    #[serde(deserialize_with = "name")]
    pub name: Name,
    /// From the extension asked for to this one, where that is another.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "names"
    )]
    pub through: Vec<Name>,
    /// Why, in a sentence without its end.
    pub reason: String,
    /// What to do instead, or to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// The codes of the errors that keep it out; empty where it is left out without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
}

/// What installing takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Everything one after another.
    pub in_turn: Duration,
    /// The longest chain of what must wait for each other: side by side it takes at least that.
    pub side_by_side: Duration,
    /// The disk.
    pub disk: u64,
    /// How many manifests don't say.
    pub unsaid: usize,
}

impl Outlook {
    /// The outlook of a resolution that nothing is left out of.
    pub(super) fn of(resolution: &Resolution, ground: &Ground) -> Self {
        let installs = resolution.extensions.iter().map(|one| {
            let needs = &one.manifest.requirements;
            Install {
                name: one.manifest.name.clone(),
                version: one.manifest.version.clone(),
                tools: one.tools.clone(),
                requires: one.requires.clone(),
                disk: needs.disk,
                seconds: needs.install_time.map(|time| time.as_secs()),
            }
        });
        Self {
            machines: Vec::new(),
            provider: ground.provider,
            cost: ground.cost.clone(),
            installs: installs.collect(),
            left_out: Vec::new(),
        }
    }

    /// What installing takes.
    pub fn expected(&self) -> Expected {
        let mut expected = Expected::default();
        let mut ends: BTreeMap<&Name, u64> = BTreeMap::new();
        let mut seconds = 0_u64;
        for one in &self.installs {
            let own = one.seconds.unwrap_or(0);
            let start = one.requires.iter().filter_map(|name| ends.get(name)).max();
            let end = start.copied().unwrap_or(0).saturating_add(own);
            ends.insert(&one.name, end);
            seconds = seconds.saturating_add(own);
            expected.disk = expected
                .disk
                .saturating_add(one.disk.map_or(0, Size::as_bytes));
            expected.unsaid += usize::from(one.seconds.is_none() || one.disk.is_none());
        }
        expected.in_turn = Duration::from_secs(seconds);
        expected.side_by_side = Duration::from_secs(ends.into_values().max().unwrap_or(0));
        expected
    }
}
