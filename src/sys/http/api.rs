//! A client of web interfaces whose requests carry headers of their own, answered whole or in parts.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response};

use super::{ANSWER_MAX, HttpError, Route, choose_cryptography};

/// One request with headers of its own.
#[derive(Clone)]
pub struct ApiRequest {
    /// Its method.
    pub method: &'static str,
    /// Where to, query included.
    pub url: String,
    /// Its headers by name; their values are shown to nobody.
    pub headers: Vec<(String, String)>,
    /// Its body; none where it is empty and no header tells its type.
    pub body: Vec<u8>,
    /// How long a whole answer may take, and how long a streamed one may say nothing.
    pub patience: Duration,
}

/// Shows what is asked for, and no header and no body: they may hold secrets.
impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// An answer, whatever its status.
#[derive(Clone)]
pub struct ApiAnswer {
    /// The status.
    pub status: u16,
    headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Shows no header and no body: they may hold secrets.
impl fmt::Debug for ApiAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiAnswer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl ApiAnswer {
    /// A header's value, where it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request can't be made of what was given.
    #[error("it isn't a request")]
    Malformed,
    /// No connection came about: the server never heard of it.
    #[error("no connection came about")]
    NotSent(#[source] reqwest::Error),
    /// It may have been heard, and no whole answer came.
    #[error("no whole answer came")]
    Broken(#[source] reqwest::Error),
    /// Nothing came for longer than it may take.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    /// The answer is too large.
    #[error("the answer is larger than {ANSWER_MAX} bytes")]
    TooLarge,
}

impl ApiError {
    /// The error of a client names the address, which may hold a secret of its own.
    fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            Self::NotSent(error)
        } else {
            Self::Broken(error)
        }
    }
}

/// A client of web interfaces; it follows no redirects, so that no key leaves for another server.
#[derive(Clone, Debug)]
pub struct ApiClient {
    client: Client,
}

impl ApiClient {
    /// A client that goes by the process's own way.
    pub fn new() -> Result<Self, HttpError> {
        choose_cryptography();
        let client = Route::default()
            .builder()
            .map_err(HttpError::Unanswered)?
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(HttpError::Unanswered)?;
        Ok(Self { client })
    }

    /// Sends a request once and reads its whole answer.
    pub async fn send(&self, request: ApiRequest) -> Result<ApiAnswer, ApiError> {
        let patience = request.patience;
        let sent = self.prepare(request)?.timeout(patience);
        let mut answer = sent.send().await.map_err(ApiError::of)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(ApiError::of)? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(ApiError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(ApiAnswer {
            status,
            headers,
            body,
        })
    }

    /// Sends a request once and hands its answer over as it comes.
    pub async fn open(&self, request: ApiRequest) -> Result<ApiStream, ApiError> {
        let patience = request.patience;
        let sent = self.prepare(request)?.send();
        let answer = tokio::time::timeout(patience, sent)
            .await
            .map_err(|_| ApiError::Silent(patience))?
            .map_err(ApiError::of)?;
        Ok(ApiStream {
            status: answer.status().as_u16(),
            answer,
            patience,
        })
    }

    fn prepare(&self, request: ApiRequest) -> Result<RequestBuilder, ApiError> {
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| ApiError::Malformed)?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ApiError::Malformed)?;
            let mut value = HeaderValue::from_str(value).map_err(|_| ApiError::Malformed)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let typed = headers.contains_key("content-type");
        let mut sent = self.client.request(method, &request.url).headers(headers);
        if typed || !request.body.is_empty() {
            sent = sent.body(request.body);
        }
        Ok(sent)
    }
}

/// An answer that comes in parts; dropping it hangs up.
#[derive(Debug)]
pub struct ApiStream {
    /// The status.
    pub status: u16,
    answer: Response,
    patience: Duration,
}

impl ApiStream {
    /// The next part; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let part = tokio::time::timeout(self.patience, self.answer.chunk())
            .await
            .map_err(|_| ApiError::Silent(self.patience))?
            .map_err(ApiError::of)?;
        Ok(part.map(|part| part.to_vec()))
    }
}
