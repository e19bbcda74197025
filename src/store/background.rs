//! A thread of its own for stores that answer over a network.
//!
//! A commit blocks whoever makes it, in or out of an asynchronous runtime, while leases go on being
//! renewed. So remote stores live on a runtime of their own, and callers wait on a channel.

use std::future::Future;
use std::io;
use std::sync::mpsc::sync_channel;

use tokio::runtime::{Builder, Runtime};

/// Work that goes on beside its callers; stops when it is dropped.
#[derive(Debug)]
pub(super) struct Background {
    runtime: Option<Runtime>,
}

impl Background {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store")
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    /// Does work there and waits for it; none where it broke off.
    ///
    /// Blocks its thread, which may belong to another runtime.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (give, take) = sync_channel(1);
        self.runtime.as_ref()?.spawn(async move {
            // Whoever asked waits until there is an answer.
            let _given = give.send(work.await);
        });
        take.recv().ok()
    }

    /// Starts work that nobody waits for.
    pub(super) fn go_on(
        &self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Option<tokio::task::AbortHandle> {
        let task = self.runtime.as_ref()?.spawn(work);
        Some(task.abort_handle())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for it would be refused inside of another runtime.
            runtime.shutdown_background();
        }
    }
}
