//! Stopping at once: what a step runs inside a machine is ended there, too.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use super::dispatcher::Stop;
use super::outcome::Outcome;
use super::work::Work;
use crate::address::Name;
use crate::diagnostic::Diagnostics;
use crate::install;
use crate::provider::{MachineRef, Provider};

/// What has to be ended in a machine when a step is broken off.
pub(super) struct Halting {
    provider: Arc<dyn Provider>,
    machine: MachineRef,
    extension: Name,
}

impl Halting {
    /// What has to be ended of a step; none where dropping it ends all of it.
    pub(super) fn of(work: &Work) -> Option<Self> {
        work.job().map(|inside| Self {
            provider: Arc::clone(&inside.provider),
            machine: inside.machine.clone(),
            extension: inside.name.clone(),
        })
    }

    /// Lets a step go on until a person wants everything to stop at once; then its job is ended,
    /// and its intent stays open, so that the next run goes on from there.
    pub(super) async fn unless_stopped(
        &self,
        mut stop: watch::Receiver<Stop>,
        work: impl Future<Output = Result<Outcome, Diagnostics>>,
    ) -> Result<Outcome, Diagnostics> {
        let at_once = stop.wait_for(|stop| matches!(stop, Stop::Now | Stop::TimedOut));
        tokio::select! {
            biased;
            ended = work => return ended,
            Ok(_) = at_once => {}
        }
        let halting = install::halt(&*self.provider, &self.machine, &self.extension);
        // A machine that doesn't answer keeps its job, as it would where this process died.
        let _left = tokio::time::timeout(install::HALT_PATIENCE, halting).await;
        Ok(Outcome::Unknown {
            diagnostics: Vec::new(),
        })
    }
}
