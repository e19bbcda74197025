//! One address as a medium.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::holding::Held;
use super::left::Left;
use super::place::HttpPlace;
use super::protocol::{Body, Content, Holder, with_id};
use crate::state::{Lineage, Serial, Version as Dated};
use crate::store::background::Background;
use crate::store::local::History;
use crate::store::medium::{Abilities, Holding, Journal, Keeping, Kept, Medium, Names, Room};
use crate::store::{Damage, LockInfo, LockRequest, StoreError};
use crate::sys::World;
use crate::sys::http::{HttpAnswer, HttpClient, HttpRequest};

/// How often a request is sent that can be repeated.
const TRIES: u32 = 4;

/// How long a journal may grow in the body: a commit sends all of it.
const BYTES_MAX: u64 = 64 << 10;

/// How long to sleep between two tries to take the lock.
const PAUSE: Duration = Duration::from_millis(250);

/// How long giving a lock back may take.
const FAREWELL: Duration = Duration::from_secs(10);

/// A state behind an address.
#[derive(Debug)]
pub(in crate::store) struct Http {
    server: Server,
    names: Names,
    background: Arc<Background>,
    left: Left,
    /// Where versions are kept, since the protocol has one document only.
    history: OnceLock<History>,
}

/// The server, and how it is asked.
#[derive(Clone, Debug)]
pub(super) struct Server {
    client: HttpClient,
    place: HttpPlace,
}

/// Why a write wasn't confirmed.
pub(super) enum Unsaved {
    /// The server refused it: nothing was written.
    Refused(StoreError),
    /// Another has the lock: nothing was written.
    Lost,
    /// Nobody knows what became of it.
    Unheard(StoreError),
}

impl Http {
    /// The store at an address; asks for nothing yet.
    pub(in crate::store) fn new(place: HttpPlace, world: &World) -> Result<Self, StoreError> {
        let name = PathBuf::from(place.shown());
        let background = Background::start().map_err(|error| StoreError::io(&name, error))?;
        Ok(Self {
            server: Server {
                client: place.client(&world.environment)?,
                place,
            },
            names: Names {
                store: name.clone(),
                document: name.clone(),
                journal: name.clone(),
                key: name,
            },
            background: Arc::new(background),
            left: Left::default(),
            history: OnceLock::new(),
        })
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let broken = || StoreError::Poisoned(self.names.store.clone());
        self.background.wait(work).unwrap_or_else(|| Err(broken()))
    }

    fn content(&self) -> Result<Option<Content>, StoreError> {
        let server = self.server.clone();
        self.wait(async move { server.load().await })
    }

    fn holding(&self, lock: Option<Holder>) -> Box<dyn Holding> {
        let server = self.server.clone();
        let background = Arc::clone(&self.background);
        let history = self.history.get().cloned();
        let left = self.left.clone();
        Box::new(Held::new(server, background, lock, left, history))
    }
}

impl Medium for Http {
    fn names(&self) -> &Names {
        &self.names
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            fenced: false,
            leased: false,
            appendable: false,
        }
    }

    fn room(&self, document: u64) -> Room {
        Room {
            bytes: BYTES_MAX + document,
            groups: usize::MAX,
        }
    }

    fn load(&self) -> Result<Option<Kept>, StoreError> {
        Ok(self.content()?.map(|content| Kept {
            document: content.document,
            journal: Journal::Lines(content.journal),
            version: None,
        }))
    }

    fn keeping(&self) -> Keeping {
        match self.history.get() {
            Some(history) => Keeping::OnThisHost(history.directory().to_owned()),
            None => Keeping::Nowhere,
        }
    }

    fn keep_beside(&self, directory: &Path) {
        self.history
            .get_or_init(|| History::at(directory.join("versions")));
    }

    fn versions(&self, lineage: &Lineage) -> Result<Vec<Dated>, StoreError> {
        match self.history.get() {
            Some(history) => history.versions(lineage),
            None => Ok(Vec::new()),
        }
    }

    fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        match self.history.get() {
            Some(history) => history.version(lineage, serial),
            None => Ok(None),
        }
    }

    fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        Ok(self.content()?.map(|content| content.key))
    }

    fn hold(
        &self,
        world: &World,
        request: LockRequest<'_>,
        waiting: &mut dyn FnMut(&LockInfo),
    ) -> Result<Box<dyn Holding>, StoreError> {
        let began = Instant::now();
        let me = Holder::of(&LockInfo::of_this_process(world, request.operation));
        let mut told = None;
        loop {
            let (server, wanted) = (self.server.clone(), me.clone());
            let asked = self.wait(async move {
                let asked = server.lock(&wanted).await;
                if let Err(StoreError::Unreachable { .. } | StoreError::Refused { .. }) = asked {
                    // It may have been given all the same; who can't be reached can't be asked.
                    let _kept = server.give_back(&wanted, true).await;
                }
                asked
            });
            let Some(holder) = asked? else {
                return Ok(self.holding(Some(me)));
            };
            let left = request.timeout.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(StoreError::HeldWithoutEnd(Box::new(holder.told())));
            }
            if told.as_ref() != Some(&holder.id) {
                waiting(&holder.told());
                told = Some(holder.id);
            }
            let [chance] = world.random.bytes::<1>();
            request.pause((PAUSE / 2 + PAUSE * u32::from(chance) / 255).min(left))?;
        }
    }

    fn without_lock(&self, _world: &World) -> Result<Box<dyn Holding>, StoreError> {
        Ok(self.holding(None))
    }

    fn lock_left(&self) -> Option<LockInfo> {
        self.left.told()
    }

    fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        let (server, id) = (self.server.clone(), id.to_owned());
        // Only who tries to lock is told who has.
        let me = Holder::of(&LockInfo::of_this_process(&World::real(), "force-unlock"));
        self.wait(async move {
            match server.lock(&me).await? {
                None => {
                    server.unlock(&me).await?;
                    Err(StoreError::NotHeld(server.place.shown().into()))
                }
                Some(holder) if holder.id == id => {
                    server.unlock(&holder).await?;
                    Ok(holder.told())
                }
                Some(holder) => Err(StoreError::OtherHolder(Box::new(holder.told()))),
            }
        })
    }
}

