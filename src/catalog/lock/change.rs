//! What writing a lock would change, as a plan shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::model::{Lock, Origin};
use crate::address::Name;
use crate::catalog::said::{name, names};

/// What would become of a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relock {
    /// The file, as the person knows it.
    pub file: String,
    /// Whether there is none yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
    /// Whether there would be none any more: no extension is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// What machines get otherwise, by extension.
    pub changes: Vec<LockChange>,
    /// The carried profiles whose members are others.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "names"
    )]
    pub profiles: Vec<Name>,
}

/// One extension that machines get otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockChange {
    /// Its name.
    #[serde(deserialize_with = "name")]
    pub name: Name,
    /// What they got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Locked>,
    /// What they get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Locked>,
    /// The machines.
    #[serde(deserialize_with = "names")]
    pub machines: Vec<Name>,
}

/// A content as it is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Locked {
    /// The version.
    pub version: String,
    /// The digest of manifest and files.
    pub content: String,
    /// Where it is taken from: `carried` or `beside`.
    pub from: String,
}

impl Relock {
    /// What putting a lock in another one's place would change; none where nothing.
    pub fn between(file: &str, before: Option<&Lock>, after: &Lock) -> Option<Self> {
        let blank = Lock::default();
        let was = before.unwrap_or(&blank);
        if was == after && (before.is_some() || after.is_empty()) {
            return None;
        }
        let profiles: BTreeSet<&Name> = was.profiles.keys().chain(after.profiles.keys()).collect();
        let moved = |name: &&Name| was.profiles.get(*name) != after.profiles.get(*name);
        Some(Self {
            file: file.to_owned(),
            missing: before.is_none(),
            removed: after.is_empty(),
            changes: changes(was, after),
            profiles: profiles.into_iter().filter(moved).cloned().collect(),
        })
    }
}

impl Relock {
    /// Each change in a line: `nodejs 1.2.0 -> 1.3.0 in dev`.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.changes.iter().map(LockChange::line).collect();
        for profile in &self.profiles {
            lines.push(format!("the members of profile {profile}"));
        }
        if lines.is_empty() {
            lines.push("what it notes beside the contents".to_owned());
        }
        lines
    }
}

impl LockChange {
    fn line(&self) -> String {
        let what = match (&self.before, &self.after) {
            (None, None) => String::new(),
            (None, Some(after)) => format!("+ {} {}", self.name, after.version),
            (Some(before), None) => format!("- {} {}", self.name, before.version),
            (Some(before), Some(after)) if before.version != after.version => {
                format!("~ {} {} -> {}", self.name, before.version, after.version)
            }
            (Some(before), Some(after)) if before.from != after.from => format!(
                "~ {} {}, {} -> {}",
                self.name, after.version, before.from, after.from
            ),
            (Some(before), Some(after)) => format!(
                "~ {} {}, {} -> {}",
                self.name,
                after.version,
                short(&before.content),
                short(&after.content)
            ),
        };
        format!("{what} ({})", few(&self.machines))
    }
}

/// The first machines by name, the others counted.
fn few(machines: &[Name]) -> String {
    let first: Vec<&str> = machines.iter().take(3).map(Name::as_str).collect();
    match machines.len().saturating_sub(3) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A digest as far as people read it.
fn short(content: &str) -> &str {
    content.get(..19).unwrap_or(content)
}

fn changes(was: &Lock, after: &Lock) -> Vec<LockChange> {
    type Way = (Name, Option<Locked>, Option<Locked>);
    let mut moves: BTreeMap<Way, Vec<Name>> = BTreeMap::new();
    let machines: BTreeSet<&Name> = was.machines.keys().chain(after.machines.keys()).collect();
    for machine in machines {
        let sets = [was.machines.get(machine), after.machines.get(machine)];
        // Machines that are alike share a set, so that most comparisons end here.
        if sets[0] == sets[1] {
            continue;
        }
        let names: BTreeSet<&Name> = sets.iter().flatten().flat_map(|set| set.keys()).collect();
        for name in names {
            let told = |lock: &Lock| lock.pin_of(machine, name).map(locked);
            let (before, after) = (told(was), told(after));
            if before != after {
                moves
                    .entry((name.clone(), before, after))
                    .or_default()
                    .push(machine.clone());
            }
        }
    }
    moves
        .into_iter()
        .map(|((name, before, after), machines)| LockChange {
            name,
            before,
            after,
            machines,
        })
        .collect()
}

fn locked(pin: &super::model::Pin) -> Locked {
    Locked {
        version: pin.version.clone(),
        content: pin.content.to_string(),
        from: match pin.origin {
            Origin::Carried => "carried".to_owned(),
            Origin::Beside => "beside".to_owned(),
        },
    }
}
