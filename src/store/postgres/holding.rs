//! A row while its lock is held: each write follows the one before, or changes nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_postgres::types::{ToSql, Type};
use zeroize::Zeroizing;

use super::error::Failure;
use super::row::Row;
use super::session::Session;
use crate::digest::hex;
use crate::state::{Lineage, Serial, Version as Dated};
use crate::store::StoreError;
use crate::store::background::Background;
use crate::store::medium::{Document, Group, Holding, Ready, Start, Version};
use crate::sys::Random;

/// How long a broken connection is made anew before a write is given up.
const STAMINA: Duration = Duration::from_secs(40);

/// How long giving the lock back may take; after that it ends with its session.
const FAREWELL: Duration = Duration::from_secs(10);

/// A row while it may be written.
#[derive(Debug)]
pub(super) struct Held {
    hand: Arc<Mutex<Hand>>,
    background: Arc<Background>,
    store: String,
    stopped: Option<Stopped>,
    /// The version that went with the last document.
    kept: Option<(Lineage, Serial)>,
}

#[derive(Clone, Copy, Debug)]
enum Stopped {
    /// Another has the lock.
    Lost,
    /// What became of a write isn't known.
    Unknown,
}

/// The lock of a session.
#[derive(Debug)]
pub(super) struct Lock {
    /// How often it was taken away before: part of what is locked.
    pub(super) forced: i64,
    /// Who holds it, as it stands in the row.
    pub(super) holder: String,
}

/// What is needed to write.
#[derive(Debug)]
pub(super) struct Hand {
    row: Row,
    /// None after it broke.
    session: Option<Session>,
    /// None where a person said that nobody else writes.
    lock: Option<Lock>,
    epoch: i64,
    /// The write that the next one follows.
    written: String,
    random: Arc<Random>,
}

/// What is written.
enum Write {
    /// First and last number, and the line.
    Group(i64, i64, Vec<u8>),
    /// A document, and the note where it is to be kept as a version too.
    Document(i64, String, Vec<u8>, Option<String>),
    Key(Zeroizing<Vec<u8>>),
    /// A version with its note: of these bytes, or of the present document.
    Version(i64, String, Option<Vec<u8>>, String),
    NoVersion(i64, String),
}

/// How a write ended that didn't come to be.
enum Ending {
    /// Another has written since.
    Lost,
    /// It may still arrive.
    Unknown(StoreError),
    /// It was refused, and nothing was done.
    Refused(StoreError),
}

/// What a new session found.
enum Found {
    /// The write under way is there.
    Written,
    /// The row is as it was before it.
    Before,
    /// Somebody else has written, or has the lock.
    Others,
}

impl Held {
    pub(super) fn new(hand: Hand, background: Arc<Background>) -> Self {
        Self {
            store: hand.row.server.name.clone(),
            hand: Arc::new(Mutex::new(hand)),
            background,
            stopped: None,
            kept: None,
        }
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.background.wait(work) {
            Some(done) => done.map_err(|failure| failure.into_error(&self.store)),
            None => Err(StoreError::Poisoned(self.store.clone().into())),
        }
    }

    fn write(&mut self, write: Write) -> Result<(), StoreError> {
        self.usable()?;
        let hand = Arc::clone(&self.hand);
        let written = self
            .background
            .wait(async move { hand.lock().await.write(&write).await });
        match written {
            Some(Ok(())) => Ok(()),
            Some(Err(Ending::Refused(error))) => Err(error),
            Some(Err(Ending::Unknown(error))) => {
                self.stopped = Some(Stopped::Unknown);
                Err(error)
            }
            Some(Err(Ending::Lost)) => {
                self.stopped = Some(Stopped::Lost);
                self.usable()
            }
            None => {
                self.stopped = Some(Stopped::Unknown);
                self.usable()
            }
        }
    }
}

