//! Leases: what is changing a machine keeps others from doing so.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::classify::error;
use super::id::Id;
use super::wire::{Lease, LeaseAnswer};
use super::{Fly, request};
use crate::provider::{Class, ProviderError};
use crate::sys::{host_name, user_name};

/// What sindri says of its leases, before who and where.
const OURS: &str = "sindri of ";

/// How often it is tried again to take a lease that a killed run left.
const AGAIN: Duration = Duration::from_secs(2);

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

/// Takes a machine's lease. One of sindri's own is waited for: whoever has the state is alone, so that a
/// killed run left it, and it runs out.
async fn take(fly: &Fly, id: &Id) -> Result<String, ProviderError> {
    let who = format!("{OURS}{} on {}", user_name(&fly.environment), host_name());
    let until = Instant::now() + Duration::from_secs(request::machine::LEASE) + AGAIN;
    let mut ran_out = false;
    let lease = loop {
        let taking = fly
            .call::<LeaseAnswer>(request::machine::lease(id, &who))
            .await;
        match taking {
            Ok(answer) => break answer.into_lease(),
            Err(failed) if failed.class == Class::Conflict => {
                let holder = holder(fly, id).await;
                match &holder {
                    Some(lease) if is_ours(lease) && Instant::now() < until => sleep(AGAIN).await,
                    // It ran out between the two questions.
                    None if !ran_out => ran_out = true,
                    Some(_) | None => return Err(said(id, holder, failed)),
                }
            }
            Err(failed) => return Err(failed),
        }
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

/// Whether sindri took a lease, whoever ran it.
fn is_ours(lease: &Lease) -> bool {
    let description = lease.description.as_deref().unwrap_or_default();
    description.starts_with(OURS)
}

async fn holder(fly: &Fly, id: &Id) -> Option<Lease> {
    let holder = fly.call::<LeaseAnswer>(request::machine::lease_holder(id));
    holder.await.ok().map(LeaseAnswer::into_lease)
}

/// Says who is changing a machine.
pub(super) async fn held(fly: &Fly, id: &Id, failed: ProviderError) -> ProviderError {
    said(id, holder(fly, id).await, failed)
}

fn said(id: &Id, holder: Option<Lease>, failed: ProviderError) -> ProviderError {
    let Some(lease) = holder else {
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
