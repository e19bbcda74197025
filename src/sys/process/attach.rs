//! Handing this process's own terminal to a program.

use tokio::signal::unix::{SignalKind, signal};

use super::ProcessError;
use super::launch::{Launch, code};

/// Runs a program on this process's own standard streams, and so its terminal, to its end.
///
/// It stays in our process group, so that the terminal's keys reach it; an interrupt or quit typed
/// there is its business and doesn't end this process. Returns its exit code.
pub async fn attach(launch: &Launch) -> Result<i32, ProcessError> {
    let follow = |source| ProcessError::Follow {
        program: launch.program(),
        source,
    };
    // As long as somebody listens for them, these signals don't end the process.
    let _interrupt = signal(SignalKind::interrupt()).map_err(follow)?;
    let _quit = signal(SignalKind::quit()).map_err(follow)?;
    let mut child = launch
        .command()?
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| ProcessError::Start {
            program: launch.program(),
            source,
        })?;
    child.wait().await.map(code).map_err(follow)
}
