//! A state's row: who has its lock, and what it keeps.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use zeroize::Zeroizing;

use super::error::Failure;
use super::holding::{Hand, Lock, release};
use super::session::{Server, Session};
use super::tables::FORMAT;
use crate::state::Version as Dated;
use crate::store::medium::{Journal, Kept, Version};
use crate::store::{LockInfo, StoreError};
use crate::sys::Random;

/// How often others may be faster, one after the other, before something else must be wrong.
pub(super) const RACES: u32 = 100;

/// A state's row, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) server: Arc<Server>,
    /// The state's name.
    pub(super) name: Arc<str>,
    /// What its lock is of; how often it was taken away follows.
    pub(super) lock: Arc<str>,
}

/// What became of an attempt to take the lock.
pub(super) enum Attempt {
    Taken(Hand),
    Held(LockInfo),
    /// Somebody was faster: look again.
    Raced,
}

/// What a look at the lock found.
struct Finding {
    epoch: i64,
    forced: i64,
    holder: Option<String>,
    session: Option<String>,
    /// Whether this session has the lock now.
    got: bool,
}

/// A row while nothing is written.
pub(super) struct Look {
    pub(super) epoch: i64,
    pub(super) forced: i64,
    pub(super) written: String,
    pub(super) holder: Option<String>,
}

