//! What may be done about an answer that says no, or about none.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::request::{Call, Effect};
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};
use crate::sys::http::{HttpAnswer, HttpError};

/// What an error says.
#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    status: Option<String>,
}

/// An error of the Machines API, or of the way to it.
pub(super) fn error(class: Class, code: &'static str, message: impl Into<String>) -> ProviderError {
    ProviderError::new(class, Code::new(code), message)
}

fn doubt(effect: Effect) -> Class {
    match effect {
        Effect::Reads => Class::Retryable,
        Effect::Acts => Class::Ambiguous,
    }
}

/// Classifies that no answer came.
pub(super) fn unanswered(call: &Call, cause: HttpError) -> ProviderError {
    let doing = &call.doing;
    match cause {
        HttpError::NoConnection(_) => error(
            Class::Unreachable,
            "fly::unreachable",
            format!("could not {doing}: the Machines API of Fly.io can't be reached"),
        )
        .help("is the network up? `FLY_FLAPS_BASE_URL` says where it is, if it isn't at https://api.machines.dev")
        .source(cause),
        HttpError::Malformed => error(
            Class::Invalid,
            "fly::request",
            format!("could not {doing}: that can't be asked"),
        )
        .source(cause),
        HttpError::Unanswered(_) | HttpError::Silent(_) | HttpError::TooLarge => error(
            doubt(call.effect),
            "fly::no-answer",
            format!("could not {doing}: the answer of Fly.io didn't come, or not all of it"),
        )
        .source(cause),
    }
}

/// Classifies an answer that makes no sense; it may have been done all the same.
pub(super) fn nonsense(call: &Call, answer: &HttpAnswer, why: &str) -> ProviderError {
    let what = if answer.body.trim_ascii_start().starts_with(b"<") {
        "a web page came instead of an answer"
    } else {
        "the answer of Fly.io makes no sense"
    };
    error(
        doubt(call.effect),
        "fly::protocol",
        format!("could not {}: {what}{}", call.doing, request_id(answer)),
    )
    .help(format!(
        "{why}; a proxy between here and Fly.io may be at fault"
    ))
}

/// Classifies an answer that says no.
pub(super) fn refused(call: &Call, answer: &HttpAnswer) -> ProviderError {
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = match &said.error {
        Some(Value::String(text)) => text.trim().trim_end_matches('.').to_owned(),
        Some(other) => other.to_string(),
        None => format!("status {}", answer.status),
    };
    let code = said.status.as_deref().unwrap_or_default();
    let message = format!("could not {}: {text}{}", call.doing, request_id(answer));
    let make = |class, code, help: &str| error(class, code, message.clone()).help(help);
    match (answer.status, code) {
        (_, "insufficient_capacity") => make(
            Class::Failed,
            "fly::no-capacity",
            "try another region or a smaller machine, or try again later: Fly.io has no room there now",
        ),
        (_, "name_taken") => make(
            Class::Conflict,
            "fly::name-taken",
            "names of apps are one for all of Fly.io; choose another `name` in sindri.yaml",
        ),
        (400 | 422, _) => make(
            Class::Invalid,
            "fly::refused",
            "Fly.io doesn't take this; its answer says why",
        ),
        (401, _) => make(
            Class::Denied,
            "fly::token",
            "the token in FLY_API_TOKEN has expired or isn't one: make another with `fly tokens create org`",
        ),
        (403, _) => make(
            Class::Denied,
            "fly::denied",
            "the token in FLY_API_TOKEN may not do that; one of the whole organization may: `fly tokens create org`",
        ),
        (404, _) => make(
            Class::NotFound,
            "fly::not-found",
            "run `sindri plan`: it shows what is missing",
        ),
        (409, _) => make(
            Class::Conflict,
            "fly::conflict",
            "somebody else is changing it; try again when they are done",
        ),
        (412, _) => make(
            Class::Conflict,
            "fly::changed",
            "it was changed in the meantime; run `sindri plan` again",
        ),
        (429, _) => make(
            Class::Throttled(after(answer)),
            "fly::throttled",
            "too many calls of this sort; is another program using this token?",
        ),
        (408, _) => make(
            doubt(call.effect),
            "fly::timeout",
            "Fly.io took too long; it may have been done all the same",
        ),
        (500.., _) => make(
            doubt(call.effect),
            "fly::trouble",
            "Fly.io has trouble: https://status.flyio.net",
        ),
        _ => make(
            Class::Failed,
            "fly::failed",
            "that answer wasn't expected here",
        ),
    }
}

/// When to come back; a second where the server doesn't say.
fn after(answer: &HttpAnswer) -> Duration {
    let said = answer.header("retry-after");
    let seconds = said.and_then(|text| text.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(1)).min(Duration::from_mins(2))
}

/// The request's name at Fly, for whoever asks their support.
fn request_id(answer: &HttpAnswer) -> String {
    answer
        .header("fly-request-id")
        .map_or_else(String::new, |id| format!(" (fly-request-id {id})"))
}

/// Turns "it isn't there" into `None`.
pub(super) fn optional<T>(result: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == Class::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// An error about which a look has left no doubt: nothing was made.
pub(super) fn settled(error: ProviderError) -> ProviderError {
    match error.class {
        Class::Ambiguous => ProviderError {
            class: Class::Retryable,
            ..error
        },
        _ => error,
    }
}
