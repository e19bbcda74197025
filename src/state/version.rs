//! Versions: states that were kept, so that a person can go back to one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Lineage, Serial, State};

/// How many versions are kept.
pub const VERSIONS_MOST: usize = 30;

/// How many bytes they may take together; the newest is kept whatever it takes.
pub const VERSIONS_MOST_BYTES: u64 = 64 << 20;

/// One state that was kept: what a person needs to choose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The state's serial.
    pub serial: Serial,
    /// The history it belongs to.
    pub lineage: Lineage,
    /// Who wrote it and when; absent for one that was found when the keeping began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// How many addresses it records.
    pub resources: usize,
    /// How many operations were open.
    pub pending: usize,
}

/// Who wrote a state, with what, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// When.
    pub when: Timestamp,
    /// The user.
    pub who: String,
    /// The host.
    pub host: String,
    /// The command, such as `apply`.
    pub command: String,
}

impl Version {
    /// What is said of a state that is kept.
    pub fn of(state: &State, written: Option<Written>) -> Self {
        Self {
            serial: state.serial,
            lineage: state.lineage.clone(),
            written,
            resources: state.resources.len(),
            pending: state.pending.len(),
        }
    }
}

/// How many versions stay, of sizes in bytes, the newest first.
pub fn versions_to_keep(sizes: &[u64]) -> usize {
    let mut total: u64 = 0;
    sizes
        .iter()
        .take(VERSIONS_MOST)
        .enumerate()
        .take_while(|(at, size)| {
            total = total.saturating_add(**size);
            *at == 0 || total <= VERSIONS_MOST_BYTES
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_bounded_in_number_and_in_bytes() {
        assert_eq!(versions_to_keep(&[]), 0);
        assert_eq!(versions_to_keep(&[1; 31]), VERSIONS_MOST);
        assert_eq!(versions_to_keep(&[VERSIONS_MOST_BYTES + 1, 1]), 1);
        assert_eq!(versions_to_keep(&[VERSIONS_MOST_BYTES / 4; 9]), 4);
        assert_eq!(versions_to_keep(&[u64::MAX, u64::MAX]), 1);
    }
}
