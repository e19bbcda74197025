//! Limits: a call a second of each action and machine or app, three at once after a rest.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What tells clocks from each other.
const TOLERANCE: Duration = Duration::from_millis(100);

/// When the next call of each sort may come; none are counted until somebody says so.
#[derive(Default)]
pub(crate) struct Limits {
    counts: bool,
    due: HashMap<String, Instant>,
}

impl Limits {
    /// Lets calls be counted from here on.
    pub(crate) fn enforce(&mut self) {
        self.counts = true;
    }

    /// How long a call comes too early; none where it is in time.
    pub(super) fn early(&mut self, method: &str, parts: &[&str]) -> Option<Duration> {
        if !self.counts {
            return None;
        }
        let one_machine = matches!(parts, ["apps", _, "machines", _]) && method == "GET";
        let (each, burst) = match parts {
            _ if one_machine => (200, 10),
            ["orgs" | "platform" | "tokens", ..] | ["apps"] if method == "GET" => (200, 10),
            ["apps", _] if method == "DELETE" => (600, 10),
            _ => (1000, 3),
        };
        let each = Duration::from_millis(each);
        let now = Instant::now();
        let key = format!("{method} {}", parts.join("/"));
        let due = self.due.entry(key).or_insert(now);
        let at = (*due).max(now);
        let early = (at - now).saturating_sub(each * (burst - 1) + TOLERANCE);
        if early.is_zero() {
            *due = at + each;
            return None;
        }
        Some(early)
    }
}
