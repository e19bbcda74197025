//! Objects below a prefix as a medium.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use zeroize::Zeroizing;

use super::bucket::Bucket;
use super::holding::Held;
use super::lease::{self, Attempt, Lease};
use super::versions;
use crate::state::{Lineage, Serial, Version as Dated};
use crate::store::background::Background;
use crate::store::medium::{Abilities, Holding, Journal, Kept, Medium, Names, Room, Version};
use crate::store::{LockInfo, LockRequest, StoreError};
use crate::sys::World;

/// The document.
pub(super) const DOCUMENT: &str = "state.json";
/// One object a group.
pub(super) const JOURNAL: &str = "journal";
/// The fingerprint key.
pub(super) const KEY: &str = "key";

/// How long a lease lives; it is renewed at a third of that.
const LIFE: Duration = Duration::from_mins(1);

/// How many groups are fetched at once.
const ABREAST: usize = 16;

/// How often a reading that was overtaken by a compaction begins anew.
const READINGS: u32 = 20;

/// How long a journal may grow: a reader needs one request a group, so it is folded more often
/// than one that is a single file.
const GROUPS_MAX: usize = 1000;
const BYTES_MAX: u64 = 4 << 20;

/// How long to sleep between two tries to take the lock; longer, the longer it takes.
const PAUSES: std::ops::RangeInclusive<u64> = 50..=1000;

/// How often others may be faster, one after the other, before something else must be wrong.
pub(super) const RACES: u32 = 100;

/// Objects below a prefix.
#[derive(Debug)]
pub(in crate::store) struct Object {
    bucket: Bucket,
    names: Names,
    background: Arc<Background>,
}

impl Object {
    /// The store below a prefix, known to people under a name; asks for nothing yet.
    pub(in crate::store) fn new(
        client: Arc<dyn ObjectStore>,
        prefix: &str,
        name: &str,
    ) -> Result<Self, StoreError> {
        let bucket = Bucket::new(client, prefix, name);
        let background =
            Background::start().map_err(|error| StoreError::io(name.as_ref(), error))?;
        Ok(Self {
            names: Names {
                store: PathBuf::from(name),
                document: bucket.file(DOCUMENT),
                journal: bucket.file(JOURNAL),
                key: bucket.file(KEY),
            },
            bucket,
            background: Arc::new(background),
        })
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let broken = || StoreError::Poisoned(self.names.store.clone());
        self.background.wait(work).unwrap_or_else(|| Err(broken()))
    }

    fn attempt(&self, world: &World, me: &LockInfo) -> Result<Attempt, StoreError> {
        let (bucket, clock, me) = (self.bucket.clone(), world.clock, me.clone());
        self.wait(async move { Lease::take(&bucket, clock, LIFE, &me).await })
    }

    fn holding(&self, lease: Option<Lease>, epoch: u64) -> Box<dyn Holding> {
        Box::new(Held::new(
            self.bucket.clone(),
            Arc::clone(&self.background),
            lease,
            epoch,
        ))
    }
}

