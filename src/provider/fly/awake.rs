//! Keeping a machine awake that falls asleep when nobody is connected to it.
//!
//! Fly's proxy sees connections and no work, and nothing that works inside can tell it. So its
//! services are kept from putting it to sleep, and what they did before is written on the machine:
//! whoever looks at it next sees that it is kept awake, and what to make of it again.

use super::id::Id;
use super::request::config::{kept_awake, let_sleep};
use super::{Fly, exec, label, lease, machine, power};
use crate::provider::{Class, MachineRef, ProviderError};
use crate::resource::Power;

/// Keeps a machine awake, or lets it sleep again; both let it start anew, if it runs. Gives whether
/// it is kept awake.
pub(super) async fn keep(
    fly: &Fly,
    reference: &MachineRef,
    awake: bool,
) -> Result<bool, ProviderError> {
    let spec = exec::spec(reference)?;
    if spec.settings.power() != Power::Provider {
        return Ok(false);
    }
    let id = Id::parse(&reference.id)?;
    let (seen, shown) = match power::look_whole(fly, &id).await {
        // What is gone is awake no more.
        Err(gone) if gone.class == Class::NotFound && !awake => return Ok(false),
        looked => looked?,
    };
    let changed = if awake {
        kept_awake(&shown)
    } else {
        let_sleep(&shown)
    };
    let metadata = seen.config.as_ref().map(|config| &config.metadata);
    let Some(mut config) = changed else {
        return Ok(metadata.is_some_and(|metadata| metadata.contains_key(label::AWAKE)));
    };
    let version = metadata.and_then(|metadata| metadata.get(label::VERSION));
    if version != Some(&seen.instance_id)
        && let Some(metadata) = config["metadata"].as_object_mut()
    {
        // What somebody else changed meanwhile must be looked for again.
        metadata.remove(label::SPEC);
    }
    lease::under(fly, &id, |nonce| async move {
        let id = Id::parse(&reference.id)?;
        machine::change(fly, &id, &seen, &config, None, spec.power, &nonce).await
    })
    .await?;
    Ok(awake)
}
