//! What E2B's refusals and silences mean.

use std::time::Duration;

use super::request::{Call, Effect};
use super::wire::Refusal;
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};
use crate::sys::http::{HttpAnswer, HttpError};

/// How long to wait where a server that has enough doesn't say.
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// How much of a refusal is shown.
const SHOWN: usize = 300;

pub(super) fn fail(class: Class, code: &'static str, message: impl Into<String>) -> ProviderError {
    ProviderError::new(class, Code::new(code), message)
}

/// Nothing, or not all, came back from a call.
pub(super) fn silence(call: &Call, error: HttpError) -> ProviderError {
    let title = call.title;
    let (class, code, message) = match &error {
        HttpError::Malformed => (
            Class::Invalid,
            "e2b::request",
            format!("the request to {title} can't be sent"),
        ),
        HttpError::NoConnection(_) => (
            Class::Unreachable,
            "e2b::unreachable",
            format!("E2B can't be reached to {title}"),
        ),
        HttpError::Unanswered(_) | HttpError::Silent(_) | HttpError::TooLarge
            if call.effect == Effect::Reads =>
        {
            (
                Class::Retryable,
                "e2b::no-answer",
                format!("E2B gave no whole answer when asked to {title}"),
            )
        }
        HttpError::Unanswered(_) | HttpError::Silent(_) | HttpError::TooLarge => (
            Class::Ambiguous,
            "e2b::no-answer",
            format!("E2B was asked to {title} and gave no whole answer"),
        ),
    };
    let error_is_distance = matches!(error, HttpError::NoConnection(_));
    let failed = fail(class, code, message).source(error);
    if error_is_distance {
        failed.help("look at the network, and at `E2B_API_URL` and `E2B_DOMAIN` where they are set")
    } else {
        failed
    }
}

/// An answer that says no.
pub(super) fn refused(call: &Call, answer: &HttpAnswer) -> ProviderError {
    let refusal = Refusal::read(&answer.body);
    let said = refusal.as_ref().map(|one| shown(&one.message));
    let said = said.filter(|text| !text.is_empty()).unwrap_or_else(|| {
        format!(
            "status {} without a reason{}",
            answer.status,
            if looks_like_a_page(&answer.body) {
                ", and a page for people instead of JSON"
            } else {
                ""
            }
        )
    });
    let title = call.title;
    let makes = call.effect != Effect::Reads;
    let word = refusal.and_then(|one| one.error_code).unwrap_or_default();
    match answer.status {
        401 => fail(
            Class::Denied,
            "e2b::key-refused",
            format!("E2B doesn't accept the key: {said}"),
        )
        .help("set `E2B_API_KEY` to a key of your team; the dashboard makes new ones"),
        403 => fail(
            Class::Denied,
            "e2b::forbidden",
            format!("the key may not {title}: {said}"),
        )
        .help("use a key of the team that owns it"),
        404 => fail(
            Class::NotFound,
            "e2b::not-found",
            format!("E2B couldn't {title}: {said}"),
        ),
        405 => fail(
            Class::Invalid,
            "e2b::no-such-call",
            format!("this server of E2B's interface can't {title}"),
        ),
        409 if word == "idempotency_in_progress" || word == "idempotency_outcome_unknown" => fail(
            Class::Ambiguous,
            "e2b::in-progress",
            format!("E2B is still at it: {said}"),
        ),
        409 => fail(
            Class::Conflict,
            "e2b::conflict",
            format!("E2B couldn't {title}: {said}"),
        ),
        429 => fail(
            Class::Throttled(wait(answer).unwrap_or(PAUSE)),
            "e2b::throttled",
            format!("E2B has enough for now: {said}"),
        ),
        500.. if makes => fail(
            Class::Ambiguous,
            "e2b::server",
            format!("E2B failed when asked to {title}: {said}"),
        ),
        500.. => fail(
            Class::Retryable,
            "e2b::server",
            format!("E2B failed when asked to {title}: {said}"),
        ),
        400 | 422 if said.to_ascii_lowercase().contains("timeout") => fail(
            Class::Invalid,
            "e2b::timeout-refused",
            format!("E2B refuses the timeout: {said}"),
        )
        .help("`providers.e2b.timeout` is at most 3600 on the Base plan and 86400 on Pro"),
        _ => fail(
            Class::Invalid,
            "e2b::refused",
            format!("E2B refuses to {title}: {said}"),
        ),
    }
}

/// An answer that says yes in words nobody understands.
pub(super) fn garbled(call: &Call, body: &[u8], error: serde_json::Error) -> ProviderError {
    let class = match call.effect {
        Effect::Reads | Effect::Settles => Class::Failed,
        Effect::Makes => Class::Ambiguous,
    };
    let what = if looks_like_a_page(body) {
        "a page for people instead of JSON"
    } else {
        "something that can't be read"
    };
    fail(
        class,
        "e2b::protocol",
        format!("E2B answered {what} when asked to {}", call.title),
    )
    .source(error)
    .help("`E2B_API_URL` may name another kind of server, or a proxy may answer in its place")
}

/// How long the server wants to be left alone, where it says so.
pub(super) fn wait(answer: &HttpAnswer) -> Option<Duration> {
    let seconds = answer.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn looks_like_a_page(body: &[u8]) -> bool {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace());
    start.is_some_and(|start| body[start] == b'<')
}

/// The first line of what a server says, cut where it would fill the screen.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line.to_owned(),
    }
}
