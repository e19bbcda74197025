//! A bucket in memory that loses requests and answers, refuses, and ignores conditions.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It never arrives.
    RequestLost,
    /// It arrives, and nobody hears of it.
    AnswerLost,
    /// It isn't permitted.
    Denied,
    /// None: it arrives, and is answered.
    None,
}

/// A bucket in memory.
#[derive(Debug)]
pub(super) struct Faulty {
    inside: InMemory,
    /// What happens to the next writes.
    troubles: Mutex<VecDeque<Trouble>>,
    /// The folder in which nothing may be written.
    pub(super) closed: Mutex<Option<&'static str>>,
    pub(super) requests: AtomicU32,
    pub(super) ignores_conditions: AtomicBool,
}

impl Faulty {
    pub(super) fn new() -> Self {
        Self::on(InMemory::new())
    }

    fn on(inside: InMemory) -> Self {
        Self {
            inside,
            troubles: Mutex::default(),
            closed: Mutex::default(),
            requests: AtomicU32::new(0),
            ignores_conditions: AtomicBool::new(false),
        }
    }

    pub(super) fn give(&self, troubles: &[Trouble]) {
        *self.troubles.lock().unwrap() = troubles.iter().copied().collect();
    }

    /// Another bucket with what this one holds now.
    pub(super) fn copy(&self) -> Arc<Self> {
        Arc::new(Self::on(self.inside.fork()))
    }

    pub(super) fn names(&self) -> Vec<String> {
        let listed: Vec<_> = self
            .inside
            .list(None)
            .collect::<Vec<_>>()
            .now_or_never()
            .unwrap();
        let mut names: Vec<String> = listed
            .into_iter()
            .map(|meta| meta.unwrap().location.to_string())
            .collect();
        names.sort();
        names
    }

    fn count(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

fn lost() -> Error {
    Error::Generic {
        store: "faulty",
        source: "the connection was cut".into(),
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut opts: PutOptions,
    ) -> Result<PutResult> {
        self.count();
        if self.ignores_conditions.load(Ordering::SeqCst) {
            opts.mode = PutMode::Overwrite;
        }
        let mut trouble = self.troubles.lock().unwrap().pop_front();
        let below = |name: &str| location.as_ref().contains(&format!("/{name}/"));
        if self.closed.lock().unwrap().is_some_and(below) {
            trouble = Some(Trouble::Denied);
        }
        match trouble {
            None | Some(Trouble::None) => self.inside.put_opts(location, payload, opts).await,
            Some(Trouble::RequestLost) => Err(lost()),
            Some(Trouble::AnswerLost) => {
                self.inside.put_opts(location, payload, opts).await?;
                Err(lost())
            }
            Some(Trouble::Denied) => Err(Error::PermissionDenied {
                path: location.to_string(),
                source: "the policy doesn't permit it".into(),
            }),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inside.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.count();
        self.inside.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.count();
        self.inside.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.count();
        self.inside.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inside.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inside.copy_opts(from, to, options).await
    }
}
