//! What may be done about an Engine's error.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bollard::errors::Error;

use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};

/// Whether a call changes anything, and so whether its failure may leave doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only looks, or repeating it does no harm.
    Reads,
    /// It makes or changes something.
    Acts,
}

/// How long a call that only looks may take.
pub(super) const LOOKING: Duration = Duration::from_secs(30);
/// How long a call that makes or removes one object may take.
pub(super) const ACTING: Duration = Duration::from_mins(2);

/// Awaits a call to the Engine, for so long at most, and classifies its error.
pub(super) async fn within<T>(
    effect: Effect,
    doing: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, ProviderError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(classify(effect, doing, error)),
        Err(_) => Err(timed_out(effect, doing, limit)),
    }
}

fn timed_out(effect: Effect, doing: &str, limit: Duration) -> ProviderError {
    ProviderError::new(
        doubt(effect),
        Code::new("docker::timeout"),
        format!(
            "the Docker Engine gave no answer within {} s when asked to {doing}",
            limit.as_secs()
        ),
    )
    .help("is the Engine overloaded? `docker info` should answer at once")
}

/// Classifies an error of the Engine or of the way to it.
pub(super) fn classify(effect: Effect, doing: &str, error: Error) -> ProviderError {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => by_status(effect, doing, status_code, message.trim()),
        Error::DockerStreamError { error } => by_text(doing, error.trim()).unwrap_or_else(|| {
            ProviderError::new(
                Class::Failed,
                Code::new("docker::failed"),
                format!("could not {doing}: {}", error.trim()),
            )
        }),
        Error::RequestTimeoutError => timed_out(effect, doing, ACTING),
        Error::SocketNotFoundError(_) => unreachable(None),
        Error::HyperLegacyError { err } if err.is_connect() => {
            let kind = io_kind(&err);
            unreachable(kind).source(Error::HyperLegacyError { err })
        }
        Error::JsonDataError { .. } | Error::JsonSerdeError { .. } => ProviderError::new(
            Class::Failed,
            Code::new("docker::protocol"),
            format!("could not {doing}: the Engine's answer makes no sense"),
        )
        .source(error),
        error => ProviderError::new(
            doubt(effect),
            Code::new("docker::connection-lost"),
            format!("the connection to the Docker Engine broke when asked to {doing}"),
        )
        .source(error),
    }
}

fn doubt(effect: Effect) -> Class {
    match effect {
        Effect::Reads => Class::Retryable,
        Effect::Acts => Class::Ambiguous,
    }
}

fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

/// The error that says that nobody answers, or none that this user may ask.
pub(super) fn unreachable(kind: Option<io::ErrorKind>) -> ProviderError {
    let (message, help) = if kind == Some(io::ErrorKind::PermissionDenied) {
        (
            "this user may not use the Docker Engine",
            "add the user to the group `docker` (`sudo usermod -aG docker $USER`, then log in \
             again), or use a rootless Engine",
        )
    } else {
        (
            "no Docker Engine answers",
            "is dockerd running? start Docker, or say where it listens with DOCKER_HOST or \
             `docker context use`",
        )
    };
    ProviderError::new(
        Class::Unreachable,
        Code::new("docker::unreachable"),
        message,
    )
    .help(help)
}

fn by_status(effect: Effect, doing: &str, status: u16, text: &str) -> ProviderError {
    if let Some(known) = by_text(doing, text) {
        return known;
    }
    let (class, code) = match status {
        400 => (Class::Invalid, "docker::refused"),
        401 | 403 => (Class::Denied, "docker::denied"),
        404 => (Class::NotFound, "docker::not-found"),
        409 => (Class::Conflict, "docker::conflict"),
        429 => (
            Class::Throttled(Duration::from_secs(5)),
            "docker::throttled",
        ),
        500..=599 => (doubt(effect), "docker::engine-error"),
        _ => (Class::Failed, "docker::failed"),
    };
    ProviderError::new(class, Code::new(code), format!("could not {doing}: {text}"))
}

