//! What a create that failed has left behind, asked while it is still known who made it.
//!
//! Once a failure is recorded, nobody looks for its object again unless it is still wanted: one that
//! stands all the same would be left for ever.

use super::outcome::Outcome;
use crate::diagnostic::{Diagnose, Diagnostics};
use crate::engine::recover::taken_over;
use crate::plan::Observation;
use crate::provider::{Class, CreateRequest, Provider, ProviderError, Query, Question};
use crate::state::{Effect, Intent};

/// The outcome of a create that failed.
///
/// An object that stands is recorded with the failure. One that can't be seen although the call
/// may have gone through keeps its intent open: the next run looks again.
pub(super) async fn outcome(
    error: ProviderError,
    provider: &dyn Provider,
    request: &CreateRequest,
    intent: &Intent,
) -> Result<Outcome, Diagnostics> {
    let diagnostics = error.diagnose();
    let may_appear = match error.class {
        Class::Ambiguous => true,
        Class::Failed => false,
        Class::Retryable
        | Class::Throttled(_)
        | Class::Conflict
        | Class::NotFound
        | Class::Denied
        | Class::Unreachable
        | Class::Invalid => return Err(diagnostics),
    };
    if request.address.kind().is_pin() {
        return Err(diagnostics);
    }
    let query = Query {
        lineage: request.lineage.clone(),
        questions: vec![Question {
            address: request.address.clone(),
            spec: request.spec.clone(),
            id: None,
            made_at: None,
            wanted: false,
        }],
    };
    let mut observed = provider.observe(&query).await.unwrap_or_default();
    match observed.remove(&request.address) {
        Some(Observation::Present(seen)) if seen.operation.as_ref() == Some(&request.operation) => {
            let object = taken_over(intent, &seen, &request.spec, provider.kind());
            Ok(Outcome::Failed {
                effect: Effect::Put(Box::new(object)),
                diagnostics,
            })
        }
        // What stands in its place is another operation's.
        Some(Observation::Present(_)) => Err(diagnostics),
        Some(Observation::Absent | Observation::Ended(_)) if !may_appear => Err(diagnostics),
        Some(Observation::Absent | Observation::Ended(_) | Observation::Unreadable(_)) | None => {
            Ok(Outcome::Unknown { diagnostics })
        }
    }
}
