//! Signals: the first Ctrl-C stops gently, the second at once.

use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::host::Host;
use crate::engine::Stop;

/// Watches for a person's or the system's wish to stop, and for the end of the time given.
pub(crate) fn watch(
    runtime: &Runtime,
    host: &Host,
    deadline: Option<Instant>,
) -> watch::Receiver<Stop> {
    let (tell, told) = watch::channel(Stop::Go);
    if let Some(at) = deadline {
        let tell = tell.clone();
        runtime.spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            tell.send_replace(Stop::TimedOut);
        });
    }
    if let Some(mut wished) = host.stop.clone() {
        let tell = tell.clone();
        runtime.spawn(async move {
            while wished.changed().await.is_ok() {
                tell.send_replace(*wished.borrow());
            }
        });
    }
    if host.signals {
        runtime.spawn(async move {
            let terminate = tokio::signal::unix::SignalKind::terminate();
            let Ok(mut terminate) = tokio::signal::unix::signal(terminate) else {
                return;
            };
            for wish in [Stop::Gently, Stop::Now] {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                tell.send_if_modified(|now| {
                    let sooner = *now < wish;
                    if sooner {
                        *now = wish;
                    }
                    sooner
                });
            }
        });
    } else {
        // Nobody will ever tell; keep the channel open for as long as the runtime lives.
        runtime.spawn(async move { tell.closed().await });
    }
    told
}