impl Row {
    /// Makes the row, and the tables, where they are missing.
    pub(super) async fn begin(&self, session: &Session) -> Result<(), Failure> {
        let parameters: &[_] = &[(&&*self.name as _, Type::TEXT)];
        let begin = &self.server.tables.begin;
        match self.server.ask(session, begin, parameters).await {
            Err(Failure::NoTables) => {
                self.server.make_tables(session).await?;
                self.server.ask(session, begin, parameters).await?;
            }
            Ok(_) => {}
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Looks at the row, which is there.
    pub(super) async fn look(&self, session: &Session) -> Result<Look, Failure> {
        let server = &self.server;
        let rows = server
            .ask(session, &server.tables.look, &[(&&*self.name, Type::TEXT)])
            .await?;
        let Some(found) = rows.first() else {
            return Err(Failure::NoTables);
        };
        Ok(Look {
            epoch: server.field(found, 0)?,
            forced: server.field(found, 1)?,
            written: server.field(found, 2)?,
            holder: server.field(found, 3)?,
        })
    }

    pub(super) async fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let server = &self.server;
        let Some(found) = self.find(&server.tables.key).await? else {
            return Ok(None);
        };
        let key: Option<Vec<u8>> = server.field(&found, 0)?;
        Ok(key.map(Zeroizing::new))
    }

    /// The present document; none where there is none.
    pub(super) async fn document(&self) -> Result<Option<Vec<u8>>, Failure> {
        let server = &self.server;
        let Some(found) = self.find(&server.tables.present).await? else {
            return Ok(None);
        };
        server.field(&found, 0)
    }

    /// Whether a version is kept.
    pub(super) async fn has_version(&self, lineage: &str, serial: i64) -> Result<bool, Failure> {
        let statement = &self.server.tables.has_version;
        let found = self.kept(statement, lineage, Some(serial)).await?;
        Ok(!found.is_empty())
    }

    /// The notes of the versions of a lineage, the newest first; a damaged one is left out.
    pub(super) async fn versions(&self, lineage: &str) -> Result<Vec<Dated>, Failure> {
        let statement = &self.server.tables.versions;
        let mut versions = Vec::new();
        for row in self.kept(statement, lineage, None).await? {
            let note: &str = self.server.field(&row, 0)?;
            versions.extend(serde_json::from_str(note).ok());
        }
        Ok(versions)
    }

    /// A version's document; none where none is kept.
    pub(super) async fn version(
        &self,
        lineage: &str,
        serial: i64,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let statement = &self.server.tables.version;
        let found = self.kept(statement, lineage, Some(serial)).await?;
        let document = found.first().map(|row| self.server.field(row, 0));
        document.transpose()
    }

    /// What is kept of earlier documents; nothing where the tables aren't there.
    async fn kept(
        &self,
        statement: &str,
        lineage: &str,
        serial: Option<i64>,
    ) -> Result<Vec<tokio_postgres::Row>, Failure> {
        let name = &&*self.name;
        let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> =
            vec![(name, Type::TEXT), (&lineage, Type::TEXT)];
        if let Some(serial) = &serial {
            parameters.push((serial, Type::INT8));
        }
        match self.server.read(statement, &parameters).await {
            Err(Failure::NoTables) => Ok(Vec::new()),
            other => other,
        }
    }

    /// What is there; none where the tables or the row aren't.
    async fn find(&self, statement: &str) -> Result<Option<tokio_postgres::Row>, Failure> {
        let found = self
            .server
            .read(statement, &[(&&*self.name, Type::TEXT)])
            .await;
        match found {
            Ok(rows) => Ok(rows.into_iter().next()),
            Err(Failure::NoTables) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn load(&self, document: PathBuf) -> Result<Option<Kept>, Failure> {
        let server = &self.server;
        let Some(found) = self.find(&server.tables.load).await? else {
            return Ok(None);
        };
        let found = &found;
        self.check_format(server.field(found, 0)?, document)?;
        let (epoch, written): (i64, String) = (server.field(found, 1)?, server.field(found, 2)?);
        Ok(Some(Kept {
            document: server.field(found, 3)?,
            journal: Journal::Lines(server.field(found, 4)?),
            version: Some(Version {
                tag: Some(written),
                generation: Some(epoch.to_string()),
            }),
        }))
    }

    fn check_format(&self, format: i32, file: PathBuf) -> Result<(), Failure> {
        if format == FORMAT {
            return Ok(());
        }
        let format = u32::try_from(format).map_err(|_| self.server.nonsense())?;
        Err(Failure::Refused(StoreError::Newer { file, format }))
    }

    /// Tries once for the session's lock; none where the row isn't there.
    async fn try_lock(&self, session: &Session) -> Result<Option<Finding>, Failure> {
        let server = &self.server;
        let rows = server
            .ask(
                session,
                &server.tables.try_lock,
                &[(&&*self.name, Type::TEXT), (&&*self.lock, Type::TEXT)],
            )
            .await;
        let rows = match rows {
            Err(Failure::NoTables) => return Ok(None),
            other => other?,
        };
        let Some(found) = rows.first() else {
            return Ok(None);
        };
        self.check_format(server.field(found, 0)?, PathBuf::from(&server.name))?;
        Ok(Some(Finding {
            epoch: server.field(found, 1)?,
            forced: server.field(found, 2)?,
            holder: server.field(found, 3)?,
            session: server.field(found, 4)?,
            got: server.field(found, 5)?,
        }))
    }

    async fn unlock(&self, session: &Session, forced: i64) -> Result<(), Failure> {
        let server = &self.server;
        let parameters: &[_] = &[(&&*self.lock as _, Type::TEXT), (&forced as _, Type::INT8)];
        server
            .ask(session, &server.tables.unlock, parameters)
            .await
            .map(|_| ())
    }

    /// Tries once to take the lock.
    pub(super) async fn attempt(
        self,
        me: &LockInfo,
        random: Arc<Random>,
    ) -> Result<Attempt, Failure> {
        let server = Arc::clone(&self.server);
        let session = server.session().await?;
        let found = match self.try_lock(&session).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                self.begin(&session).await?;
                server.put_back(session);
                return Ok(Attempt::Raced);
            }
            // An idle session had ended.
            Err(Failure::Cut(_)) => return self.attempt_anew().await,
            Err(failure) => return Err(failure),
        };
        if !found.got {
            server.put_back(session);
            let holder = found.holder.as_deref().and_then(told);
            return Ok(holder.map_or(Attempt::Raced, Attempt::Held));
        }
        if found.holder.is_some() && found.session.as_ref() == Some(&session.identity) {
            // The lock was ours before we asked: another command's session is this one too.
            self.unlock(&session, found.forced).await?;
            return Err(Failure::Refused(server.pooled()));
        }
        let mine = serde_json::to_string(me).map_err(|_| server.nonsense())?;
        let parameters: &[_] = &[
            (&&*self.name as _, Type::TEXT),
            (&found.forced as _, Type::INT8),
            (&mine as _, Type::TEXT),
            (&session.identity as _, Type::TEXT),
        ];
        let rows = server
            .ask(&session, &server.tables.take, parameters)
            .await?;
        let Some(row) = rows.first() else {
            self.unlock(&session, found.forced).await?;
            server.put_back(session);
            return Ok(Attempt::Raced);
        };
        let (epoch, written) = (server.field(row, 0)?, server.field(row, 1)?);
        let lock = Lock {
            forced: found.forced,
            holder: mine,
        };
        let mut hand = Hand::new(self, session, Some(lock), epoch, written, random);
        if server.shares_sessions(hand.process()).await? {
            hand.release().await?;
            return Err(Failure::Refused(server.pooled()));
        }
        Ok(Attempt::Taken(hand))
    }

    /// Sees that the server can be reached at all.
    async fn attempt_anew(self) -> Result<Attempt, Failure> {
        let session = self.server.connect().await?;
        self.server.put_back(session);
        Ok(Attempt::Raced)
    }

    pub(super) async fn force(self, id: &str) -> Result<LockInfo, Failure> {
        let server = &self.server;
        let not_held = || Failure::Refused(StoreError::NotHeld(server.name.clone().into()));
        for _ in 0..RACES {
            let session = server.connect().await?;
            let Some(found) = self.try_lock(&session).await? else {
                return Err(not_held());
            };
            if found.got {
                // Whoever is noted is gone, and so is the lock.
                let lock = Lock {
                    forced: found.forced,
                    holder: String::new(),
                };
                release(&self, &session, found.epoch, &lock).await?;
                return Err(not_held());
            }
            let Some((holder, text)) = found.holder.and_then(|text| Some((told(&text)?, text)))
            else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            if holder.id != id {
                return Err(Failure::Refused(StoreError::OtherHolder(Box::new(holder))));
            }
            let parameters: &[_] = &[(&&*self.name as _, Type::TEXT), (&text as _, Type::TEXT)];
            let forced = server
                .ask(&session, &server.tables.force, parameters)
                .await?;
            if !forced.is_empty() {
                server.put_back(session);
                return Ok(holder);
            }
        }
        Err(Failure::Refused(StoreError::Busy(server.name.clone())))
    }
}

fn told(holder: &str) -> Option<LockInfo> {
    serde_json::from_str(holder).ok()
}

impl Server {
    /// Whether another connection has the same session as a holder: a pooler stands between.
    async fn shares_sessions(&self, process: i32) -> Result<bool, Failure> {
        let rows = self.read("SELECT pg_backend_pid()", &[]).await?;
        let row = rows.first().ok_or_else(|| self.nonsense())?;
        Ok(self.field::<i32>(row, 0)? == process)
    }
}
