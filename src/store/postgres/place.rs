//! Which database, schema and state, and how it is reached; passwords only from the environment.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;

use super::login::{Door, password};
use super::session::Server;
use super::tls::Connector;
use crate::store::StoreError;
use crate::sys::{Environment, user_name};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a connection may say nothing before it is asked whether it is alive.
const QUIET: Duration = Duration::from_secs(10);

/// The schema where nobody names one.
const SCHEMA: &str = "sindri";

/// Where a server's socket lies, where nobody names a host.
const SOCKETS: &str = "/var/run/postgresql";

/// How a connection is encrypted, and who proves what; as libpq has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// Where the server can.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, and the server's certificate is for its host, from a known authority.
    VerifyFull,
}

impl SslMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyFull => "verify-full",
        }
    }

    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// A state in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresPlace {
    /// A name or an address, or the directory of a socket; `PGHOST` where absent.
    pub host: Option<String>,
    /// The port; `PGPORT` or 5432 where absent.
    pub port: Option<u16>,
    /// The database.
    pub database: String,
    /// The state's name.
    pub name: String,
    /// The user; `PGUSER` where absent.
    pub user: Option<String>,
    /// The schema of the tables.
    pub schema: String,
    /// How it is encrypted; `PGSSLMODE`, or `prefer`, where absent.
    pub ssl_mode: Option<SslMode>,
    /// The only authorities to trust, in PEM; `PGSSLROOTCERT`, or the machine's, where absent.
    pub authorities: Option<PathBuf>,
}

impl PostgresPlace {
    /// Reads `postgres://[USER@]HOST[:PORT]/DATABASE/NAME[?schema=…&sslmode=…&sslrootcert=…&host=…]`.
    ///
    /// An error never repeats the address.
    pub fn parse(address: &str) -> Result<Self, StoreError> {
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| address.strip_prefix(scheme))
            .ok_or_else(|| bad("it doesn't begin with `postgres://`"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, server) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => return Err(bad(PASSWORD)),
            Some((user, server)) => (Some(decoded(user)?), server),
            None => (None, authority),
        };
        let (host, port) = split_port(server)?;
        let Some((database, name)) = path.split_once('/') else {
            return Err(bad("it names no state: it ends in `/DATABASE/NAME`"));
        };
        let mut place = Self {
            host: host.map(decoded).transpose()?,
            port,
            database: decoded(database)?,
            name: decoded(name.trim_end_matches('/'))?,
            user,
            schema: SCHEMA.to_owned(),
            ssl_mode: None,
            authorities: None,
        };
        if place.database.is_empty() || place.name.is_empty() {
            return Err(bad("it names no state: it ends in `/DATABASE/NAME`"));
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(bad("its settings aren't `name=value`"));
            };
            place.set(name, decoded(value)?)?;
        }
        Ok(place)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), StoreError> {
        match name {
            "schema" => self.use_schema(&value)?,
            "host" => self.host = Some(value),
            "sslrootcert" => self.authorities = Some(value.into()),
            "sslmode" => {
                self.ssl_mode = Some(SslMode::read(&value).ok_or_else(|| bad(MODES))?);
            }
            "password" | "sslpassword" | "passfile" => return Err(bad(PASSWORD)),
            _ => return Err(bad(&format!("it has no setting `{name}`"))),
        }
        Ok(())
    }

    /// Keeps the tables in another schema.
    pub fn use_schema(&mut self, schema: &str) -> Result<(), StoreError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if schema.is_empty()
            || schema.len() > 63
            || !schema.chars().all(plain)
            || schema.starts_with(|c: char| c.is_ascii_digit())
            || schema.starts_with("pg_")
        {
            return Err(bad(
                "its schema isn't a plain name: lower case letters, digits and `_`",
            ));
        }
        schema.clone_into(&mut self.schema);
        Ok(())
    }

    /// Its address, as people know it; never with a password.
    pub fn address(&self) -> String {
        let host = self.host.as_deref().unwrap_or_default();
        let host = if host.starts_with('/') { "" } else { host };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let schema = match self.schema.as_str() {
            SCHEMA => String::new(),
            other => format!("?schema={other}"),
        };
        let bracketed = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        format!(
            "postgres://{bracketed}{port}/{}/{}{schema}",
            self.database, self.name
        )
    }

    /// The address that names this place and everything said about it; never with a password.
    pub fn whole_address(&self) -> String {
        let user = self.user.as_deref().map(|user| encoded(user) + "@");
        let host = self.host.as_deref().unwrap_or_default();
        let (host, socket) = match host {
            path if path.starts_with('/') => (String::new(), Some(path)),
            six if six.contains(':') => (format!("[{six}]"), None),
            name => (encoded(name), None),
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let authorities = self.authorities.as_ref().map(|path| path.to_string_lossy());
        let settings = [
            ("host", socket),
            ("schema", Some(&*self.schema).filter(|one| *one != SCHEMA)),
            ("sslmode", self.ssl_mode.map(SslMode::as_str)),
            ("sslrootcert", authorities.as_deref()),
        ];
        let settings: Vec<String> = settings
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", encoded(value?))))
            .collect();
        let mark = if settings.is_empty() { "" } else { "?" };
        format!(
            "postgres://{}{host}{port}/{}/{}{mark}{}",
            user.unwrap_or_default(),
            encoded(&self.database),
            encoded(&self.name),
            settings.join("&"),
        )
    }

    /// How the server is reached, as the environment completes it.
    pub(super) fn server(&self, environment: &Environment) -> Result<Server, StoreError> {
        let host = self.host.as_deref().or(environment.get("PGHOST"));
        let host = host.unwrap_or(SOCKETS);
        let port = match (self.port, environment.get("PGPORT")) {
            (Some(port), _) => port,
            (None, None) => 5432,
            (None, Some(text)) => text.parse().map_err(|_| bad("`PGPORT` is no port"))?,
        };
        let user = self.user.as_deref().or(environment.get("PGUSER"));
        let user = user.map_or_else(|| user_name(environment), str::to_owned);
        let mode = match (self.ssl_mode, environment.get("PGSSLMODE")) {
            _ if host.starts_with('/') => SslMode::Disable,
            (Some(mode), _) => mode,
            (None, None) => SslMode::Prefer,
            (None, Some(text)) => SslMode::read(text).ok_or_else(|| bad(MODES))?,
        };
        let door = Door {
            host,
            port,
            database: &self.database,
            user: &user,
        };
        let mut config = Config::new();
        config
            .host(host)
            .port(port)
            .dbname(&self.database)
            .user(&user)
            .application_name("sindri")
            .connect_timeout(CONNECT)
            .keepalives_idle(QUIET)
            .keepalives_interval(QUIET / 2)
            .keepalives_retries(3)
            .tcp_user_timeout(3 * QUIET)
            .ssl_mode(match mode {
                SslMode::Disable => tokio_postgres::config::SslMode::Disable,
                SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
                SslMode::Require | SslMode::VerifyFull => tokio_postgres::config::SslMode::Require,
            });
        if let Some(password) = password(environment, door)? {
            config.password(password.as_bytes());
        }
        let named = environment.get("PGSSLROOTCERT").map(PathBuf::from);
        let authorities = self.authorities.clone().or(named);
        let connector = Connector::new(mode, authorities.as_deref())?;
        Ok(Server::new(config, connector, self.address(), &self.schema))
    }
}

