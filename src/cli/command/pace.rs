//! How fast and how long a command may act; settled before anything is touched.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::cli::args::{Act, LIMITS, PARALLEL};
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::engine::Stop;

/// How many steps run at once where nobody says otherwise.
const PARALLELISM: usize = 10;

/// What a person allows an acting command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How many steps run at once.
    pub(super) parallelism: usize,
    /// When the time given with `--timeout` is over.
    pub(super) deadline: Option<Instant>,
}

impl Pace {
    /// As typed, else as the environment says; the time runs from here on.
    pub(super) fn of(session: &Session, act: &Act) -> Result<Self, Diagnostics> {
        let parallelism = session.number(act.parallelism, "SINDRI_PARALLELISM", PARALLEL)?;
        Ok(Self {
            parallelism: parallelism
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or(PARALLELISM),
            deadline: time_limit(session, act)?.map(|limit| Instant::now() + limit),
        })
    }
}

/// Awaits something that touches nothing, unless a person or the time given stops it.
pub(super) fn unless_stopped<T>(
    runtime: &Runtime,
    stop: &watch::Receiver<Stop>,
    work: impl Future<Output = T>,
) -> Result<T, Diagnostics> {
    let mut stop = stop.clone();
    runtime.block_on(async {
        tokio::select! {
            // A wish that is older than the work comes first, however soon that is done.
            biased;
            // Its sender lives as long as the session.
            Ok(stopped) = stop.wait_for(|stop| *stop != Stop::Go) => Err(stopped_by(*stopped)),
            done = work => Ok(done),
        }
    })
}

/// Why a command ends that hasn't begun anything.
pub(super) fn stopped_by(stop: Stop) -> Diagnostics {
    match stop {
        Stop::TimedOut => too_late(),
        Stop::Go | Stop::Gently | Stop::Now => vec![Diagnostic::error(
            Code::INTERRUPTED,
            "interrupted before anything was begun",
        )],
    }
}

/// How long a command may take.
pub(super) fn time_limit(session: &Session, act: &Act) -> Result<Option<Duration>, Diagnostics> {
    let seconds = session.number(act.timeout, "SINDRI_TIMEOUT", LIMITS)?;
    Ok(seconds.map(Duration::from_secs))
}

/// The time given is over.
pub(super) fn too_late() -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("cli::timeout"),
            "the time given with --timeout is over",
        )
        .help("run the command again: it picks up what was begun"),
    ]
}
