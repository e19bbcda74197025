//! Downloads kept on this side by checksum, and handed to the machines beside it.
//!
//! A machine on this host or on an Engine takes a file from here faster than from the network, and
//! ten of them need it once. So this side fetches what a manifest pins, keeps it, and hands it over;
//! whatever it can't fetch, the machine fetches itself. Nobody trusts anybody: the bytes are
//! verified when they come, each time they are taken from here, and again in the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::outbound::route;
use super::{InstallEvent, Job};
use crate::catalog::{Action, Arch, Download};
use crate::digest::Digest;
use crate::resource::Outbound;
use crate::sys::http::{FetchError, Fetcher, HttpError};
use crate::sys::{Environment, Random, files};

/// The most bytes that are kept; of more, what was used longest ago goes.
const MOST: u64 = 2 << 30;

/// The largest download that this side fetches: it is held in memory on its way.
const LARGEST: usize = 256 << 20;

/// How many downloads are held in memory at once.
const AT_ONCE: usize = 4;

/// How often a download is tried that fails in passing; then it is the machine's turn.
const TRIES: u32 = 3;

/// The longest wait before the second try; each further one may be twice as long.
const BACKOFF: Duration = Duration::from_secs(2);

/// The longest that a server may send us away for.
const LONGEST: Duration = Duration::from_secs(30);

/// What a leftover of a killed process is allowed in age.
const STALE: Duration = Duration::from_hours(24);

/// Where downloads are kept on this side.
#[derive(Debug)]
pub struct Depot {
    directory: PathBuf,
    most: u64,
    backoff: Duration,
    /// By checksum: who fetches it. Others wait for them.
    busy: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Hosts that no connection came about to: none is tried again in this run.
    silent: Mutex<BTreeSet<String>>,
    room: Arc<Semaphore>,
}

/// A download that the manifest pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pinned {
    /// Its SHA-256, lower-case hex.
    pub(super) sum: String,
    /// Where the publisher has it.
    pub(super) url: String,
    /// The tool it is for.
    pub(super) tool: String,
    /// The architecture it is for.
    arch: Option<Arch>,
}

impl Pinned {
    /// Whether a machine that calls itself so by `uname -m` needs it.
    pub(super) fn fits(&self, machine: &str) -> bool {
        let machine = if machine == "arm64" {
            "aarch64"
        } else {
            machine
        };
        self.arch.is_none_or(|arch| arch.as_str() == machine)
    }
}

/// What is pinned of the downloads that a job's steps may fetch.
pub(super) fn pinned(job: &Job) -> Vec<Pinned> {
    let mut all: Vec<Pinned> = Vec::new();
    for (_, step) in job.choice().steps() {
        if !job.runs(&step.tool, false) {
            continue;
        }
        if let Action::Binary { downloads } = &step.action {
            for one in downloads.iter().filter_map(pin) {
                if !all.iter().any(|other| other.sum == one.sum) {
                    all.push(one);
                }
            }
        }
    }
    all
}

fn pin(download: &Download) -> Option<Pinned> {
    let (url, sum) = download.pinned()?;
    Some(Pinned {
        sum: sum.to_owned(),
        url,
        tool: download.name.clone(),
        arch: download.arch,
    })
}

