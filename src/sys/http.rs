//! HTTP: the only door to servers that no client of their own reaches.

mod api;
mod fetch;
mod route;

use std::fmt;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method};
use zeroize::Zeroizing;

pub use api::{ApiAnswer, ApiClient, ApiError, ApiRequest, ApiStream};
pub use fetch::{FetchError, Fetcher};
pub use route::Route;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a request may take.
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
    /// A JSON body; none where there is none.
    pub body: Option<Vec<u8>>,
    /// Further headers; what proves who asks isn't among them.
    pub headers: Vec<(&'static str, String)>,
    /// How long it may take; 30 s where nothing is said.
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
    /// The answer is too large.
    #[error("the answer is larger than {ANSWER_MAX} bytes")]
    TooLarge,
}

/// A client of one server.
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
            .timeout(PATIENCE)
            // A login must not follow to another server.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(HttpError::Unanswered)?;
        Ok(Self { client, login })
    }

    /// Sends a request once.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, HttpError> {
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| HttpError::Malformed)?;
        let mut sent = self.client.request(method, &request.url);
        sent = match &self.login {
            None => sent,
            Some(Login::Basic(user, password)) => sent.basic_auth(user, Some(password.as_str())),
            Some(Login::Bearer(token)) => sent.bearer_auth(token.as_str()),
            Some(Login::Scheme(scheme, token)) => {
                let mut value = HeaderValue::from_str(&format!("{scheme} {}", token.as_str()))
                    .map_err(|_| HttpError::Malformed)?;
                value.set_sensitive(true);
                sent.header(AUTHORIZATION, value)
            }
        };
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        if let Some(patience) = request.patience {
            sent = sent.timeout(patience);
        }
        if let Some(body) = request.body {
            sent = sent.header("content-type", "application/json").body(body);
        }
        // The error of a client names the address, which may be a secret of its own.
        let unanswered = |error: reqwest::Error| {
            let error = error.without_url();
            if error.is_connect() {
                HttpError::NoConnection(error)
            } else {
                HttpError::Unanswered(error)
            }
        };
        let mut answer = sent.send().await.map_err(unanswered)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers = headers
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unanswered)? {
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
            headers: vec![("lease-nonce", "hush".to_owned())],
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
