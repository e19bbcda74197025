//! A bucket in memory at whose gate every request waits until it is let through.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex};

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, Extensions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::oneshot;

/// What a request touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    /// An object's name, or the beginning of many objects' names.
    pub(super) name: String,
    pub(super) writes: bool,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done and answered.
    Answered,
    /// It is done, and nobody hears of it.
    AnswerLost,
    /// Nobody hears of it, nor of those that repeat it; it is done some time later, or not at all.
    Late,
}

/// A write that is still under way although nobody waits for it any more.
pub(super) struct Stray {
    pub(super) touch: Touch,
    location: Path,
    payload: PutPayload,
    options: PutOptions,
}

/// Who waits at the gate.
#[derive(Default)]
pub(super) struct Queue {
    /// The requests of each holder in turn, the first of which may be let through.
    pub(super) waiting: Vec<VecDeque<(Touch, oneshot::Sender<Fate>)>>,
    pub(super) ended: Vec<bool>,
    /// How many requests of each were let through and aren't answered yet.
    under_way: Vec<usize>,
    pub(super) strays: Vec<Option<Stray>>,
    /// How many more tries of a holder's write are lost.
    deaf: Vec<u32>,
    /// Whether everything is let through.
    pub(super) open: bool,
}

/// The gate of all holders.
#[derive(Default)]
pub(super) struct Gate {
    pub(super) queue: Mutex<Queue>,
    pub(super) moved: Condvar,
}

impl Gate {
    pub(super) fn of(holders: usize) -> Arc<Self> {
        let gate = Self::default();
        {
            let mut queue = gate.queue.lock().unwrap();
            queue.waiting.resize_with(holders, VecDeque::new);
            queue.ended.resize(holders, false);
            queue.under_way.resize(holders, 0);
            queue.deaf.resize(holders, 0);
        }
        Arc::new(gate)
    }

    pub(super) fn end(&self, holder: usize) {
        self.queue.lock().unwrap().ended[holder] = true;
        self.moved.notify_all();
    }
}

/// A request that was let through, until it is answered.
struct Passed<'a> {
    gated: &'a Gated,
    fate: Fate,
    counted: bool,
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        if self.counted {
            let gate = &self.gated.gate;
            gate.queue.lock().unwrap().under_way[self.gated.holder] -= 1;
            gate.moved.notify_all();
        }
    }
}

/// The bucket as one of the holders reaches it.
#[derive(Clone)]
pub(super) struct Gated {
    pub(super) holder: usize,
    pub(super) gate: Arc<Gate>,
    pub(super) inside: Arc<InMemory>,
    /// A planted bug: writes of nothing, which keep earlier holders out, don't happen.
    pub(super) fences_fail: bool,
}

impl Gated {
    async fn pass(&self, name: &str, writes: bool) -> Passed<'_> {
        let passed = |fate, counted| Passed {
            gated: self,
            fate,
            counted,
        };
        let touch = Touch {
            name: name.to_owned(),
            writes,
        };
        let (give, take) = oneshot::channel();
        {
            let mut queue = self.gate.queue.lock().unwrap();
            if queue.open {
                return passed(Fate::Answered, false);
            }
            if writes && queue.deaf[self.holder] > 0 {
                queue.deaf[self.holder] -= 1;
                return passed(Fate::Late, false);
            }
            queue.waiting[self.holder].push_back((touch, give));
        }
        self.gate.moved.notify_all();
        match take.await {
            Ok(fate) => passed(fate, true),
            Err(_) => passed(Fate::Answered, false),
        }
    }

    /// Lets a stray write happen.
    pub(super) fn arrive(&self, stray: Stray) {
        let done = self
            .inside
            .put_opts(&stray.location, stray.payload, stray.options);
        // Refused or not: nobody hears of it.
        let _refused = done.now_or_never().expect("memory answers at once");
    }
}

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gated")
    }
}

impl fmt::Display for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gated")
    }
}

fn unheard() -> Error {
    Error::Generic {
        store: "gated",
        source: "the connection was cut".into(),
    }
}

#[async_trait::async_trait]
impl ObjectStore for Gated {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        if is_of_versions(location.as_ref()) {
            return self.inside.put_opts(location, payload, options).await;
        }
        let passed = self.pass(location.as_ref(), true).await;
        if self.fences_fail && payload.content_length() == 0 {
            let made_up = PutResult {
                e_tag: None,
                version: None,
                extensions: Extensions::default(),
            };
            return Ok(made_up);
        }
        match passed.fate {
            Fate::Answered => self.inside.put_opts(location, payload, options).await,
            Fate::AnswerLost => {
                self.inside.put_opts(location, payload, options).await?;
                Err(unheard())
            }
            Fate::Late => {
                let mut queue = self.gate.queue.lock().unwrap();
                // The first of its tries is the one that is under way.
                if queue.deaf[self.holder] == super::super::bucket::TRIES - 1 {
                    queue.strays.push(Some(Stray {
                        touch: Touch {
                            name: location.to_string(),
                            writes: true,
                        },
                        location: location.clone(),
                        payload,
                        options,
                    }));
                }
                Err(unheard())
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inside.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let _passed = self.pass(location.as_ref(), false).await;
        self.inside.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let gated = self.clone();
        locations
            .then(move |location| {
                let gated = gated.clone();
                async move {
                    let location = location?;
                    let _passed = gated.pass(location.as_ref(), true).await;
                    gated.inside.delete(&location).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (gated, prefix) = (self.clone(), prefix.cloned());
        async move {
            let name = prefix.as_ref().map_or("", |prefix| prefix.as_ref());
            if is_of_versions(name) {
                return gated.inside.list(prefix.as_ref());
            }
            let _passed = gated.pass(name, false).await;
            gated.inside.list(prefix.as_ref())
        }
        .flatten_stream()
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inside.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inside.copy_opts(from, to, options).await
    }
}

/// Whether a request is about versions: nothing that is acknowledged depends on when those come.
fn is_of_versions(name: &str) -> bool {
    name.contains("/versions")
}

impl Queue {
    /// Lets the first request of a holder through.
    pub(super) fn let_through(&mut self, holder: usize, fate: Fate) {
        let (_, give) = self.waiting[holder].pop_front().expect("somebody waits");
        if fate == Fate::Late {
            self.deaf[holder] = super::super::bucket::TRIES - 1;
        }
        // A holder that gave up waiting is no concern.
        if give.send(fate).is_ok() {
            self.under_way[holder] += 1;
        }
    }

    /// Whether everybody has ended or waits, with nothing under way.
    pub(super) fn is_quiet(&self) -> bool {
        let quiet = |who: usize| self.ended[who] || !self.waiting[who].is_empty();
        (0..self.ended.len()).all(|who| self.under_way[who] == 0 && quiet(who))
    }

    /// Opens the gate for good.
    pub(super) fn open(&mut self) {
        self.open = true;
        for waiting in &mut self.waiting {
            // Whoever waited goes on as if it were answered.
            waiting.clear();
        }
    }
}
