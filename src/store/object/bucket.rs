//! Objects below a prefix: the few requests that a store is made of, and what can go wrong.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload,
    UpdateVersion,
};

use crate::store::StoreError;

/// How often a write is sent whose answer got lost.
pub(super) const TRIES: u32 = 4;

/// How long to wait before a write is sent again; twice as long every time.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 200 });

/// Objects below a prefix.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    client: Arc<dyn ObjectStore>,
    prefix: Path,
    /// How people know it, without credentials.
    name: String,
}

/// An object as it was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) version: UpdateVersion,
}

/// What became of a write under a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Put {
    Done(UpdateVersion),
    /// Somebody else's write was there first.
    Taken,
}

impl Bucket {
    pub(super) fn new(client: Arc<dyn ObjectStore>, prefix: &str, name: &str) -> Self {
        Self {
            client,
            prefix: Path::from(prefix),
            name: name.to_owned(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// An object's name for people.
    pub(super) fn file(&self, key: &str) -> PathBuf {
        PathBuf::from(format!("{}/{key}", self.name))
    }

    fn path(&self, key: &str) -> Path {
        let parts = self.prefix.parts();
        parts.chain(Path::from(key).parts()).collect()
    }

    /// Reads an object; none where there is none.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Found>, StoreError> {
        let read = async {
            let answer = self.client.get(&self.path(key)).await?;
            let version = version(&answer.meta);
            let bytes = answer.bytes().await?.to_vec();
            Ok(Found { bytes, version })
        };
        match read.await {
            Ok(found) => Ok(Some(found)),
            Err(ref error @ Error::NotFound { .. }) if !is_bucket_missing(error) => Ok(None),
            Err(error) => Err(self.error(key, error)),
        }
    }

    /// The first bytes of an object, at most so many; none where there is no object.
    pub(super) async fn start(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(0..most)),
            ..GetOptions::default()
        };
        let read = async {
            let answer = self.client.get_opts(&self.path(key), options).await?;
            Ok(answer.bytes().await?.to_vec())
        };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ref error @ Error::NotFound { .. }) if !is_bucket_missing(error) => Ok(None),
            Err(error) => Err(self.error(key, error)),
        }
    }

    /// An object's version; none where there is no object.
    pub(super) async fn version(&self, key: &str) -> Result<Option<UpdateVersion>, StoreError> {
        match self.client.head(&self.path(key)).await {
            Ok(meta) => Ok(Some(version(&meta))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.error(key, error)),
        }
    }

    /// The objects below a folder, with their sizes, in the order of their names.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let path = self.path(folder);
        let listed: Result<Vec<ObjectMeta>, Error> =
            self.client.list(Some(&path)).try_collect().await;
        let listed = match listed {
            Ok(listed) => listed,
            Err(Error::NotFound { .. }) => return Err(StoreError::NoBucket(self.name.clone())),
            Err(error) => return Err(self.error(folder, error)),
        };
        let mut objects: Vec<(String, u64)> = listed
            .into_iter()
            .filter_map(|meta| Some((meta.location.filename()?.to_owned(), meta.size)))
            .collect();
        objects.sort_unstable();
        Ok(objects)
    }

    /// Writes an object that must not be there yet.
    pub(super) async fn create(&self, key: &str, bytes: &[u8]) -> Result<Put, StoreError> {
        self.put(key, bytes, &PutMode::Create).await
    }

    /// Writes an object that must still be as it was found.
    pub(super) async fn update(
        &self,
        key: &str,
        bytes: &[u8],
        version: UpdateVersion,
    ) -> Result<Put, StoreError> {
        self.put(key, bytes, &PutMode::Update(version)).await
    }

    /// Writes under a condition, whose refusal may be the echo of our own write: when the answer to
    /// that got lost and it was sent again. What is there tells the two apart.
    async fn put(&self, key: &str, bytes: &[u8], mode: &PutMode) -> Result<Put, StoreError> {
        let path = self.path(key);
        let mut tries = 0;
        loop {
            let payload = PutPayload::from(bytes.to_vec());
            let sent = self.client.put_opts(&path, payload, mode.clone().into());
            let error = match sent.await {
                Ok(answer) => return Ok(Put::Done(answer.into())),
                Err(error) => error,
            };
            tries += 1;
            let refused = match &error {
                Error::AlreadyExists { .. } | Error::Precondition { .. } => true,
                // The object to be replaced is gone, or the bucket is.
                Error::NotFound { .. } => {
                    matches!(mode, PutMode::Update(_)) && !is_bucket_missing(&error)
                }
                _ => false,
            };
            if refused {
                match self.get(key).await? {
                    Some(found) if found.bytes == bytes => return Ok(Put::Done(found.version)),
                    Some(_) => return Ok(Put::Taken),
                    None if matches!(mode, PutMode::Update(_)) => return Ok(Put::Taken),
                    // Refused for a write that was under way and didn't come to be.
                    None => {}
                }
            } else if !may_pass(&error) {
                return Err(self.error(key, error));
            }
            if tries == TRIES {
                return Err(self.error(key, error));
            }
            tokio::time::sleep(PAUSE * (1 << (tries - 1))).await;
        }
    }

    /// Writes once and tells only whether the server let it happen.
    pub(super) async fn lets(
        &self,
        key: &str,
        bytes: &[u8],
        mode: PutMode,
    ) -> Result<bool, StoreError> {
        let payload = PutPayload::from(bytes.to_vec());
        let path = self.path(key);
        match self.client.put_opts(&path, payload, mode.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.error(key, error)),
        }
    }

    /// Removes objects; what is gone already is no error.
    pub(super) async fn remove(&self, keys: Vec<String>) -> Result<(), StoreError> {
        let Some(first) = keys.first() else {
            return Ok(());
        };
        let paths: Vec<_> = keys.iter().map(|key| Ok(self.path(key))).collect();
        let stream = futures_util::stream::iter(paths).boxed();
        let mut removed = self.client.delete_stream(stream);
        while let Some(one) = removed.next().await {
            match one {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(self.error(first, error)),
            }
        }
        Ok(())
    }

    fn error(&self, key: &str, error: Error) -> StoreError {
        let store = self.name.clone();
        if is_bucket_missing(&error) {
            return StoreError::NoBucket(store);
        }
        let source = Box::new(error);
        if is_denied(&source) {
            StoreError::Denied { store, source }
        } else if is_unanswered(&source) {
            StoreError::Unreachable { store, source }
        } else {
            StoreError::Refused {
                file: self.file(key),
                source,
            }
        }
    }
}

fn version(meta: &ObjectMeta) -> UpdateVersion {
    UpdateVersion {
        e_tag: meta.e_tag.clone(),
        version: meta.version.clone(),
    }
}

/// Whether trying again may help: it wasn't answered, or by a server in trouble.
fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Generic { .. } | Error::JoinError { .. })
        || matches!(error, Error::AlreadyExists { .. })
}

/// Servers say of a missing bucket what they say of a missing object; only the words differ.
fn is_bucket_missing(error: &Error) -> bool {
    let text = error.to_string();
    ["NoSuchBucket", "ContainerNotFound", "bucket does not exist"]
        .iter()
        .any(|word| text.contains(word))
}

/// Whether access was refused; of a listing only the words say so.
fn is_denied(error: &Error) -> bool {
    let text = error.to_string();
    matches!(
        error,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
    ) || text.contains("status code: 403")
        || text.contains("status code: 401")
}

/// Whether no answer came, or none that could be read.
fn is_unanswered(error: &Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<object_store::client::HttpError>() {
            return true;
        }
        next = error.source();
    }
    false
}
