//! Sending calls: what may be tried again is, and what came back is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::endpoint::{self, Door, Endpoint};
use super::error::{fail, garbled, refused, silence, wait};
use super::request::{self, Call, Effect};
use super::token::Token;
use super::wire::{Listed, Marked};
use crate::provider::{Class, ProviderError};
use crate::state::Lineage;
use crate::sys::Environment;
use crate::sys::http::{HttpAnswer, HttpClient, HttpError, HttpRequest, HttpStream};

/// How long an answer may take. Waking a sandbox takes seconds, and a busy service more.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often a call is tried in all.
const TRIES: u32 = 4;

/// The longest that is waited on the server's word before another try.
const LONGEST: Duration = Duration::from_secs(20);

/// How long a list that always has another page is believed.
const PAGES: usize = 10_000;

/// The id of a template, once it can be used; held by whoever sees to that.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<String>>>;

/// E2B, by one key.
#[derive(Debug)]
pub struct E2b {
    api: HttpClient,
    pub(super) endpoint: Endpoint,
    key: Token,
    /// The ways into sandboxes that were woken, and until when they needn't be woken again.
    doors: Mutex<HashMap<String, (Door, Instant)>>,
    /// The templates used so far, by their names.
    templates: Mutex<HashMap<String, Slot>>,
}

impl E2b {
    /// Reads key and addresses from the environment; nobody is asked yet.
    pub fn connect(environment: &Environment) -> Result<Self, ProviderError> {
        let api = HttpClient::new(None).map_err(|error| {
            fail(Class::Failed, "e2b::client", "no connection can be made").source(error)
        })?;
        Ok(Self {
            api,
            endpoint: Endpoint::of(environment)?,
            key: endpoint::key(environment)?,
            doors: Mutex::default(),
            templates: Mutex::default(),
        })
    }

    /// Sends a call to the service and returns an answer that says yes.
    pub(super) async fn send(&self, call: &Call) -> Result<HttpAnswer, ProviderError> {
        let own = [("x-api-key".to_owned(), self.key.clone())];
        self.try_at(&self.endpoint.api, &own, call).await
    }

    /// Sends a call to the daemon inside a sandbox.
    pub(super) async fn knock(
        &self,
        door: &Door,
        call: &Call,
    ) -> Result<HttpAnswer, ProviderError> {
        self.try_at(&door.address, &door.headers, call).await
    }

    /// Opens a stream from the daemon inside a sandbox.
    pub(super) async fn stream(&self, door: &Door, call: &Call) -> Result<HttpStream, HttpError> {
        self.api
            .open(prepared(&door.address, &door.headers, call))
            .await
    }

    /// Sends a call and reads the answer.
    pub(super) async fn answer<T: DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<T, ProviderError> {
        let answer = self.send(call).await?;
        serde_json::from_slice(&answer.body).map_err(|error| garbled(call, &answer.body, error))
    }

    async fn try_at(
        &self,
        address: &str,
        headers: &[(String, Token)],
        call: &Call,
    ) -> Result<HttpAnswer, ProviderError> {
        let mut tried = 0;
        loop {
            let answer = self.api.send(prepared(address, headers, call)).await;
            tried += 1;
            let pause = pause(call, &answer, tried).filter(|_| tried < TRIES);
            match (pause, answer) {
                (Some(pause), _) => tokio::time::sleep(pause).await,
                (None, Ok(answer)) if (200..300).contains(&answer.status) => return Ok(answer),
                (None, Ok(answer)) => return Err(refused(call, &answer)),
                (None, Err(error)) => return Err(silence(call, error)),
            }
        }
    }