impl Medium for Object {
    fn names(&self) -> &Names {
        &self.names
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            fenced: true,
            leased: true,
            appendable: true,
        }
    }

    fn room(&self, document: u64) -> Room {
        Room {
            bytes: BYTES_MAX + 2 * document,
            groups: GROUPS_MAX,
        }
    }

    fn load(&self) -> Result<Option<Kept>, StoreError> {
        let bucket = self.bucket.clone();
        self.wait(async move { load(&bucket).await })
    }

    fn document(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let bucket = self.bucket.clone();
        let found = self.wait(async move { bucket.get(DOCUMENT).await })?;
        Ok(found.map(|found| found.bytes))
    }

    fn versions(&self, lineage: &Lineage) -> Result<Vec<Dated>, StoreError> {
        let (bucket, lineage) = (self.bucket.clone(), lineage.clone());
        self.wait(async move { versions::notes(&bucket, &lineage).await })
    }

    fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        let (bucket, lineage) = (self.bucket.clone(), lineage.clone());
        self.wait(async move { versions::document(&bucket, &lineage, serial).await })
    }

    fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let bucket = self.bucket.clone();
        let found = self.wait(async move { bucket.get(KEY).await })?;
        Ok(found.map(|found| Zeroizing::new(found.bytes)))
    }

    fn hold(
        &self,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Box<dyn Holding>, StoreError> {
        let began = Instant::now();
        let mut told = None;
        let mut pause = *PAUSES.start();
        let mut races = 0;
        loop {
            let me = LockInfo::of_this_process(world, request.operation);
            let holder = match self.attempt(world, &me)? {
                Attempt::Taken(lease) => return Ok(self.holding(Some(*lease), 0)),
                Attempt::Raced if races < RACES => {
                    races += 1;
                    continue;
                }
                Attempt::Raced => return Err(StoreError::Busy(self.bucket.name().to_owned())),
                Attempt::Held(holder) => holder,
            };
            let left = request.timeout.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(StoreError::Held(Box::new(holder)));
            }
            if told.as_ref() != Some(&holder.id) {
                waiting(&holder);
                told = Some(holder.id);
            }
            // Never in step with others who wait.
            let [chance] = world.random.bytes::<1>();
            let spread = pause / 2 + pause * u64::from(chance) / 255;
            request.pause(Duration::from_millis(spread).min(left))?;
            pause = (pause * 3 / 2).min(*PAUSES.end());
        }
    }

    fn without_lock(&self, _world: &World) -> Result<Box<dyn Holding>, StoreError> {
        let bucket = self.bucket.clone();
        let epoch = self.wait(async move { lease::present_epoch(&bucket).await })?;
        Ok(self.holding(None, epoch))
    }

    fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        let (bucket, id) = (self.bucket.clone(), id.to_owned());
        self.wait(async move { lease::force(&bucket, &id).await })
    }
}

/// The object of the group whose first event has a number, written in an epoch.
pub(super) fn group_key(first: Serial, epoch: u64) -> String {
    format!("{JOURNAL}/{:020}.{epoch}.jsonl", first.0)
}

/// The number of a group's first event, from the name of its object.
pub(super) fn first_of(name: &str) -> Option<Serial> {
    let (first, rest) = name.split_once('.')?;
    rest.strip_suffix(".jsonl")?;
    first.parse().ok().map(Serial)
}

/// Reads document and journal.
///
/// The groups are listed before the document is read. A group goes only after a document that
/// holds it is in place, so the document and the listed groups that follow it make a state that is
/// at least as late as the listing; one that is gone by now is in a later document.
async fn load(bucket: &Bucket) -> Result<Option<Kept>, StoreError> {
    for _ in 0..READINGS {
        let listed = bucket.list(JOURNAL).await?;
        // Empty ones keep a name taken from a holder that lost the lock.
        let groups: Vec<String> = listed
            .into_iter()
            .filter(|(name, size)| *size > 0 && first_of(name).is_some())
            .map(|(name, _)| format!("{JOURNAL}/{name}"))
            .collect();
        let Some(document) = bucket.get(DOCUMENT).await? else {
            if groups.is_empty() {
                return Ok(None);
            }
            return Err(StoreError::Gone {
                file: bucket.file(DOCUMENT),
            });
        };
        let fetched: Vec<_> = futures_util::stream::iter(groups)
            .map(|key| async move { bucket.get(&key).await })
            .buffered(ABREAST)
            .try_collect()
            .await?;
        let lines: Option<Vec<Vec<u8>>> = fetched
            .into_iter()
            .map(|found| found.map(|found| found.bytes))
            .collect();
        if let Some(lines) = lines {
            return Ok(Some(Kept {
                document: document.bytes,
                journal: Journal::Lines(lines),
                version: Some(Version {
                    tag: document.version.e_tag,
                    generation: document.version.version,
                }),
            }));
        }
    }
    Err(StoreError::Busy(bucket.name().to_owned()))
}
