//! Who holds a lock, for people.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
}

/// What a lock is wanted for.
#[derive(Clone, Copy, Debug)]
pub struct LockRequest<'a> {
    /// The command, such as `apply`.
    pub operation: &'a str,
    /// How long to wait for another holder; zero not to wait.
    pub timeout: Duration,
}
