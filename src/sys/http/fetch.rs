//! Files fetched whole.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::{HttpError, Route, choose_cryptography};

/// How long a connection may say nothing.
const SILENCE: Duration = Duration::from_mins(1);

/// How long fetching one file may take.
const PATIENCE: Duration = Duration::from_mins(15);

/// Fetches files whose content is verified by whoever asks: it follows redirects and proves to
/// nobody who it is.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
}

/// Why a file isn't there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection came about.
    #[error("no connection came about")]
    NoConnection(#[source] reqwest::Error),
    /// The connection broke, or what came isn't HTTP.
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
    /// The server has something else to say.
    #[error("the server answers with status {status}")]
    Status {
        /// The status.
        status: u16,
        /// When to come back, as the server says.
        after: Option<Duration>,
    },
    /// The file is too large.
    #[error("it is larger than {most} bytes")]
    TooLarge {
        /// The most that was asked for.
        most: usize,
    },
}

impl FetchError {
    /// Whether it may pass, and when at the earliest.
    pub fn passes(&self) -> Option<Duration> {
        match self {
            Self::Broken(_) => Some(Duration::ZERO),
            Self::Status { status, after } if *status == 429 || *status >= 500 => {
                Some(after.unwrap_or_default())
            }
            Self::NoConnection(_) | Self::Status { .. } | Self::TooLarge { .. } => None,
        }
    }
}

impl Fetcher {
    /// One that goes by a way.
    pub fn by(route: Route<'_>) -> Result<Self, HttpError> {
        choose_cryptography();
        let client = route
            .builder()
            .map_err(HttpError::Unanswered)?
            .read_timeout(SILENCE)
            .timeout(PATIENCE)
            .redirect(Policy::limited(20))
            .build()
            .map_err(HttpError::Unanswered)?;
        Ok(Self { client })
    }

    /// Fetches a file once.
    pub async fn fetch(&self, url: &str, most: usize) -> Result<Vec<u8>, FetchError> {
        // The error of a client names the address, which the caller may not want to show.
        let failed = |error: reqwest::Error| {
            let error = error.without_url();
            if error.is_connect() || error.is_builder() || error.is_redirect() {
                FetchError::NoConnection(error)
            } else {
                FetchError::Broken(error)
            }
        };
        let mut answer = self.client.get(url).send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(FetchError::Status {
                status: answer.status().as_u16(),
                after: after(&answer),
            });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > most {
                return Err(FetchError::TooLarge { most });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// When the server wants to be asked again; a date is as good as nothing.
fn after(answer: &Response) -> Option<Duration> {
    let said = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(said.trim().parse().ok()?))
}
