//! How often GitHub may still be asked.

use super::needed::fetch;
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic};

/// Who limits how often it may be asked.
pub(super) const API: &str = "api.github.com";

/// From how many requests left on GitHub's limit is no matter.
const ENOUGH: u64 = 20;

const CODE: Code = Code::new("catalog::github-rate-limit");

/// What is to be said of GitHub's answer, if anything; `place` is `here`, or a machine.
pub(super) fn judge(body: &[u8], place: &str, known: bool, by: &[Name]) -> Option<Diagnostic> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let left = body.pointer("/resources/core/remaining")?.as_u64()?;
    if left >= ENOUGH {
        return None;
    }
    let help = if known {
        "wait until the hour is over"
    } else if place == "here" {
        "set `GITHUB_TOKEN`, which raises the limit, or wait until the hour is over"
    } else {
        "deliver a secret `GITHUB_TOKEN`, which raises the limit, or wait until the hour is over"
    };
    let text = format!(
        "GitHub answers {left} more requests from {place} this hour; {} from it",
        fetch(by)
    );
    Some(Diagnostic::warning(CODE, text).help(help))
}

/// That GitHub doesn't know the token.
pub(super) fn refused(place: &str) -> Diagnostic {
    let text =
        format!("GitHub doesn't accept the token in `GITHUB_TOKEN` that is used from {place}");
    Diagnostic::warning(CODE, text).help("set one that is valid, or unset it")
}