impl Holding for Held {
    fn resume(&mut self, start: Start) -> Result<Ready, StoreError> {
        self.usable()?;
        let Some(Version {
            tag: Some(written),
            generation: Some(epoch),
        }) = start.version
        else {
            return Ok(Ready::Yes);
        };
        let hand = Arc::clone(&self.hand);
        let fits = self.background.wait(async move {
            let mut hand = hand.lock().await;
            if hand.lock.is_none() {
                // What was loaded is what the next write follows.
                hand.epoch = epoch.parse().unwrap_or(hand.epoch);
            }
            hand.written = written;
            hand.epoch.to_string() == epoch
        });
        if fits != Some(true) {
            self.stopped = Some(Stopped::Lost);
        }
        self.usable().map(|()| Ready::Yes)
    }

    fn usable(&self) -> Result<(), StoreError> {
        match self.stopped {
            None => Ok(()),
            Some(Stopped::Lost) => Err(StoreError::Lost(self.store.clone().into())),
            Some(Stopped::Unknown) => Err(StoreError::Poisoned(self.store.clone().into())),
        }
    }

    fn append(&mut self, group: Group<'_>) -> Result<(), StoreError> {
        let (first, last) = (group.first.0, group.last.0);
        self.write(Write::Group(
            first.cast_signed(),
            last.cast_signed(),
            group.line.to_vec(),
        ))
    }

    fn create(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        self.replace(document)
    }

    fn replace(&mut self, document: Document<'_>) -> Result<(), StoreError> {
        let write = |note| {
            Write::Document(
                document.serial.0.cast_signed(),
                document.lineage.as_str().to_owned(),
                document.bytes.to_vec(),
                note,
            )
        };
        if let Some(version) = document.version {
            let written = note(version, &self.store).and_then(|note| self.write(write(Some(note))));
            if written.is_ok() {
                self.kept = Some((document.lineage.clone(), document.serial));
                return Ok(());
            }
            // What was refused, as by a user who has no rights there, is done without the version.
            if self.stopped.is_some() {
                return written;
            }
        }
        self.write(write(None))
    }

    fn put_key(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(Write::Key(Zeroizing::new(bytes.to_vec())))
    }

    fn has_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<bool, StoreError> {
        if self.kept.as_ref() == Some(&(lineage.clone(), serial)) {
            return Ok(true);
        }
        let (hand, lineage) = (Arc::clone(&self.hand), lineage.clone());
        self.wait(async move {
            let row = hand.lock().await.row.clone();
            row.has_version(lineage.as_str(), serial.0.cast_signed())
                .await
        })
    }

    fn keep_version(&mut self, version: &Dated, document: Option<&[u8]>) -> Result<(), StoreError> {
        self.usable()?;
        let hand = Arc::clone(&self.hand);
        // A state from before there were versions has no table for them yet.
        self.wait(async move { hand.lock().await.make_tables().await })?;
        self.write(Write::Version(
            version.serial.0.cast_signed(),
            version.lineage.as_str().to_owned(),
            document.map(<[u8]>::to_vec),
            note(version, &self.store)?,
        ))
    }

    fn drop_version(&mut self, lineage: &Lineage, serial: Serial) -> Result<(), StoreError> {
        self.kept = None;
        let (serial, lineage) = (serial.0.cast_signed(), lineage.as_str().to_owned());
        self.write(Write::NoVersion(serial, lineage))
    }
}

/// What a version's row says of it.
fn note(version: &Dated, store: &str) -> Result<String, StoreError> {
    serde_json::to_string(version).map_err(|error| StoreError::io(store.as_ref(), error.into()))
}

impl Drop for Held {
    fn drop(&mut self) {
        // After a write that may still arrive, or a lock that was lost, the session just ends.
        if self.stopped.is_none() {
            let hand = Arc::clone(&self.hand);
            let farewell = async move { hand.lock().await.release().await };
            // Where it can't be given back, it ends with its session.
            let _kept = self
                .background
                .wait(async move { tokio::time::timeout(FAREWELL, farewell).await });
        }
    }
}

impl Hand {
    pub(super) fn new(
        row: Row,
        session: Session,
        lock: Option<Lock>,
        epoch: i64,
        written: String,
        random: Arc<Random>,
    ) -> Self {
        Self {
            row,
            session: Some(session),
            lock,
            epoch,
            written,
            random,
        }
    }

