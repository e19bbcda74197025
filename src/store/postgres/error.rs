//! What only a database says, and what to do about it.

use std::path::PathBuf;

use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::store::StoreError;

/// Why a database can't keep a state; the text holds no password.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// It doesn't let this user in.
    #[error("the database {store} refuses the login: {said}")]
    Login {
        /// The store.
        store: String,
        /// What the server said.
        said: String,
    },
    /// It isn't there.
    #[error("the database of {store} doesn't exist: {said}")]
    NoDatabase {
        /// The store.
        store: String,
        /// What the server said.
        said: String,
    },
    /// The user may not do what is needed.
    #[error("the user may not keep a state in {store}: {said}")]
    NoRight {
        /// The store.
        store: String,
        /// What the server said.
        said: String,
        /// The schema of the tables.
        schema: String,
    },
    /// The server is older than what is spoken to.
    #[error("the server of {store} is Postgres {found}; 11 is the oldest that serves")]
    TooOld {
        /// The store.
        store: String,
        /// The server's version, as it says.
        found: String,
    },
    /// It takes no writes.
    #[error("the database {0} is read only, as a standby is")]
    ReadOnly(String),
    /// It takes no more connections.
    #[error("the database {store} takes no more connections: {said}")]
    Crowded {
        /// The store.
        store: String,
        /// What the server said.
        said: String,
    },
    /// The server's disk is full.
    #[error("the database {store} has no space left: {said}")]
    Full {
        /// The store.
        store: String,
        /// What the server said.
        said: String,
    },
    /// A pooler gives each transaction another session.
    #[error("a pooler stands before {0}, and gives each transaction another session")]
    Pooled(String),
    /// No encrypted connection comes to be.
    #[error("no encrypted connection to {store} comes to be")]
    Tls {
        /// The store.
        store: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A password file that others may read.
    #[error("the password file `{}` can be read by others: its mode is {mode:04o}", file.display())]
    OpenPasswordFile {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A certificate file that can't be used.
    #[error("the certificates in `{}` can't be read", file.display())]
    Certificates {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl PostgresError {
    /// The code that people and programs know it by.
    pub(in crate::store) fn code(&self) -> &'static str {
        match self {
            Self::Login { .. } => "store::denied",
            Self::NoDatabase { .. } => "store::no-database",
            Self::NoRight { .. } => "store::no-right",
            Self::TooOld { .. } => "store::too-old",
            Self::ReadOnly(_) => "store::read-only",
            Self::Crowded { .. } => "store::crowded",
            Self::Full { .. } => "store::full",
            Self::Pooled(_) => "store::pooled",
            Self::Tls { .. } => "store::tls",
            Self::OpenPasswordFile { .. } => "store::open-password-file",
            Self::Certificates { .. } => "store::certificates",
        }
    }

    /// What to do about it.
    pub(in crate::store) fn advice(&self) -> String {
        match self {
            Self::Login { .. } => "the user comes from the address or `PGUSER`, the password from \
                `SINDRI_POSTGRES_PASSWORD`, `PGPASSWORD`, or the file that `PGPASSFILE` names \
                (`~/.pgpass`)"
                .to_owned(),
            Self::NoDatabase { .. } => {
                "make it with `createdb`; sindri makes its tables, not databases".to_owned()
            }
            Self::NoRight { schema, .. } => format!(
                "the first use needs CREATE on the database, or on a schema `{schema}` that is \
                 there; later ones need USAGE on it, and SELECT, INSERT, UPDATE and DELETE on its \
                 tables"
            ),
            Self::TooOld { .. } => "upgrade the server, or keep the state elsewhere".to_owned(),
            Self::ReadOnly(_) => "give the address of the primary server".to_owned(),
            Self::Crowded { .. } => "each command needs two connections; wait until some are \
                free, or raise `max_connections`"
                .to_owned(),
            Self::Full { .. } => "nothing that was recorded is lost; free some space there and \
                run the command again"
                .to_owned(),
            Self::Pooled(_) => "a lock needs a session of its own: give the address of the \
                server itself, or of a pooler with `pool_mode = session`"
                .to_owned(),
            Self::Tls { .. } => "`sslmode=verify-full` wants a certificate for this very host, \
                signed by an authority that this machine or `sslrootcert=FILE` knows; `require` \
                wants any certificate, `disable` none"
                .to_owned(),
            Self::OpenPasswordFile { file, .. } => {
                format!("`chmod 600 {}` keeps it to its owner", file.display())
            }
            Self::Certificates { .. } => {
                "`sslrootcert` and `PGSSLROOTCERT` name a file of certificates in PEM".to_owned()
            }
        }
    }
}

/// How a request came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection broke, or no answer came in time: nobody knows what became of it.
    Cut(StoreError),
    /// The server refused; nothing was done.
    Refused(StoreError),
    /// The tables aren't there.
    NoTables,
}

impl Failure {
    /// The failure as an error, where it makes no difference any more.
    pub(super) fn into_error(self, store: &str) -> StoreError {
        match self {
            Self::Cut(error) | Self::Refused(error) => error,
            Self::NoTables => StoreError::Gone {
                file: format!("{store}/states").into(),
            },
        }
    }
}

/// Whether the statement was undone because of others, so that it may be sent again.
pub(super) fn is_transient(error: &tokio_postgres::Error) -> bool {
    let transient = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.code().is_some_and(|code| transient.contains(code))
}

/// What an error of the client means.
pub(super) fn classify(store: &str, schema: &str, error: tokio_postgres::Error) -> Failure {
    let store = store.to_owned();
    let Some(said) = error.as_db_error() else {
        return unanswered(store, error);
    };
    let text = said.message().to_owned();
    let refused = |error: PostgresError| Failure::Refused(StoreError::Postgres(Box::new(error)));
    let code = said.code();
    if [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(code) {
        return Failure::NoTables;
    }
    if [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    ]
    .contains(code)
    {
        return refused(PostgresError::Login { store, said: text });
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return refused(PostgresError::NoDatabase { store, said: text });
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let schema = schema.to_owned();
        return refused(PostgresError::NoRight {
            store,
            said: text,
            schema,
        });
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return refused(PostgresError::ReadOnly(store));
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return refused(PostgresError::Crowded { store, said: text });
    }
    if *code == SqlState::DISK_FULL {
        return refused(PostgresError::Full { store, said: text });
    }
    let pooled = [
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::DUPLICATE_PSTATEMENT,
    ];
    if pooled.contains(code) {
        return refused(PostgresError::Pooled(store));
    }
    if ends_the_session(said) {
        let source = text.into();
        return Failure::Cut(StoreError::Unreachable { store, source });
    }
    Failure::Refused(StoreError::Refused {
        file: store.into(),
        source: format!("{text} ({})", code.code()).into(),
    })
}

fn ends_the_session(said: &DbError) -> bool {
    matches!(
        said.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    ) || matches!(said.severity(), "FATAL" | "PANIC")
        || said.code().code().starts_with("08")
}

/// No answer came, or there is no encryption to be had.
fn unanswered(store: String, error: tokio_postgres::Error) -> Failure {
    if error.to_string() == TLS_FAILED {
        let source = error.into_source().unwrap_or_else(|| TLS_FAILED.into());
        let error = PostgresError::Tls { store, source };
        return Failure::Refused(StoreError::Postgres(Box::new(error)));
    }
    if error.to_string() == LOGIN_FAILED {
        // Where the server wants a password and there is none, the client says so.
        let said = error
            .into_source()
            .map_or_else(|| LOGIN_FAILED.to_owned(), |source| source.to_string());
        let error = PostgresError::Login { store, said };
        return Failure::Refused(StoreError::Postgres(Box::new(error)));
    }
    let said = error.to_string();
    if said == NO_PASSWORD {
        let error = PostgresError::Login {
            store,
            said: error
                .into_source()
                .map_or(said, |source| source.to_string()),
        };
        return Failure::Refused(StoreError::Postgres(Box::new(error)));
    }
    Failure::Cut(StoreError::Unreachable {
        store,
        source: Box::new(error),
    })
}

/// The client's words for its kinds of errors, which it shows in no other way.
const TLS_FAILED: &str = "error performing TLS handshake";
const LOGIN_FAILED: &str = "authentication error";
const NO_PASSWORD: &str = "invalid configuration";
