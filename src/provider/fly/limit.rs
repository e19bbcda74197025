//! Fly's limits, obeyed before the server has to say so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::request::Action;

/// How often something may be done, and how often at once after a rest.
#[derive(Clone, Copy, Debug)]
struct Rate {
    each: Duration,
    burst: u32,
}

/// When the next call of each action and subject may go out; shared over a whole run.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<(Action, String), Instant>>);

impl Action {
    fn rate(self) -> Rate {
        let (milliseconds, burst) = match self {
            Self::GetMachine | Self::Look => (200, 10),
            // 100 a minute, whichever the apps.
            Self::DeleteApp => (600, 10),
            Self::GetApp
            | Self::CreateApp
            | Self::AssignAddress
            | Self::Secrets
            | Self::CreateVolume
            | Self::UpdateVolume
            | Self::DeleteVolume
            | Self::CreateMachine
            | Self::UpdateMachine
            | Self::DeleteMachine
            | Self::Power
            | Self::Wait
            | Self::Lease
            | Self::Metadata
            | Self::Exec => (1000, 3),
        };
        Rate {
            each: Duration::from_millis(milliseconds),
            burst,
        }
    }
}

impl Limits {
    /// Waits until a call may go out, which then counts.
    pub(super) async fn wait(&self, action: Action, subject: &str) {
        let until = self.reserve(action, subject, Instant::now());
        tokio::time::sleep_until(until).await;
    }

    /// When a call that is asked for now may go out.
    fn reserve(&self, action: Action, subject: &str, now: Instant) -> Instant {
        let Rate { each, burst } = action.rate();
        let slack = each * (burst - 1);
        let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = due.entry((action, subject.to_owned())).or_insert(now);
        let at = (*due).max(now);
        *due = at + each;
        at.checked_sub(slack).map_or(now, |early| early.max(now))
    }

    /// Lets nothing of an action and subject go out for so long: the server said so.
    pub(super) fn hold(&self, action: Action, subject: &str, wait: Duration) {
        let Rate { each, burst } = action.rate();
        let until = Instant::now() + wait + each * (burst - 1);
        let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = due.entry((action, subject.to_owned())).or_insert(until);
        *due = (*due).max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_at_once_then_one_a_second_for_each_machine() {
        let (limits, now) = (Limits::default(), Instant::now());
        let waits: Vec<u128> = (0..6)
            .map(|_| {
                limits
                    .reserve(Action::Exec, "m", now)
                    .duration_since(now)
                    .as_millis()
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 1000, 2000, 3000]);
        assert_eq!(limits.reserve(Action::Exec, "other", now), now);
        assert_eq!(limits.reserve(Action::Power, "m", now), now);
        let later = now + Duration::from_mins(1);
        assert_eq!(limits.reserve(Action::Exec, "m", later), later);
    }

    #[test]
    fn what_the_server_says_holds() {
        let limits = Limits::default();
        limits.hold(Action::Exec, "m", Duration::from_secs(7));
        let now = Instant::now();
        let wait = limits.reserve(Action::Exec, "m", now).duration_since(now);
        assert!(wait > Duration::from_millis(6900), "{wait:?}");
    }
}
