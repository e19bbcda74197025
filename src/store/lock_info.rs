//! Who holds a lock, for people.

use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::digest::hex;
use crate::sys::{World, host_name, user_name};

/// How often somebody who waits looks whether that is still wanted.
const GLANCE: Duration = Duration::from_millis(50);

/// Who holds a lock, for what and since when.
///
/// Written for people beside the lock itself: it never decides whether the lock is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// Identifies this holding of the lock.
    pub id: String,
    /// The user.
    pub who: String,
    /// The host.
    pub host: String,
    /// The command, such as `apply`.
    pub operation: String,
    /// Since when.
    pub since: Timestamp,
    /// The process on that host.
    pub pid: u32,
    /// Until when, if nothing renews it; none where the lock ends with its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl LockInfo {
    /// A new holding by this process, from now on.
    pub(super) fn of_this_process(world: &World, operation: &str) -> Self {
        let now = world.clock.now();
        Self {
            id: hex(&world.random.bytes::<8>()),
            who: user_name(&world.environment),
            host: host_name(),
            operation: operation.to_owned(),
            // People read it: whole seconds are enough.
            since: Timestamp::from_second(now.as_second()).unwrap_or(now),
            pid: std::process::id(),
            expires: None,
        }
    }
}

/// What a lock is wanted for.
#[derive(Clone, Copy)]
pub struct LockRequest<'a> {
    /// The command, such as `apply`.
    pub operation: &'a str,
    /// How long to wait for another holder; zero not to wait.
    pub timeout: Duration,
    /// Says when nobody wants to wait any longer; none where that can't be.
    pub given_up: Option<&'a (dyn Fn() -> bool + Sync)>,
}

impl LockRequest<'_> {
    /// Sleeps between two tries, unless nobody wants to wait any longer.
    pub(super) fn pause(&self, time: Duration) -> Result<(), StoreError> {
        let until = Instant::now() + time;
        loop {
            if self.given_up.is_some_and(|given_up| given_up()) {
                return Err(StoreError::GivenUp);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            sleep(left.min(GLANCE));
        }
    }
}

impl fmt::Debug for LockRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockRequest")
            .field("operation", &self.operation)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