    /// Makes the tables that are missing, if any are.
    async fn make_tables(&self) -> Result<(), Failure> {
        let server = &self.row.server;
        let Some(session) = &self.session else {
            return Ok(());
        };
        let rows = server.ask(session, &server.tables.lacks, &[]).await?;
        let row = rows.first().ok_or_else(|| server.nonsense())?;
        if server.field(row, 0)? {
            server.make_tables(session).await?;
        }
        Ok(())
    }

    /// The server's process for the session; zero where it broke.
    pub(super) fn process(&self) -> i32 {
        self.session.as_ref().map_or(0, |session| session.process)
    }

    /// Gives the lock back, where there is one; the session may serve others then.
    pub(super) async fn release(&mut self) -> Result<(), Failure> {
        let Some(session) = self.session.take() else {
            return Ok(());
        };
        if let Some(lock) = self.lock.take() {
            release(&self.row, &session, self.epoch, &lock).await?;
        }
        self.row.server.put_back(session);
        Ok(())
    }

    /// Writes once, whatever becomes of the connection meanwhile.
    ///
    /// A write whose answer got lost may be sent again: it names the write that it follows, and
    /// so it can't happen twice. What is there afterwards tells whose it was.
    async fn write(&mut self, write: &Write) -> Result<(), Ending> {
        let this = hex(&self.random.bytes::<16>());
        let began = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let failure = match self.send(write, &this).await {
                Ok(true) => {
                    self.written = this;
                    return Ok(());
                }
                Ok(false) => match self.refused(&this).await? {
                    Some(failure) => failure,
                    None => return Ok(()),
                },
                Err(Failure::Cut(error)) => error,
                Err(failure) => {
                    let error = failure.into_error(&self.row.server.name);
                    // An earlier try of this very write may still be under way.
                    return Err(if pause > Duration::from_millis(50) {
                        Ending::Unknown(error)
                    } else {
                        Ending::Refused(error)
                    });
                }
            };
            self.session = None;
            loop {
                if began.elapsed() > STAMINA {
                    return Err(Ending::Unknown(failure));
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
                match self.connect_anew(&this).await {
                    Ok(Found::Before) => break,
                    Ok(Found::Written) => {
                        self.written = this;
                        return Ok(());
                    }
                    Ok(Found::Others) => return Err(Ending::Lost),
                    Err(Failure::Cut(_)) => {}
                    Err(refused) => {
                        let error = refused.into_error(&self.row.server.name);
                        return Err(Ending::Unknown(error));
                    }
                }
            }
        }
    }

    /// Sends a write; says whether it came to be.
    async fn send(&self, write: &Write, this: &str) -> Result<bool, Failure> {
        let server = &self.row.server;
        let Some(session) = &self.session else {
            return Err(Failure::Cut(StoreError::Poisoned(
                server.name.clone().into(),
            )));
        };
        let name: &str = &self.row.name;
        let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> = vec![
            (&name, Type::TEXT),
            (&self.epoch, Type::INT8),
            (&self.written, Type::TEXT),
            (&this, Type::TEXT),
            (&session.process, Type::INT4),
        ];
        let key: &[u8];
        let statement = match write {
            Write::Group(first, last, line) => {
                parameters.extend([(last as _, Type::INT8), (first as _, Type::INT8)]);
                parameters.push((line, Type::BYTEA));
                &server.tables.append
            }
            Write::Document(serial, lineage, bytes, note) => {
                parameters.extend([(serial as _, Type::INT8), (lineage as _, Type::TEXT)]);
                parameters.push((bytes, Type::BYTEA));
                match note {
                    None => &server.tables.document,
                    Some(note) => {
                        parameters.push((note, Type::TEXT));
                        &server.tables.document_kept
                    }
                }
            }
            Write::Version(serial, lineage, bytes, note) => {
                parameters.extend([(serial as _, Type::INT8), (lineage as _, Type::TEXT)]);
                parameters.extend([(bytes as _, Type::BYTEA), (note as _, Type::TEXT)]);
                &server.tables.keep_version
            }
            Write::NoVersion(serial, lineage) => {
                parameters.extend([(serial as _, Type::INT8), (lineage as _, Type::TEXT)]);
                &server.tables.drop_version
            }
            Write::Key(bytes) => {
                key = bytes.as_slice();
                parameters.push((&key, Type::BYTEA));
                &server.tables.put_key
            }
        };
        let rows = server.ask(session, statement, &parameters).await?;
        Ok(!rows.is_empty())
    }

