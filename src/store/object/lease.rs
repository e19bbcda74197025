//! The lease: taken, renewed and given back by compare-and-swap on one object.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use object_store::{PutMode, UpdateVersion};

use super::bucket::{Bucket, Found, Put};
use super::medium::RACES;
use super::record::{Finding, Record};
use crate::store::{Damage, LockInfo, StoreError};
use crate::sys::Clock;

/// The lock object.
const LOCK: &str = "lock.json";

/// A lease of this process.
#[derive(Debug)]
pub(super) struct Lease {
    bucket: Bucket,
    clock: Clock,
    life: Duration,
    id: String,
    /// One request at a time works on it.
    grip: tokio::sync::Mutex<Grip>,
    /// Until when nobody else can have taken it: by this process's time, and by the calendar,
    /// which goes on while a machine sleeps.
    until: Mutex<(Instant, Timestamp)>,
    lost: AtomicBool,
}

/// The lock object as this holder last wrote it.
#[derive(Debug)]
struct Grip {
    record: Record,
    version: UpdateVersion,
}

/// What became of an attempt to take the lock.
#[derive(Debug)]
pub(super) enum Attempt {
    Taken(Box<Lease>),
    Held(LockInfo),
    /// Somebody was faster: look again.
    Raced,
}

impl Lease {
    /// Tries once to take the lock.
    pub(super) async fn take(
        bucket: &Bucket,
        clock: Clock,
        life: Duration,
        me: &LockInfo,
    ) -> Result<Attempt, StoreError> {
        let found = bucket.get(LOCK).await?;
        let (began, now) = (Instant::now(), clock.now());
        let record = match &found {
            None => Record::first(),
            Some(found) => read(bucket, found)?,
        };
        let record = match record.look(me, now, life) {
            Finding::Held(info) => return Ok(Attempt::Held(info)),
            Finding::Free(record) => record,
        };
        let bytes = bytes(bucket, &record)?;
        let put = match found {
            None => bucket.create(LOCK, &bytes).await?,
            Some(found) => bucket.update(LOCK, &bytes, found.version).await?,
        };
        let Put::Done(version) = put else {
            return Ok(Attempt::Raced);
        };
        let mut record = record;
        if record.proven != bucket.name() {
            prove(bucket, &bytes).await?;
            bucket.name().clone_into(&mut record.proven);
        }
        let until = Mutex::new((began + life, end_of(&record, now)));
        Ok(Attempt::Taken(Box::new(Self {
            bucket: bucket.clone(),
            clock,
            life,
            id: me.id.clone(),
            grip: tokio::sync::Mutex::new(Grip { record, version }),
            until,
            lost: AtomicBool::new(false),
        })))
    }

    /// The epoch of this holder, and those of holders that must be cut off before it writes.
    pub(super) async fn epochs(&self) -> (u64, Vec<u64>) {
        let grip = self.grip.lock().await;
        (grip.record.epoch, grip.record.unfenced.clone())
    }

    /// Notes that the earlier holders are cut off.
    pub(super) async fn fenced(&self) {
        self.grip.lock().await.record.unfenced.clear();
    }