impl fmt::Display for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

const PASSWORD: &str = "it holds a password, which belongs into the environment: \
    `SINDRI_POSTGRES_PASSWORD`, `PGPASSWORD`, or a file that `PGPASSFILE` names";

const MODES: &str = "its `sslmode` is none of `disable`, `prefer`, `require` and `verify-full`";

fn bad(why: &str) -> StoreError {
    StoreError::BadPlace(why.to_owned())
}

/// A host and a port; the host of IPv6 stands in brackets.
fn split_port(server: &str) -> Result<(Option<&str>, Option<u16>), StoreError> {
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest
                .split_once(']')
                .ok_or_else(|| bad("its host has no `]`"))?;
            (host, rest.strip_prefix(':'))
        }
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let port = port.map(str::parse).transpose();
    let port = port.map_err(|_| bad("its port is no number below 65536"))?;
    Ok(((!host.is_empty()).then_some(host), port))
}

/// A part of an address in which nothing is taken for a mark of its own.
fn encoded(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                whole.push(char::from(byte));
            }
            _ => {
                let digit = |four: u8| char::from(b"0123456789ABCDEF"[usize::from(four)]);
                whole.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    whole
}

/// Text without its `%` escapes.
fn decoded(text: &str) -> Result<String, StoreError> {
    let wrong = || bad("an escape with `%` in it is wrong");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = digit().zip(digit()).ok_or_else(wrong)?;
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    if text.contains('\0') {
        return Err(wrong());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let place = PostgresPlace::parse(
            "postgres://ada@[::1]:6000/ops/team%2Fdev?schema=x_1&sslmode=verify-full&sslrootcert=/a.pem",
        )
        .unwrap();
        assert_eq!(place.host.as_deref(), Some("::1"));
        assert_eq!(
            (place.port, place.user.as_deref()),
            (Some(6000), Some("ada"))
        );
        assert_eq!((&*place.database, &*place.name), ("ops", "team/dev"));
        assert_eq!(place.ssl_mode, Some(SslMode::VerifyFull));
        assert_eq!(
            place.address(),
            "postgres://[::1]:6000/ops/team/dev?schema=x_1"
        );
        let socket = PostgresPlace::parse("postgresql:///ops/dev?host=%2Frun%2Fpg").unwrap();
        assert_eq!(socket.host.as_deref(), Some("/run/pg"));
        assert_eq!(socket.to_string(), "postgres:///ops/dev");
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in [
            "mysql://hunter2/x/y",
            "postgres://me:hunter2@b/x/y",
            "postgres://b/x/y?password=hunter2",
            "postgres://b/x?sslmode=hunter2",
            "postgres://b/x/y?sslmode=hunter2",
            "postgres://b/x/y?schema=a\"hunter2",
            "postgres://b:hunter2/x/y",
            "postgres://b/hunter2",
            "postgres://b//hunter2",
            "postgres://b/x/y?hunter2",
            "postgres://b/x/%zzhunter2",
            "postgres://b/x/y%00hunter2",
        ] {
            let error = PostgresPlace::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
