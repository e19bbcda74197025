//! HTTP: the only door to servers that no client of their own reaches.

mod fetch;
mod route;
mod stream;

use std::borrow::Cow;
use std::fmt;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use zeroize::Zeroizing;

pub use fetch::{FetchError, Fetcher};
pub use route::Route;
pub use stream::HttpStream;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a request may take where nothing is said.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest answer that is read, in bytes.
const ANSWER_MAX: usize = 256 << 20;

/// Chooses the cryptography of connections, once in a process and before the first client is made.
pub fn choose_cryptography() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // Somebody else who chose before us chose the same: there is only this one.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
    });
}

/// How to prove who asks; shown to nobody.
#[derive(Clone)]
pub enum Login {
    /// A user and a password.
    Basic(String, Zeroizing<String>),
    /// A token.
    Bearer(Zeroizing<String>),
    /// A token under another scheme than `Bearer`.
    Scheme(&'static str, Zeroizing<String>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

/// One request.
#[derive(Clone, Default)]
pub struct HttpRequest {
    /// Its method; any word is one.
    pub method: String,
    /// Where to.
    pub url: String,
    /// A body, JSON where no header says otherwise; none where there is none.
    pub body: Option<Vec<u8>>,
    /// Further headers; their values are shown to nobody.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// How long a whole answer may take, and how long a streamed one may say nothing; 30 s where
    /// nothing is said.
    pub patience: Option<Duration>,
}

/// Shows what is asked for, and no header and no body: they may hold secrets.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// An answer, whatever its status.
#[derive(Clone)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The headers, their names in lower case; values that aren't text are left out.
    pub headers: Vec<(String, String)>,
}

/// Shows no header and no body: they may hold secrets.
impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAnswer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl HttpAnswer {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request can't be made of what was given.
    #[error("it isn't a request")]
    Malformed,
    /// No answer came, or not all of it.
    #[error("no answer came")]
    Unanswered(#[source] reqwest::Error),
    /// No connection came about, so that nothing was asked.
    #[error("no connection came about")]
    NoConnection(#[source] reqwest::Error),
    /// Nothing came for longer than it may take.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    /// The answer is too large.
    #[error("the answer is larger than {ANSWER_MAX} bytes")]
    TooLarge,
}

impl HttpError {
    /// The error of a client names the address, which may hold a secret of its own.
    fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            Self::NoConnection(error)
        } else {
            Self::Unanswered(error)
        }
    }
}

/// A client of one server; it follows no redirects, so that no login leaves for another.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
    login: Option<Login>,
}

impl HttpClient {
    /// A client that proves who it is, if it can.
    pub fn new(login: Option<Login>) -> Result<Self, HttpError> {
        Self::by(Route::default(), login)
    }

    /// The same, by a way of its own.
    pub fn by(route: Route<'_>, login: Option<Login>) -> Result<Self, HttpError> {
        choose_cryptography();
        let client = route
            .builder()
            .map_err(HttpError::Unanswered)?
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(HttpError::Unanswered)?;
        Ok(Self { client, login })
    }

    /// Sends a request once and reads its whole answer.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, HttpError> {
        let patience = request.patience.unwrap_or(PATIENCE);
        let sent = self.prepare(request)?.timeout(patience);
        let mut answer = sent.send().await.map_err(HttpError::of)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers = headers
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(HttpError::of)? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer {
            status,
            body,
            headers,
        })
    }

    /// Sends a request once and hands its answer over as it comes.
    pub async fn open(&self, request: HttpRequest) -> Result<HttpStream, HttpError> {
        let patience = request.patience.unwrap_or(PATIENCE);
        let sent = self.prepare(request)?.send();
        let answer = tokio::time::timeout(patience, sent)
            .await
            .map_err(|_| HttpError::Silent(patience))?
            .map_err(HttpError::of)?;
        Ok(HttpStream::new(answer, patience))
    }

    fn prepare(&self, request: HttpRequest) -> Result<RequestBuilder, HttpError> {
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| HttpError::Malformed)?;
        let mut sent = self.client.request(method, &request.url);
        sent = match &self.login {
            None => sent,
            Some(Login::Basic(user, password)) => sent.basic_auth(user, Some(password.as_str())),
            Some(Login::Bearer(token)) => sent.bearer_auth(token.as_str()),
            Some(Login::Scheme(scheme, token)) => sent.header(
                AUTHORIZATION,
                hidden(&format!("{scheme} {}", token.as_str()))?,
            ),
        };
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HttpError::Malformed)?;
            headers.insert(name, hidden(value)?);
        }
        sent = sent.headers(headers);
        Ok(match request.body {
            Some(body) => sent.body(body),
            None => sent,
        })
    }
}

/// A header's value that no log shows.
fn hidden(value: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| HttpError::Malformed)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_what_requests_and_answers_hold() {
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: "https://api.example.org/secrets".to_owned(),
            body: Some(b"hush".to_vec()),
            headers: vec![("lease-nonce".into(), "hush".to_owned())],
            patience: None,
        };
        let answer = HttpAnswer {
            status: 200,
            body: b"hush".to_vec(),
            headers: vec![("set-cookie".to_owned(), "hush".to_owned())],
        };
        let shown = format!("{request:?} {answer:?}");
        // Bytes would be shown as numbers.
        assert!(!shown.contains("hush") && !shown.contains("104"), "{shown}");
        assert!(shown.contains("api.example.org") && shown.contains("200"));
    }
}
