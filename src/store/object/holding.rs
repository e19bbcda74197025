//! Objects below a prefix while their lock is held.

use std::sync::Arc;
use std::time::Duration;

use object_store::UpdateVersion;
use tokio::task::AbortHandle;

use super::bucket::{Bucket, Put};
use super::lease::Lease;
use super::medium::{DOCUMENT, JOURNAL, KEY, first_of, group_key};
use super::versions::{self, Listed};
use crate::state::{Lineage, Serial, Version as Dated};
use crate::store::StoreError;
use crate::store::background::Background;
use crate::store::medium::{Document, Group, Holding, Ready, Start, Version};

/// How long giving the lock back may take; after that it runs out by itself.
const FAREWELL: Duration = Duration::from_secs(10);

/// The objects while they may be written.
#[derive(Debug)]
pub(super) struct Held {
    bucket: Bucket,
    background: Arc<Background>,
    /// None where a person said that nobody else writes.
    lease: Option<Arc<Lease>>,
    renewal: Option<AbortHandle>,
    epoch: u64,
    /// The document as it was loaded or last written; none where there is none.
    document: Option<UpdateVersion>,
    /// The versions that are there, once they were asked for.
    versions: Option<Listed>,
    /// Whether a write may still arrive of which nobody knows what became.
    broken: bool,
}

impl Held {
    pub(super) fn new(
        bucket: Bucket,
        background: Arc<Background>,
        lease: Option<Lease>,
        epoch: u64,
    ) -> Self {
        let lease = lease.map(Arc::new);
        let renewal = lease
            .as_ref()
            .and_then(|lease| background.go_on(keep(Arc::clone(lease))));
        Self {
            bucket,
            background,
            lease,
            renewal,
            epoch,
            document: None,
            versions: None,
            broken: false,
        }
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let broken = || StoreError::Poisoned(self.bucket.name().into());
        self.background.wait(work).unwrap_or_else(|| Err(broken()))
    }

    /// Sees that the lock is still ours, as far as that can be known without a request.
    fn firm(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        if let Some(lease) = &self.lease
            && lease.is_overdue()
        {
            let lease = Arc::clone(lease);
            self.wait(async move { lease.renew().await })?;
        }
        Ok(())
    }

    /// What a write came to: one that was refused means that another holds the lock.
    fn settle(&mut self, put: Result<Put, StoreError>) -> Result<UpdateVersion, StoreError> {
        match put {
            Ok(Put::Done(version)) => Ok(version),
            Ok(Put::Taken) => {
                if let Some(lease) = &self.lease {
                    lease.lose();
                }
                self.broken = self.lease.is_none();
                Err(StoreError::Lost(self.bucket.name().into()))
            }
            Err(error) => {
                self.broken = true;
                Err(error)
            }
        }
    }

    /// The versions that are there, asked for once.
    fn listed(&mut self) -> Result<&mut Listed, StoreError> {
        if self.versions.is_none() {
            let bucket = self.bucket.clone();
            self.versions = Some(self.wait(async move { versions::list(&bucket).await })?);
        }
        Ok(self.versions.get_or_insert_default())
    }

    fn put_version(&mut self, version: &Dated, document: Vec<u8>) -> Result<(), StoreError> {
        let mut listed = std::mem::take(self.listed()?);
        let (bucket, version) = (self.bucket.clone(), version.clone());
        let (put, listed) = self.wait(async move {
            let put = versions::put(&bucket, &version, &document, &listed).await;
            if let Ok(size) = put {
                listed.insert(versions::name(&version.lineage, version.serial), size);
                // What is too much does no harm, and goes the next time.
                let _left = versions::prune(&bucket, &version.lineage, &mut listed).await;
            }
            Ok((put, listed))
        })?;
        self.versions = Some(listed);
        put.map(|_| ())
    }

    /// Without a lock, a group counts only if no document has come that doesn't know it.
    fn confirm(&mut self) -> Result<(), StoreError> {
        if self.lease.is_some() {
            return Ok(());
        }
        let bucket = self.bucket.clone();
        let present = self.wait(async move { bucket.version(DOCUMENT).await })?;
        if present == self.document {
            return Ok(());
        }
        self.broken = true;
        Err(StoreError::Lost(self.bucket.name().into()))
    }
}