    /// Whether another took it.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// Whether it may have run out, as after a long pause of this process or its machine.
    pub(super) fn is_overdue(&self) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        Instant::now() >= until.0 || self.clock.now() >= until.1
    }

    /// How long it lives without being renewed.
    pub(super) fn life(&self) -> Duration {
        self.life
    }

    /// Puts its end off; where another took it, it is lost.
    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        let mut grip = self.grip.lock().await;
        let (began, now) = (Instant::now(), self.clock.now());
        let record = grip.record.clone().renewed(now, self.life);
        let until = (began + self.life, end_of(&record, now));
        if self.write(&mut grip, record).await? {
            *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
            return Ok(());
        }
        Err(StoreError::Lost(self.bucket.name().into()))
    }

    /// Gives it back; `clean` where no write of ours can still arrive.
    ///
    /// Where it can't be given back, it runs out by itself.
    pub(super) async fn release(&self, clean: bool) -> Result<(), StoreError> {
        if self.is_lost() {
            return Ok(());
        }
        let mut grip = self.grip.lock().await;
        let record = grip.record.clone();
        let record = if clean {
            record.released()
        } else {
            record.cut_off()
        };
        self.write(&mut grip, record).await.map(|_| ())
    }

    /// Writes the lock object, if it is still as this holder left it; says whether it was.
    async fn write(&self, grip: &mut Grip, record: Record) -> Result<bool, StoreError> {
        let bytes = bytes(&self.bucket, &record)?;
        let put = self.bucket.update(LOCK, &bytes, grip.version.clone());
        match put.await? {
            Put::Done(version) => {
                *grip = Grip { record, version };
                Ok(true)
            }
            Put::Taken => {
                // An answer may have been lost, so that our own former write is what is there.
                if let Some(found) = self.bucket.get(LOCK).await?
                    && let Ok(there) = read(&self.bucket, &found)
                    && there.is_held_by(&self.id)
                {
                    grip.version = found.version;
                    let put = self.bucket.update(LOCK, &bytes, grip.version.clone());
                    if let Put::Done(version) = put.await? {
                        *grip = Grip { record, version };
                        return Ok(true);
                    }
                }
                self.lose();
                Ok(false)
            }
        }
    }
}

/// The epoch in which the present holder writes; the first where nobody ever did.
pub(super) async fn present_epoch(bucket: &Bucket) -> Result<u64, StoreError> {
    match bucket.get(LOCK).await? {
        None => Ok(Record::first().epoch),
        Some(found) => Ok(read(bucket, &found)?.epoch),
    }
}

/// Takes the lock away from the holder with this id.
pub(super) async fn force(bucket: &Bucket, id: &str) -> Result<LockInfo, StoreError> {
    for _ in 0..RACES {
        let Some(found) = bucket.get(LOCK).await? else {
            return Err(StoreError::NotHeld(bucket.name().into()));
        };
        let record = read(bucket, &found)?;
        let Some(holder) = record.holder.clone() else {
            return Err(StoreError::NotHeld(bucket.name().into()));
        };
        if holder.id != id {
            return Err(StoreError::OtherHolder(Box::new(holder)));
        }
        let bytes = bytes(bucket, &record.cut_off())?;
        if let Put::Done(_) = bucket.update(LOCK, &bytes, found.version).await? {
            return Ok(holder);
        }
    }
    Err(StoreError::Busy(bucket.name().to_owned()))
}

/// Sees that the server refuses what its conditions forbid: without that nothing here is safe.
///
/// Both writes would change nothing if they went through.
async fn prove(bucket: &Bucket, lock: &[u8]) -> Result<(), StoreError> {
    let stranger = UpdateVersion {
        e_tag: Some("\"00000000000000000000000000000000\"".to_owned()),
        version: Some("1".to_owned()),
    };
    for mode in [PutMode::Create, PutMode::Update(stranger)] {
        if bucket.lets(LOCK, lock, mode).await? {
            // The lock is worth nothing here; an object less to wonder about.
            let _left = bucket.remove(vec![LOCK.to_owned()]).await;
            return Err(StoreError::Unsafe(bucket.name().to_owned()));
        }
    }
    Ok(())
}

fn read(bucket: &Bucket, found: &Found) -> Result<Record, StoreError> {
    Record::read(&found.bytes).ok_or_else(|| StoreError::Damaged {
        file: bucket.file(LOCK),
        source: Box::new(Damage::Lock),
    })
}

fn bytes(bucket: &Bucket, record: &Record) -> Result<Vec<u8>, StoreError> {
    let error = |error: serde_json::Error| StoreError::io(&bucket.file(LOCK), error.into());
    record.to_bytes().map_err(error)
}

fn end_of(record: &Record, now: Timestamp) -> Timestamp {
    let holder = record.holder.as_ref();
    holder.and_then(|holder| holder.expires).unwrap_or(now)
}
