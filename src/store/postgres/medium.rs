//! A row and its journal as a medium.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::error::Failure;
use super::holding::{Hand, Held};
use super::place::PostgresPlace;
use super::row::{Attempt, RACES, Row};
use crate::state::{Lineage, Serial, Version as Dated};
use crate::store::background::Background;
use crate::store::medium::{Abilities, Holding, Kept, Medium, Names, Room};
use crate::store::{LockInfo, LockRequest, StoreError};
use crate::sys::World;

/// How long a journal may grow: it is read whole, in one answer.
const GROUPS_MAX: usize = 10_000;
const BYTES_MAX: u64 = 4 << 20;

/// How long to sleep between two tries to take the lock, in milliseconds; longer, the longer it takes.
const PAUSES: std::ops::RangeInclusive<u64> = 50..=1000;

/// A state in a database.
#[derive(Debug)]
pub(in crate::store) struct Postgres {
    row: Row,
    names: Names,
    background: Arc<Background>,
}

impl Postgres {
    /// The state in a database; asks for nothing yet.
    pub(in crate::store) fn new(place: &PostgresPlace, world: &World) -> Result<Self, StoreError> {
        let name = place.address();
        let background =
            Background::start().map_err(|error| StoreError::io(name.as_ref(), error))?;
        Ok(Self {
            row: Row {
                server: Arc::new(place.server(&world.environment)?),
                name: place.name.as_str().into(),
                lock: format!("sindri/{}/{}/", place.schema, place.name).into(),
            },
            names: Names {
                document: piece(&name, "document"),
                journal: piece(&name, "journal"),
                key: piece(&name, "key"),
                store: PathBuf::from(&name),
            },
            background: Arc::new(background),
        })
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.background.wait(work) {
            Some(done) => done.map_err(|failure| failure.into_error(&self.row.server.name)),
            None => Err(StoreError::Poisoned(self.names.store.clone())),
        }
    }

    fn holding(&self, hand: Hand) -> Box<dyn Holding> {
        Box::new(Held::new(hand, Arc::clone(&self.background)))
    }
}

/// How people know a piece of a store with an address.
fn piece(address: &str, name: &str) -> PathBuf {
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    let mark = if query.is_empty() { "" } else { "?" };
    PathBuf::from(format!("{address}/{name}{mark}{query}"))
}

impl Medium for Postgres {
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
        let row = self.row.clone();
        let document = self.names.document.clone();
        self.wait(async move { row.load(document).await })
    }

    fn document(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.row.clone();
        self.wait(async move { row.document().await })
    }

    fn versions(&self, lineage: &Lineage) -> Result<Vec<Dated>, StoreError> {
        let (row, lineage) = (self.row.clone(), lineage.clone());
        self.wait(async move { row.versions(lineage.as_str()).await })
    }

    fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        let (row, lineage, number) = (self.row.clone(), lineage.clone(), serial.0.cast_signed());
        let kept = self.wait(async move { row.version(lineage.as_str(), number).await })?;
        let store = self.names.store.display().to_string();
        let name = piece(&store, &format!("versions/{serial}"));
        Ok(kept.map(|document| (name, document)))
    }

    fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let row = self.row.clone();
        self.wait(async move { row.key().await })
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
            let (row, random) = (self.row.clone(), Arc::clone(&world.random));
            let holder = match self.wait(async move { row.attempt(&me, random).await })? {
                Attempt::Taken(hand) => return Ok(self.holding(hand)),
                Attempt::Raced if races < RACES => {
                    races += 1;
                    sleep(Duration::from_millis(u64::from(races)));
                    continue;
                }
                Attempt::Raced => return Err(StoreError::Busy(self.row.server.name.clone())),
                Attempt::Held(holder) => holder,
            };
            let left = request.timeout.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(StoreError::HeldUntilGone(Box::new(holder)));
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

    fn without_lock(&self, world: &World) -> Result<Box<dyn Holding>, StoreError> {
        let (row, random) = (self.row.clone(), Arc::clone(&world.random));
        let hand = self.wait(async move {
            let session = row.server.session().await?;
            row.begin(&session).await?;
            let found = row.look(&session).await?;
            Ok(Hand::new(
                row,
                session,
                None,
                found.epoch,
                found.written,
                random,
            ))
        })?;
        Ok(self.holding(hand))
    }

    fn force_unlock(&self, id: &str) -> Result<LockInfo, StoreError> {
        let (row, id) = (self.row.clone(), id.to_owned());
        self.wait(async move { row.force(&id).await })
    }
}