impl Holding for Held {
    fn resume(&mut self, start: Start) -> Result<Ready, StoreError> {
        self.document = start
            .version
            .map(|Version { tag, generation }| UpdateVersion {
                e_tag: tag,
                version: generation,
            });
        let Some(lease) = self.lease.clone() else {
            return Ok(Ready::Yes);
        };
        let bucket = self.bucket.clone();
        let (next, loaded) = (start.next, self.document.clone());
        let (epoch, ready) = self.wait(async move {
            let (epoch, cut_off) = lease.epochs().await;
            let fences = !cut_off.is_empty();
            for old in cut_off {
                // The next name that the earlier holder would write is taken for ever.
                if bucket.create(&group_key(next, old), b"").await? == Put::Taken {
                    return Ok((epoch, Ready::LoadAgain));
                }
            }
            // An earlier holder may have written under that name, compacted and removed it since the
            // loading: then the name was free, and keeps nobody out.
            if fences && bucket.version(DOCUMENT).await? != loaded {
                return Ok((epoch, Ready::LoadAgain));
            }
            lease.fenced().await;
            Ok((epoch, Ready::Yes))
        })?;
        self.epoch = epoch;
        Ok(ready)
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.lease.as_ref().is_some_and(|lease| lease.is_lost()) {
            return Err(StoreError::Lost(self.bucket.name().into()));
        }
        if self.broken {
            return Err(StoreError::Poisoned(self.bucket.name().into()));
        }
        Ok(())
    }

    fn append(&mut self, group: Group<'_>) -> Result<(), StoreError> {
        self.firm()?;
        let (bucket, line) = (self.bucket.clone(), group.line.to_vec());
        let key = group_key(group.first, self.epoch);
        let put = self.wait(async move { bucket.create(&key, &line).await });
        self.settle(put)?;
        self.confirm()
    }

    fn create(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.firm()?;
        let (bucket, bytes) = (self.bucket.clone(), document.bytes.to_vec());
        let put = self.wait(async move { bucket.create(DOCUMENT, &bytes).await });
        self.document = Some(self.settle(put)?);
        Ok(())
    }

    fn replace(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.firm()?;
        let Some(version) = self.document.clone() else {
            return self.create(document);
        };
        let (bucket, bytes) = (self.bucket.clone(), document.bytes.to_vec());
        let put = self.wait(async move { bucket.update(DOCUMENT, &bytes, version).await });
        self.document = Some(self.settle(put)?);
        let (bucket, serial) = (self.bucket.clone(), document.serial);
        // The document holds them: what stays does no harm, and goes the next time.
        let _left = self.wait(async move { sweep(&bucket, serial).await });
        if let Some(version) = document.version {
            // Where that fails, it isn't listed as kept.
            let _unkept = self.put_version(version, document.bytes.to_vec());
        }
        Ok(())
    }

    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.firm()?;
        let (bucket, bytes) = (self.bucket.clone(), zeroize::Zeroizing::new(bytes.to_vec()));
        let put = self.wait(async move {
            match bucket.version(KEY).await? {
                Some(version) => bucket.update(KEY, &bytes, version).await,
                None => bucket.create(KEY, &bytes).await,
            }
        });
        self.settle(put).map(|_| ())
    }

    fn has_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<bool, StoreError> {
        Ok(self
            .listed()?
            .contains_key(&versions::name(lineage, serial)))
    }

    fn keep_version(&mut self, version: &Dated, document: Option<&[u8]>) -> Result<(), StoreError> {
        self.firm()?;
        let document = if let Some(bytes) = document {
            bytes.to_vec()
        } else {
            let bucket = self.bucket.clone();
            let found = self.wait(async move { bucket.get(DOCUMENT).await })?;
            let Some(found) = found else { return Ok(()) };
            found.bytes
        };
        self.put_version(version, document)
    }

    fn drop_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<(), StoreError> {
        self.firm()?;
        let name = versions::name(lineage, serial);
        self.listed()?.remove(&name);
        let bucket = self.bucket.clone();
        self.wait(async move { versions::drop_one(&bucket, &name).await })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(renewal) = &self.renewal {
            renewal.abort();
        }
        if let Some(lease) = self.lease.take() {
            let clean = !self.broken;
            let farewell = async move { lease.release(clean).await };
            // Where it can't be given back, it runs out.
            let _kept = self
                .background
                .wait(async move { tokio::time::timeout(FAREWELL, farewell).await });
        }
    }
}

/// Renews a lease as long as it is ours.
async fn keep(lease: Arc<Lease>) {
    let third = lease.life() / 3;
    let mut pause = third;
    loop {
        tokio::time::sleep(pause).await;
        pause = match lease.renew().await {
            Ok(()) => third,
            Err(_) if lease.is_lost() => return,
            // Not answered: soon again, since nobody may have taken it meanwhile.
            Err(_) => third / 4,
        };
    }
}

/// Removes the groups that a document holds; the empty ones stay.
async fn sweep(bucket: &Bucket, serial: Serial) -> Result<(), StoreError> {
    let groups = bucket.list(JOURNAL).await?.into_iter();
    let held =
        groups.filter(|(name, size)| *size > 0 && first_of(name).is_some_and(|f| f <= serial));
    bucket
        .remove(held.map(|(name, _)| format!("{JOURNAL}/{name}")).collect())
        .await
}
