//! Ours or not: what an object's labels permit.

use std::collections::HashMap;

use super::label::{self, Claim};
use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};
use crate::state::Lineage;

/// The error for a name that another object has.
pub(super) fn taken(kind: &str, name: &str, claim: Claim) -> ProviderError {
    match claim {
        Claim::Operation | Claim::Address => ProviderError::new(
            Class::Conflict,
            Code::new("docker::already-made"),
            format!("an earlier operation made the {kind} `{name}` for this very resource"),
        )
        .help("run `sindri plan` again: it finds the object and takes it over"),
        Claim::Lineage => ProviderError::new(
            Class::Conflict,
            Code::new("docker::name-taken"),
            format!("the {kind} `{name}` belongs to another resource of this project"),
        )
        .help("give one of the two another name"),
        Claim::Foreign => ProviderError::new(
            Class::Conflict,
            Code::new("docker::name-taken"),
            format!("the {kind} `{name}` belongs to another Sindri project"),
        )
        .help("change `name` in sindri.yaml, or destroy the other project's"),
        Claim::Unlabelled => ProviderError::new(
            Class::Conflict,
            Code::new("docker::name-taken"),
            format!("a {kind} `{name}` that Sindri didn't make is there already"),
        )
        .help(format!(
            "it is left alone; change `name` in sindri.yaml, or remove it: `docker {kind} rm {name}`"
        )),
    }
}

/// Refuses to touch what carries another lineage; `what` is recorded by its id.
pub(super) fn may_touch(
    labels: Option<&HashMap<String, String>>,
    lineage: &Lineage,
    kind: &str,
    what: &str,
) -> Result<(), ProviderError> {
    match labels.and_then(|labels| labels.get(label::LINEAGE)) {
        Some(carried) if carried != lineage.as_str() => Err(ProviderError::new(
            Class::Conflict,
            Code::new("docker::not-ours"),
            format!("the {kind} `{what}` belongs to another Sindri project and is left alone"),
        )),
        Some(_) | None => Ok(()),
    }
}

/// An error about which a look has left no doubt: nothing was made.
pub(super) fn settled(error: ProviderError) -> ProviderError {
    match error.class {
        Class::Ambiguous => ProviderError {
            class: Class::Failed,
            ..error
        },
        _ => error,
    }
}