    /// Why a write changed nothing: none where it is there after all, by an earlier try; an error
    /// where the connection broke before that was known.
    async fn refused(&mut self, this: &str) -> Result<Option<StoreError>, Ending> {
        let server = &self.row.server;
        let Some(session) = &self.session else {
            return Err(Ending::Lost);
        };
        match self.row.look(session).await {
            Ok(look) if look.written == this => {
                this.clone_into(&mut self.written);
                Ok(None)
            }
            // Nobody has written, and still it was refused: by another session than ours.
            Ok(look) if look.written == self.written && look.epoch == self.epoch => {
                Err(Ending::Unknown(server.pooled()))
            }
            Ok(_) => Err(Ending::Lost),
            Err(Failure::Cut(error)) => Ok(Some(error)),
            Err(failure) => Err(Ending::Unknown(failure.into_error(&server.name))),
        }
    }

    /// A new session in place of one that broke, with the lock, unless another has it now.
    ///
    /// The old session may live on at the server, and hold its lock: the new one locks what nobody
    /// has locked yet, and moves the epoch, so that nothing of the old one can still arrive.
    async fn connect_anew(&mut self, this: &str) -> Result<Found, Failure> {
        let server = Arc::clone(&self.row.server);
        let session = server.connect().await?;
        let found = self.row.look(&session).await?;
        let (epoch, written) = match &mut self.lock {
            None => (found.epoch, found.written),
            Some(lock) if found.holder.as_ref() == Some(&lock.holder) => {
                let next = found.forced + 1;
                let parameters: &[_] = &[
                    (&&*self.row.lock as _, Type::TEXT),
                    (&next as _, Type::INT8),
                ];
                let locked = server.ask(&session, TRY_LOCK, parameters).await?;
                let got: bool =
                    server.field(locked.first().ok_or_else(|| server.nonsense())?, 0)?;
                if !got {
                    // A former try of ours, whose session lives on.
                    return Err(Failure::Cut(StoreError::Busy(server.name.clone())));
                }
                let parameters: &[_] = &[
                    (&&*self.row.name as _, Type::TEXT),
                    (&found.forced as _, Type::INT8),
                    (&lock.holder as _, Type::TEXT),
                    (&session.identity as _, Type::TEXT),
                ];
                let go_on = &server.tables.go_on;
                let moved = server.ask(&session, go_on, parameters).await?;
                let Some(moved) = moved.first() else {
                    return Ok(Found::Others);
                };
                lock.forced = next;
                (server.field(moved, 0)?, server.field(moved, 1)?)
            }
            Some(_) => return Ok(Found::Others),
        };
        let moved = self.lock.is_none() && epoch != self.epoch;
        self.epoch = epoch;
        self.session = Some(session);
        Ok(if written == this {
            Found::Written
        } else if written == self.written && !moved {
            Found::Before
        } else {
            Found::Others
        })
    }
}

/// Forgets who held the lock, and gives it back.
pub(super) async fn release(
    row: &Row,
    session: &Session,
    epoch: i64,
    lock: &Lock,
) -> Result<(), Failure> {
    let parameters: &[_] = &[
        (&&*row.name as _, Type::TEXT),
        (&epoch as _, Type::INT8),
        (&&*row.lock as _, Type::TEXT),
        (&lock.forced as _, Type::INT8),
    ];
    let release = &row.server.tables.release;
    row.server
        .ask(session, release, parameters)
        .await
        .map(|_| ())
}

const TRY_LOCK: &str = "SELECT pg_try_advisory_lock(hashtextextended($1 || $2::bigint::text, 0))";
