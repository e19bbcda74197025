//! Leases: what is changing a machine keeps others from doing so.

use super::classify::error;
use super::id::Id;
use super::wire::LeaseAnswer;
use super::{Fly, request};
use crate::provider::{Class, ProviderError};
use crate::sys::{host_name, user_name};

/// Does something to a machine under its lease, which is given back whatever comes of it.
pub(super) async fn under<T, F: Future<Output = Result<T, ProviderError>>>(
    fly: &Fly,
    id: &Id,
    act: impl FnOnce(String) -> F,
) -> Result<T, ProviderError> {
    let nonce = take(fly, id).await?;
    let done = act(nonce.clone()).await;
    // One that isn't given back runs out by itself.
    let release = request::machine::release(id).under(Some(&nonce));
    drop(fly.tell(release).await);
    done
}

async fn take(fly: &Fly, id: &Id) -> Result<String, ProviderError> {
    let who = format!(
        "sindri of {} on {}",
        user_name(&fly.environment),
        host_name()
    );
    let taking = fly
        .call::<LeaseAnswer>(request::machine::lease(id, &who))
        .await;
    let lease = match taking {
        Ok(answer) => answer.into_lease(),
        Err(failed) if failed.class == Class::Conflict => return Err(held(fly, id, failed).await),
        Err(failed) => return Err(failed),
    };
    lease
        .nonce
        .filter(|nonce| !nonce.is_empty())
        .ok_or_else(|| {
            error(
                Class::Failed,
                "fly::protocol",
                format!(
                    "the lease of the machine `{}` came without its nonce",
                    id.object
                ),
            )
        })
}

/// Says who is changing a machine.
pub(super) async fn held(fly: &Fly, id: &Id, failed: ProviderError) -> ProviderError {
    let holder = fly.call::<LeaseAnswer>(request::machine::lease_holder(id));
    let Ok(lease) = holder.await.map(LeaseAnswer::into_lease) else {
        return failed;
    };
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (owner, description) = (filled(lease.owner), filled(lease.description));
    let who = match (owner, description) {
        (Some(owner), Some(what)) => format!("{owner} ({what})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return failed,
    };
    error(
        Class::Conflict,
        "fly::leased",
        format!("the machine `{}` is being changed by {who}", id.object),
    )
    .help("try again when they are done; a lease that was left behind runs out by itself")
    .source(failed)
}