impl Server {
    pub(super) fn name(&self) -> PathBuf {
        PathBuf::from(self.place.shown())
    }

    /// Reads all of it; none where there is nothing yet.
    pub(super) async fn load(&self) -> Result<Option<Content>, StoreError> {
        let answer = self.ask("GET", &self.place.address, None).await?;
        match answer.status {
            200 if !answer.body.is_empty() => {
                let body = serde_json::from_slice::<Body>(&answer.body).ok();
                let content = body.and_then(|body| body.content());
                content.map(Some).ok_or_else(|| StoreError::Damaged {
                    file: self.name(),
                    source: Box::new(Damage::Body),
                })
            }
            200 | 204 | 404 => Ok(None),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Writes all of it; repeating that changes nothing.
    pub(super) async fn save(&self, body: &Body, lock: Option<&str>) -> Result<(), Unsaved> {
        let io = |error: serde_json::Error| StoreError::io(&self.name(), error.into());
        let bytes = serde_json::to_vec(body).map_err(|error| Unsaved::Refused(io(error)))?;
        let url = match lock {
            None => self.place.address.clone(),
            Some(id) => with_id(&self.place.address, id),
        };
        let asked = self.ask("POST", &url, Some(bytes)).await;
        let answer = asked.map_err(Unsaved::Unheard)?;
        match answer.status {
            200..=299 => Ok(()),
            // The lock isn't ours any more.
            409 | 423 => Err(Unsaved::Lost),
            // Whoever answered so may have passed it on.
            500..=599 => Err(Unsaved::Unheard(self.refused(&answer))),
            _ => Err(Unsaved::Refused(self.refused(&answer))),
        }
    }

    /// Takes the lock, or says who has it.
    async fn lock(&self, me: &Holder) -> Result<Option<Holder>, StoreError> {
        let place = &self.place;
        let url = place.lock_address.as_ref().unwrap_or(&place.address);
        let method = place.lock_method.as_deref().unwrap_or("LOCK");
        let answer = self.ask(method, url, Some(self.told(me)?)).await?;
        match answer.status {
            200..=299 => Ok(None),
            409 | 423 => match serde_json::from_slice::<Holder>(&answer.body) {
                // The answer to our first try got lost.
                Ok(holder) if holder.id == me.id => Ok(None),
                Ok(holder) => Ok(Some(holder)),
                Err(_) => Err(self.refused(&answer)),
            },
            _ => Err(self.refused(&answer)),
        }
    }

    /// Gives a lock back.
    pub(super) async fn unlock(&self, holder: &Holder) -> Result<(), StoreError> {
        let place = &self.place;
        let url = place
            .unlock_address
            .as_ref()
            .or(place.lock_address.as_ref());
        let url = with_id(url.unwrap_or(&place.address), &holder.id);
        let method = place.unlock_method.as_deref().unwrap_or("UNLOCK");
        let answer = self.ask(method, &url, Some(self.told(holder)?)).await?;
        match answer.status {
            200..=299 => Ok(()),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Gives a lock back within a bounded time, or finds that another has it; whether that is so.
    ///
    /// One that was lost is asked for first: a server that doesn't look whose lock it gives away
    /// would give away another's.
    pub(super) async fn give_back(&self, holder: &Holder, was_lost: bool) -> bool {
        let given = async {
            if was_lost && self.lock(holder).await?.is_some() {
                return Ok(());
            }
            self.unlock(holder).await
        };
        let given: Result<Result<(), StoreError>, _> = tokio::time::timeout(FAREWELL, given).await;
        matches!(given, Ok(Ok(())))
    }

    fn told(&self, holder: &Holder) -> Result<Vec<u8>, StoreError> {
        let io = |error: serde_json::Error| StoreError::io(&self.name(), error.into());
        serde_json::to_vec(holder).map_err(io)
    }

    /// Asks until there is an answer that isn't a server's trouble, a few times.
    async fn ask(
        &self,
        method: &str,
        url: &str,
        body: Option<Vec<u8>>,
    ) -> Result<HttpAnswer, StoreError> {
        let mut tries = 0;
        loop {
            let request = HttpRequest {
                method: method.to_owned(),
                url: url.to_owned(),
                body: body.clone(),
                ..HttpRequest::default()
            };
            let sent = self.client.send(request).await;
            tries += 1;
            match sent {
                Ok(answer)
                    if tries == TRIES || ![429, 500, 502, 503, 504].contains(&answer.status) =>
                {
                    return Ok(answer);
                }
                Err(error) if tries == TRIES => {
                    return Err(StoreError::Unreachable {
                        store: self.place.shown().to_owned(),
                        source: Box::new(error),
                    });
                }
                Ok(_) | Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(100 << tries)).await;
        }
    }

    fn refused(&self, answer: &HttpAnswer) -> StoreError {
        let source = format!("the server answered with status {}", answer.status).into();
        match answer.status {
            401 | 403 => StoreError::Denied {
                store: self.place.shown().to_owned(),
                source,
            },
            _ => StoreError::Refused {
                file: self.name(),
                source,
            },
        }
    }
}
