//! Sessions with a server: each has an end to its patience, and says what became of a request.

use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Row};

use super::error::{Failure, PostgresError, classify, is_transient};
use super::tables::Tables;
use super::tls::Connector;
use crate::store::StoreError;

/// How long a login may take, the connection included.
const LOGIN: Duration = Duration::from_secs(15);

/// How long a statement may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a statement is sent that the server undid because of others.
const TRIES: u32 = 10;

/// The oldest version of the server that has all that is used.
const OLDEST: u32 = 11;

/// What a statement is given.
pub(super) type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// A server, and a session with it that nobody uses at the moment.
pub(super) struct Server {
    config: Config,
    connector: Connector,
    /// How people know the store.
    pub(super) name: String,
    schema: String,
    pub(super) tables: Tables,
    idle: Mutex<Option<Session>>,
}

/// Shows no more than people may see.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.name).finish()
    }
}

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    /// The server's process for it.
    pub(super) process: i32,
    /// The same, told apart from another process that had its number before.
    pub(super) identity: String,
}

impl Server {
    pub(super) fn new(config: Config, connector: Connector, name: String, schema: &str) -> Self {
        Self {
            config,
            connector,
            name,
            schema: schema.to_owned(),
            tables: Tables::of(schema),
            idle: Mutex::default(),
        }
    }

    /// A session: the one that is idle, or a new one.
    pub(super) async fn session(&self) -> Result<Session, Failure> {
        match self.idle_session() {
            Some(session) => Ok(session),
            None => self.connect().await,
        }
    }

    /// Keeps a session for the next who needs one.
    pub(super) fn put_back(&self, session: Session) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }

    fn idle_session(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.take().filter(|session| !session.client.is_closed())
    }

    /// A new session.
    pub(super) async fn connect(&self) -> Result<Session, Failure> {
        let connecting = self.config.connect(self.connector.clone());
        let (client, connection) = self.in_time(LOGIN, connecting).await?;
        let found = connection.parameter("server_version").unwrap_or_default();
        let found = found.to_owned();
        // It ends with its client, and what goes wrong is told to who waits for an answer.
        tokio::spawn(async move { connection.await.unwrap_or_default() });
        let number = found.split(|c: char| !c.is_ascii_digit()).next();
        if number.is_none_or(|number| number.parse().is_ok_and(|number: u32| number < OLDEST)) {
            let store = self.name.clone();
            return Err(Self::refused(PostgresError::TooOld { store, found }));
        }
        let rows = self
            .in_time(PATIENCE, client.query_typed(SETTLE, &[]))
            .await?;
        let row = rows.first().ok_or_else(|| self.nonsense())?;
        let process = self.field(row, 0)?;
        let since: String = self.field(row, 1)?;
        Ok(Session {
            client,
            process,
            identity: format!("{process} since {since}"),
        })
    }

    /// Asks in a session.
    pub(super) async fn ask(
        &self,
        session: &Session,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Failure> {
        let mut tries = 0;
        loop {
            let sent = session.client.query_typed(statement, parameters);
            let answer = tokio::time::timeout(PATIENCE, sent).await;
            tries += 1;
            match answer {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) if is_transient(&error) && tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(10 << tries.min(6))).await;
                }
                Ok(Err(error)) => return Err(classify(&self.name, &self.schema, error)),
                Err(_) => return Err(self.too_late()),
            }
        }
    }

    /// Asks for something that changes nothing, once more where an idle session had ended.
    pub(super) async fn read(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Failure> {
        if let Some(session) = self.idle_session()
            && let Some(rows) = self.read_in(session, statement, parameters).await?
        {
            return Ok(rows);
        }
        let session = self.connect().await?;
        let rows = self.ask(&session, statement, parameters).await?;
        self.put_back(session);
        Ok(rows)
    }

    /// What is read; none where the session had ended.
    async fn read_in(
        &self,
        session: Session,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Vec<Row>>, Failure> {
        match self.ask(&session, statement, parameters).await {
            Ok(rows) => {
                self.put_back(session);
                Ok(Some(rows))
            }
            Err(Failure::Cut(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Makes the tables that are missing.
    pub(super) async fn make_tables(&self, session: &Session) -> Result<(), Failure> {
        let made = session.client.batch_execute(&self.tables.make);
        self.in_time(PATIENCE, made).await
    }

    /// A field of a row.
    pub(super) fn field<'a, T: tokio_postgres::types::FromSql<'a>>(
        &self,
        row: &'a Row,
        index: usize,
    ) -> Result<T, Failure> {
        let failed = |error| classify(&self.name, &self.schema, error);
        row.try_get(index).map_err(failed)
    }

    async fn in_time<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(limit, work).await {
            Ok(answer) => answer.map_err(|error| classify(&self.name, &self.schema, error)),
            Err(_) => Err(self.too_late()),
        }
    }

    fn too_late(&self) -> Failure {
        Failure::Cut(StoreError::Unreachable {
            store: self.name.clone(),
            source: "no answer came in time".into(),
        })
    }

    /// An answer that no Postgres gives.
    pub(super) fn nonsense(&self) -> Failure {
        Failure::Refused(StoreError::Refused {
            file: self.name.clone().into(),
            source: "the answer isn't one of Postgres".into(),
        })
    }

    fn refused(error: PostgresError) -> Failure {
        Failure::Refused(StoreError::Postgres(Box::new(error)))
    }

    pub(super) fn pooled(&self) -> StoreError {
        StoreError::Postgres(Box::new(PostgresError::Pooled(self.name.clone())))
    }
}

/// What each session begins with.
///
/// A commit that was acknowledged must be on disk, whatever the database's default; a session waits
/// for as long as its holder works; and one whose client is gone is noticed within half a minute.
const SETTLE: &str = "SELECT pg_backend_pid(), \
    coalesce((SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()), ''), \
    CASE WHEN current_setting('synchronous_commit') = 'off' \
    THEN set_config('synchronous_commit', 'on', false) END, \
    CASE WHEN current_setting('idle_session_timeout', true) IS NOT NULL \
    THEN set_config('idle_session_timeout', '0', false) END, \
    set_config('tcp_keepalives_idle', '10', false), \
    set_config('tcp_keepalives_interval', '5', false), \
    set_config('tcp_keepalives_count', '3', false)";
