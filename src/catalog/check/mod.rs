//! Whether a resolution works on the machine it is meant for.

mod gpu;
mod machine;
mod network;
mod notes;
mod obstacle;
mod provider;
mod room;
mod tools;

pub(super) use obstacle::{Obstacle, obstacles, remarks};
pub(super) use room::room;

use super::ground::Ground;
use super::resolve::Resolution;
use crate::diagnostic::Diagnostics;

/// What of a resolution doesn't work, or only in part, on a machine.
///
/// Conflicts don't depend on the machine: [`resolve`](super::resolve()) reports them.
pub fn compatibility(resolution: &Resolution, ground: &Ground) -> Diagnostics {
    let found = obstacles(resolution, ground);
    let mut diagnostics: Diagnostics = found.into_iter().map(|one| one.diagnostic).collect();
    diagnostics.extend(remarks(resolution, ground));
    diagnostics.extend(room(resolution, ground));
    diagnostics
}
