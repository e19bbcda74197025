//! The way to an Engine: opened at the first call, kept for all others.

use std::path::Path;
use std::time::Duration;

use bollard::API_DEFAULT_VERSION;
use tokio::sync::OnceCell;

use super::classify::{Effect, LOOKING, classify, unreachable, within};
use super::credentials::Credentials;
use super::endpoint::{self, Endpoint};
use super::features::Features;
#[cfg(not(unix))]
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};
use crate::sys::Environment;

/// How long an Engine may take to say who it is.
const GREETING: Duration = Duration::from_secs(10);
/// How long an Engine may take to start answering any call, in seconds.
const ANSWERING: u64 = 600;

/// A Docker Engine, or what speaks its API.
#[derive(Debug)]
pub struct Docker {
    endpoint: Endpoint,
    pub(super) credentials: Credentials,
    client: OnceCell<bollard::Docker>,
    features: OnceCell<Features>,
}

impl Docker {
    /// Finds the Engine that the environment names, as the `docker` command does: `DOCKER_HOST`,
    /// `DOCKER_CONTEXT`, the current context, then the usual sockets of Docker, rootless Docker and
    /// Podman. Nothing is asked of it yet; an Engine that doesn't answer is an error of the calls.
    pub fn connect(environment: &Environment) -> Result<Self, ProviderError> {
        let endpoint = endpoint::find(
            environment,
            &|path| std::fs::read_to_string(path).ok(),
            &|path| path.exists(),
        )?;
        let config = endpoint::config_folder(environment)
            .and_then(|folder| std::fs::read_to_string(folder.join("config.json")).ok());
        Ok(Self {
            endpoint,
            credentials: Credentials::parse(config.as_deref().unwrap_or_default()),
            client: OnceCell::new(),
            features: OnceCell::new(),
        })
    }

    /// Where the Engine listens, as `DOCKER_HOST` would say it.
    pub fn endpoint(&self) -> String {
        self.endpoint.url()
    }

    /// Asks the Engine which version of its API both sides speak, such as `1.41`.
    pub async fn version(&self) -> Result<String, ProviderError> {
        Ok(self.client().await?.client_version().to_string())
    }

    /// Whether the Engine's host is this one, as far as a socket tells.
    pub(super) fn is_local(&self) -> bool {
        match self.endpoint {
            Endpoint::Socket(_) | Endpoint::Pipe(_) => true,
            Endpoint::Tcp(_) => false,
        }
    }

    /// The client, its API version negotiated.
    pub(super) async fn client(&self) -> Result<&bollard::Docker, ProviderError> {
        self.client.get_or_try_init(|| self.open()).await
    }

    /// What the Engine has.
    pub(super) async fn features(&self) -> Result<&Features, ProviderError> {
        self.features
            .get_or_try_init(async || {
                let client = self.client().await?;
                let told = within(Effect::Reads, "describe itself", LOOKING, client.info()).await?;
                let socket = match &self.endpoint {
                    Endpoint::Socket(path) => Some(path.as_str()),
                    Endpoint::Tcp(_) | Endpoint::Pipe(_) => None,
                };
                Ok(Features::of(&told, socket))
            })
            .await
    }

    async fn open(&self) -> Result<bollard::Docker, ProviderError> {
        let opened = match &self.endpoint {
            Endpoint::Socket(path) => open_socket(path).map_err(|error| self.place(error))?,
            Endpoint::Tcp(address) => {
                bollard::Docker::connect_with_http(address, ANSWERING, API_DEFAULT_VERSION)
            }
            Endpoint::Pipe(path) => open_pipe(path),
        };
        let client = opened
            .map_err(|error| classify(Effect::Reads, "connect", error))?
            .with_request_modifier(web_safe_auth);
        // Paths without a version mean another API to another Engine: agree on one first.
        let greeting = client.negotiate_version();
        within(Effect::Reads, "say its version", GREETING, greeting)
            .await
            .map_err(|error| self.place(error))
    }

    /// Says where an Engine that doesn't answer was looked for.
    fn place(&self, error: ProviderError) -> ProviderError {
        if error.class != Class::Unreachable {
            return error;
        }
        let message = format!("{} at {}", error.message, self.endpoint());
        ProviderError { message, ..error }
    }
}

#[cfg(unix)]
fn open_socket(
    path: &str,
) -> Result<Result<bollard::Docker, bollard::errors::Error>, ProviderError> {
    if let Err(error) = Path::new(path).metadata() {
        return Err(unreachable(Some(error.kind())).source(error));
    }
    Ok(bollard::Docker::connect_with_unix(
        path,
        ANSWERING,
        API_DEFAULT_VERSION,
    ))
}

#[cfg(not(unix))]
fn open_socket(
    path: &str,
) -> Result<Result<bollard::Docker, bollard::errors::Error>, ProviderError> {
    Err(not_here(&format!("unix://{path}")))
}

#[cfg(windows)]
fn open_pipe(path: &str) -> Result<bollard::Docker, bollard::errors::Error> {
    bollard::Docker::connect_with_named_pipe(path, ANSWERING, API_DEFAULT_VERSION)
}

#[cfg(not(windows))]
fn open_pipe(path: &str) -> Result<bollard::Docker, bollard::errors::Error> {
    Err(bollard::errors::Error::SocketNotFoundError(path.to_owned()))
}

#[cfg(not(unix))]
fn not_here(endpoint: &str) -> ProviderError {
    ProviderError::new(
        Class::Invalid,
        Code::new("docker::endpoint"),
        format!("{endpoint} can't be reached from this operating system"),
    )
}

/// Registry credentials travel in the web's alphabet of base64; the client writes the other one,
/// which an Engine takes for none at all.
fn web_safe_auth(mut request: bollard::BollardRequest) -> bollard::BollardRequest {
    for name in ["x-registry-auth", "x-registry-config"] {
        if let Some(value) = request.headers_mut().get_mut(name)
            && let Ok(text) = value.to_str()
            && let Ok(safe) = text.replace('+', "-").replace('/', "_").try_into()
        {
            *value = safe;
        }
    }
    request
}
