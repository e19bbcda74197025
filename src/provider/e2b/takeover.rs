//! Taking over: only what carries our labels, since those of a sandbox can't be changed.

use super::error::fail;
use super::observe::observe;
use super::wire::Detail;
use super::{E2b, label, request};
use crate::plan::{Observation, Seen};
use crate::provider::{Class, Made, Owned, ProviderError, Query, Question, Sought, TakeRequest};
use crate::resource::Attributes;
use crate::state::{Lineage, ObjectId};

/// Looks at what a person named; only a sandbox that carries this lineage will do.
pub(super) async fn find(e2b: &E2b, sought: &Sought) -> Result<Seen, ProviderError> {
    let detail: Detail = match e2b.answer(&request::detail(sought.id.as_str())).await {
        Ok(detail) => detail,
        Err(error) if error.class == Class::NotFound => return Err(absent(sought)),
        Err(error) => return Err(error),
    };
    match detail.metadata.get(label::LINEAGE) {
        Some(lineage) if lineage == sought.lineage.as_str() => {}
        Some(lineage) => {
            return Err(fail(
                Class::Conflict,
                "e2b::not-ours",
                format!(
                    "`{}` belongs to another state, of lineage {lineage}",
                    sought.id
                ),
            )
            .help("it is left alone; destroy it from the project it belongs to"));
        }
        None => {
            return Err(fail(
                Class::Invalid,
                "e2b::unlabelled",
                format!(
                    "the sandbox `{}` wasn't made by sindri, and E2B can't label what stands: \
                     after a lost state nothing would tell whose it is",
                    sought.id
                ),
            )
            .help("let sindri make a sandbox, then copy what matters with E2B's own client"));
        }
    }
    let query = Query {
        lineage: sought.lineage.clone(),
        questions: vec![Question {
            address: sought.address.clone(),
            spec: sought.spec.clone(),
            id: Some(sought.id.clone()),
            made_at: None,
            wanted: true,
        }],
    };
    match observe(e2b, &query).await?.remove(&sought.address) {
        Some(Observation::Present(seen)) => Ok(*seen),
        Some(Observation::Unreadable(why)) => Err(fail(Class::Failed, "e2b::unreadable", why)),
        Some(Observation::Ended(at)) => {
            let mut error = absent(sought);
            let at = at.strftime("%Y-%m-%d %H:%M UTC");
            error.message = format!("the sandbox `{}` ended {at}", sought.id);
            Err(error)
        }
        Some(Observation::Absent) | None => Err(absent(sought)),
    }
}

fn absent(sought: &Sought) -> ProviderError {
    fail(
        Class::NotFound,
        "e2b::not-found",
        format!("there is no sandbox `{}` for this key", sought.id),
    )
    .help("`sindri adopt` lists what belongs to this state")
}

/// Takes it over: it carries our labels, so there is nothing to write.
pub(super) async fn take(e2b: &E2b, request: &TakeRequest) -> Result<Made, ProviderError> {
    let seen = find(e2b, &request.sought()).await?;
    Ok(Made {
        id: seen.id,
        attributes: Attributes::default(),
        incarnation: seen.incarnation,
    })
}

/// Every sandbox that carries a lineage.
pub(super) async fn owned(e2b: &E2b, lineage: &Lineage) -> Result<Vec<Owned>, ProviderError> {
    let sandboxes = e2b.sandboxes(lineage, &[]).await?;
    let owned = sandboxes.into_iter().filter_map(|one| {
        Some(Owned {
            address: one.marked.metadata.get(label::ADDRESS)?.parse().ok()?,
            id: ObjectId::new(&one.marked.id),
        })
    });
    Ok(owned.collect())
}