/// What the Engine says with one status for very different things.
fn by_text(doing: &str, text: &str) -> Option<ProviderError> {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (class, code, help) = if says(&[
        "port is already allocated",
        "address already in use",
        "ports are not available",
    ]) {
        (
            Class::Conflict,
            "docker::port-taken",
            "stop what listens there, or publish another host port under `providers.docker.ports`",
        )
    } else if says(&["no space left on device"]) {
        (
            Class::Failed,
            "docker::disk-full",
            "free room on the Engine's disk: `docker system df` shows what takes it",
        )
    } else if says(&["is not running", "is paused", "container is restarting"]) {
        (
            Class::Conflict,
            "docker::not-running",
            "start the machine first: `sindri start`",
        )
    } else if says(&["toomanyrequests", "rate limit"]) {
        (
            Class::Throttled(Duration::from_mins(1)),
            "docker::throttled",
            "log in to the registry with `docker login`, or use a mirror",
        )
    } else if says(&[
        "could not select device driver",
        "unknown or invalid runtime",
    ]) {
        (
            Class::Invalid,
            "docker::runtime-missing",
            "install the runtime and restart dockerd; for NVIDIA GPUs it is the NVIDIA Container \
             Toolkit",
        )
    } else if says(&["exec: \"/bin/sh\": stat /bin/sh", "/bin/sh: no such file"]) {
        (
            Class::Invalid,
            "docker::no-shell",
            "a machine needs an image with `/bin/sh`",
        )
    } else if says(&["oci runtime", "runc did not terminate", "crun:"]) {
        (
            Class::Failed,
            "docker::runtime-refused",
            "the container runtime on the Engine's host refused; the text above is its own",
        )
    } else {
        return None;
    };
    Some(
        ProviderError::new(class, Code::new(code), format!("could not {doing}: {text}")).help(help),
    )
}

/// Whether an error says that the object isn't there.
pub(super) fn is_missing(error: &ProviderError) -> bool {
    error.class == Class::NotFound
}

/// Turns "it isn't there" into `None`.
pub(super) fn optional<T>(result: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(effect: Effect, status_code: u16, message: &str) -> ProviderError {
        classify(
            effect,
            "make it",
            Error::DockerResponseServerError {
                status_code,
                message: message.to_owned(),
            },
        )
    }

    #[test]
    fn a_server_error_leaves_doubt_only_where_something_was_to_happen() {
        assert_eq!(answer(Effect::Acts, 503, "busy").class, Class::Ambiguous);
        assert_eq!(answer(Effect::Reads, 503, "busy").class, Class::Retryable);
        assert_eq!(
            classify(Effect::Acts, "make it", Error::RequestTimeoutError).class,
            Class::Ambiguous
        );
    }

    #[test]
    fn texts_tell_what_statuses_do_not() {
        let taken = answer(
            Effect::Acts,
            500,
            "Bind for 0.0.0.0:80: port is already allocated",
        );
        assert_eq!(taken.class, Class::Conflict);
        assert_eq!(taken.code.as_str(), "docker::port-taken");
        let asleep = answer(Effect::Acts, 409, "Container abc is not running");
        assert_eq!(asleep.code.as_str(), "docker::not-running");
        let full = answer(Effect::Acts, 500, "write /x: no space left on device");
        assert_eq!(full.code.as_str(), "docker::disk-full");
    }

    #[test]
    fn a_socket_that_refuses_says_which_group_may() {
        let denied = unreachable(Some(io::ErrorKind::PermissionDenied));
        assert_eq!(denied.class, Class::Unreachable);
        assert!(denied.help.unwrap().contains("group `docker`"));
    }

    #[test]
    fn statuses_map_to_classes() {
        for (status, class) in [
            (400, Class::Invalid),
            (403, Class::Denied),
            (404, Class::NotFound),
            (409, Class::Conflict),
        ] {
            assert_eq!(answer(Effect::Acts, status, "no").class, class, "{status}");
        }
    }
}