    /// Every sandbox that carries these labels, page by page; what can't be read of one comes as
    /// the reason.
    pub(super) async fn sandboxes(
        &self,
        lineage: &Lineage,
        more: &[(&str, &str)],
    ) -> Result<Vec<Sandbox>, ProviderError> {
        let mut labels = vec![(super::label::LINEAGE, lineage.as_str())];
        labels.extend_from_slice(more);
        let (mut all, mut from) = (Vec::new(), None);
        for _ in 0..PAGES {
            let call = request::list(&labels, from.as_deref());
            let answer = self.send(&call).await?;
            let page: Vec<Value> = serde_json::from_slice(&answer.body)
                .map_err(|error| garbled(&call, &answer.body, error))?;
            for entry in page {
                let marked: Marked = serde_json::from_value(entry.clone())
                    .map_err(|error| garbled(&call, &answer.body, error))?;
                // A server that knows no filter hands out everybody's.
                if labels
                    .iter()
                    .all(|(name, value)| marked.metadata.get(*name).is_some_and(|has| has == value))
                {
                    all.push(Sandbox {
                        marked,
                        seen: serde_json::from_value(entry).map_err(|error| error.to_string()),
                    });
                }
            }
            match answer
                .header("x-next-token")
                .filter(|token| !token.is_empty())
            {
                Some(token) if from.as_deref() != Some(token) => from = Some(token.to_owned()),
                Some(_) | None => return Ok(all),
            }
        }
        Ok(all)
    }

    /// A way into a sandbox that was woken not long ago.
    pub(super) fn known_door(&self, id: &str) -> Option<Door> {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let (door, until) = doors.get(id)?;
        (Instant::now() < *until).then(|| door.clone())
    }

    /// Keeps the way into a sandbox that was just woken to live so many seconds.
    pub(super) fn keep_door(&self, id: &str, door: &Door, seconds: u32) {
        let until = Instant::now() + Duration::from_secs(u64::from(seconds) / 4);
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.insert(id.to_owned(), (door.clone(), until));
    }

    /// Forgets the way into a sandbox.
    pub(super) fn forget_door(&self, id: &str) {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.remove(id);
    }

    /// What whoever looks for a template, or builds it, holds meanwhile.
    pub(super) fn template(&self, alias: &str) -> Slot {
        let mut templates = self
            .templates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(templates.entry(alias.to_owned()).or_default())
    }
}

/// An entry of a list.
#[derive(Clone, Debug)]
pub(super) struct Sandbox {
    /// Its id and labels.
    pub(super) marked: Marked,
    /// The rest of it, or why it can't be read.
    pub(super) seen: Result<Listed, String>,
}

fn prepared(address: &str, headers: &[(String, Token)], call: &Call) -> HttpRequest {
    let own = headers
        .iter()
        .map(|(name, value)| (name.clone().into(), value.expose().to_owned()));
    let more = call.headers.iter();
    let more = more.map(|(name, value)| ((*name).into(), value.clone()));
    HttpRequest {
        method: call.method.to_owned(),
        url: format!("{address}{}", call.path),
        headers: own.chain(more).collect(),
        body: call.has_body().then(|| call.body.clone()),
        patience: Some(PATIENCE),
    }
}

/// How long to wait before a call is tried again; none where it isn't.
///
/// What makes things is tried again only where the server can't have begun; what else may be done
/// twice is tried again as E2B's own clients do.
fn pause(call: &Call, answer: &Result<HttpAnswer, HttpError>, tried: u32) -> Option<Duration> {
    let usual = Duration::from_millis(100 << tried.min(6));
    match answer {
        Err(HttpError::NoConnection(_)) => Some(usual),
        Err(HttpError::Unanswered(_) | HttpError::Silent(_)) => {
            (call.effect != Effect::Makes).then_some(usual)
        }
        Err(HttpError::Malformed | HttpError::TooLarge) => None,
        Ok(answer) => {
            let told = answer.header("should-retry").map(str::to_ascii_lowercase);
            let again = match (told.as_deref(), answer.status) {
                (Some("false"), _) | (_, 200..=399) => false,
                (_, 429) => true,
                (Some("true"), _) | (_, 502..=504) => call.effect != Effect::Makes,
                _ => false,
            };
            let asked = wait(answer);
            // Who asks for more patience than that is told so by the engine.
            let bearable = asked.is_none_or(|asked| asked <= LONGEST);
            (again && bearable).then(|| asked.unwrap_or(usual))
        }
    }
}
