//! Signals: the first Ctrl-C stops gently, the second at once, and one more ends the process.

use std::io;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::host::Host;
use crate::diagnostic::Exit;
use crate::engine::Stop;

/// How far a command heeds signals; one more ends its process.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Heed {
    /// The first: what it waits for is given up, what it writes is finished, and its lock is given
    /// back. There is nothing that a second one could hasten.
    Once,
    /// Two: the second breaks off what runs.
    Twice,
}

impl Heed {
    fn wishes(self) -> &'static [Stop] {
        match self {
            Self::Once => &[Stop::Gently],
            Self::Twice => &[Stop::Gently, Stop::Now],
        }
    }
}

/// Watches for a person's or the system's wish to stop, beside what the command does.
pub(crate) struct Signals {
    tell: watch::Sender<Stop>,
    runtime: Runtime,
}

impl Signals {
    /// Begins to watch: from now on no signal ends the process unasked.
    pub(crate) fn watch(host: &Host, heed: Heed) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("signals")
            .enable_all()
            .build()?;
        let (tell, _) = watch::channel(Stop::Go);
        if let Some(mut wished) = host.stop.clone() {
            let tell = tell.clone();
            runtime.spawn(async move {
                while wished.changed().await.is_ok() {
                    tell.send_replace(*wished.borrow());
                }
            });
        }
        if host.signals {
            let (interrupt, terminate) = {
                let _inside = runtime.enter();
                let terminate = signal(SignalKind::terminate())?;
                (signal(SignalKind::interrupt())?, terminate)
            };
            runtime.spawn(heeding(tell.clone(), interrupt, terminate, heed));
        }
        Ok(Self { tell, runtime })
    }

    /// Takes the end of the time given for a wish to stop, too.
    pub(crate) fn until(&self, deadline: Instant) {
        let tell = self.tell.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep_until(deadline.into()).await;
            tell.send_replace(Stop::TimedOut);
        });
    }

    /// What was wished so far, and what will be.
    pub(crate) fn told(&self) -> watch::Receiver<Stop> {
        self.tell.subscribe()
    }
}

async fn heeding(
    tell: watch::Sender<Stop>,
    mut interrupt: Signal,
    mut terminate: Signal,
    heed: Heed,
) {
    let mut wishes = heed.wishes().iter();
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let Some(wish) = wishes.next() else {
            end_at_once();
        };
        tell.send_if_modified(|now| {
            let sooner = *now < *wish;
            if sooner {
                *now = *wish;
            }
            sooner
        });
    }
}

/// Ends the process as `kill -9` would, which every command survives.
#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "whoever insists doesn't want to wait for what hangs"
)]
fn end_at_once() -> ! {
    std::process::exit(i32::from(Exit::Interrupted.code()))
}