/// A verified download in memory.
pub(super) struct Held {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Why this side doesn't have a download.
#[derive(Debug, thiserror::Error)]
pub(super) enum DepotError {
    #[error("{host} didn't answer before")]
    Silent { host: String },
    #[error("no connection can be made")]
    Client(#[source] HttpError),
    #[error("it can't be fetched")]
    Fetch(#[source] FetchError),
    #[error("what came has another checksum")]
    Checksum,
}

impl Depot {
    /// Keeps downloads in a directory, which is made when the first one comes.
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            most: MOST,
            backoff: BACKOFF,
            busy: Mutex::default(),
            silent: Mutex::default(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The one of whoever runs this: in `$XDG_CACHE_HOME`, else in `~/.cache`; none where neither
    /// is known.
    pub fn of_user(environment: &Environment) -> Option<Self> {
        let absolute = |name: &str, below: &str| {
            let path = PathBuf::from(environment.get(name)?);
            path.is_absolute().then(|| path.join(below))
        };
        let cache = absolute("XDG_CACHE_HOME", "").or_else(|| absolute("HOME", ".cache"))?;
        Some(Self::new(cache.join("sindri/downloads")))
    }

    /// Keeps at most so many bytes, and waits at most so long at first: for tests.
    #[cfg(test)]
    pub(super) fn within(mut self, most: u64, backoff: Duration) -> Self {
        self.most = most;
        self.backoff = backoff;
        self
    }

    /// Takes a download from what is kept, or fetches it by the machine's own way.
    pub(super) async fn take(
        &self,
        wanted: &Pinned,
        outbound: &Outbound,
        tell: &(dyn Fn(InstallEvent) + Send + Sync),
    ) -> Result<Held, DepotError> {
        let busy = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(busy.entry(wanted.sum.clone()).or_default())
        };
        let _mine = busy.lock().await;
        // It is never closed.
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        if let Some(bytes) = self.kept(&wanted.sum).await {
            return Ok(Held { bytes, _room: room });
        }
        let bytes = self.fetch(wanted, outbound, tell).await?;
        Ok(Held { bytes, _room: room })
    }

    /// What is kept under a checksum, if it is whole; what isn't goes.
    async fn kept(&self, sum: &str) -> Option<Vec<u8>> {
        let path = self.directory.join(sum);
        let sum = sum.to_owned();
        blocking(move || {
            let bytes = files::read_limited(&path, LARGEST as u64).ok()?;
            if is(&bytes, &sum) {
                // When it was used only decides what goes first.
                drop(files::touch(&path));
                return Some(bytes);
            }
            drop(files::remove_file(&path));
            None
        })
        .await
        .flatten()
    }

    async fn fetch(
        &self,
        wanted: &Pinned,
        outbound: &Outbound,
        tell: &(dyn Fn(InstallEvent) + Send + Sync),
    ) -> Result<Vec<u8>, DepotError> {
        let url = outbound.by_mirror(&wanted.url);
        let host = host(&url).to_owned();
        if self.silent().contains(&host) {
            return Err(DepotError::Silent { host });
        }
        tell(InstallEvent::Fetching {
            tool: wanted.tool.clone(),
        });
        let fetcher = Fetcher::by(route(outbound)).map_err(DepotError::Client)?;
        let mut turn = 0;
        let bytes = loop {
            let failed = match fetcher.fetch(&url, LARGEST).await {
                Ok(bytes) => break bytes,
                Err(failed) => failed,
            };
            turn += 1;
            let passes = failed.passes().filter(|asked| *asked <= LONGEST);
            let Some(asked) = passes.filter(|_| turn < TRIES) else {
                if matches!(failed, FetchError::NoConnection(_)) {
                    self.silent().insert(host);
                }
                return Err(DepotError::Fetch(failed));
            };
            let after = asked.max(by_chance(self.backoff * (1 << (turn - 1))));
            tell(InstallEvent::Retry {
                tool: wanted.tool.clone(),
                after,
            });
            tokio::time::sleep(after).await;
        };
        let sum = wanted.sum.clone();
        let (directory, most) = (self.directory.clone(), self.most);
        let verified = blocking(move || {
            if !is(&bytes, &sum) {
                return Err(DepotError::Checksum);
            }
            // That it can't be kept keeps nobody from using it.
            drop(keep(&directory, &sum, &bytes, most));
            Ok(bytes)
        });
        verified.await.unwrap_or(Err(DepotError::Checksum))
    }

    fn silent(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what takes a while on a thread for that; none where that thread panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn is(bytes: &[u8], sum: &str) -> bool {
    Digest::of_bytes(bytes).as_str().strip_prefix("sha256:") == Some(sum)
}

/// Keeps a verified download, whole or not at all, whoever else does so at the same time.
fn keep(directory: &Path, sum: &str, bytes: &[u8], most: u64) -> io::Result<()> {
    files::create_private_dir_all(directory)?;
    if bytes.len() as u64 <= most {
        files::write_atomic(&directory.join(sum), bytes, 0o600, false)?;
    }
    let mut kept = files::list_aged(directory)?;
    let newest = kept.iter().map(|one| one.used).max();
    kept.sort_by_key(|one| std::cmp::Reverse(one.used));
    let mut total = 0;
    for one in kept {
        let leftover = one.name.as_encoded_bytes().starts_with(b".");
        let age = newest.and_then(|newest| newest.duration_since(one.used).ok());
        total += if leftover { 0 } else { one.size };
        // Another process may be writing what starts with a dot.
        let goes = if leftover {
            age.is_some_and(|age| age > STALE)
        } else {
            total > most && one.name != sum
        };
        if goes {
            files::remove_file(&directory.join(one.name))?;
        }
    }
    Ok(())
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// Somewhere between nothing and all of it.
fn by_chance(most: Duration) -> Duration {
    let share = u32::from(u16::from_be_bytes(Random::system().bytes()));
    most * share / u32::from(u16::MAX)
}
