//! Secrets: kept by the app, appearing as files in its machine at every start.
//!
//! Each change of them restarts the machine, so that those that come at once are set at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::classify::{error, optional};
use super::id::Id;
use super::listing::is_gone;
use super::request::config::with_files;
use super::wire::{Machine, Secrets, SecretsSet};
use super::{Fly, exec, label, lease, machine, power, request};
use crate::address::Name;
use crate::diagnostic::Code;
use crate::provider::{Class, Delivery, MachineRef, ProviderError, Stray};
use crate::resource::FileTarget;

/// How long the first of several waits for the others.
const TOGETHER: Duration = Duration::from_millis(50);

/// Secrets on their way, by the machine: an app may have two.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<BTreeMap<String, Queue>>);

#[derive(Debug, Default)]
struct Queue {
    turn: Arc<tokio::sync::Mutex<()>>,
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    delivery: Delivery,
    done: oneshot::Sender<Result<(), Copy>>,
}

/// An error for each of those that failed together.
#[derive(Debug)]
struct Copy(Class, Code, String, Option<String>);

impl Copy {
    fn of(failed: &ProviderError) -> Self {
        let help = failed.help.clone();
        Self(
            failed.class,
            failed.code.clone(),
            failed.message.clone(),
            help,
        )
    }

    fn error(self) -> ProviderError {
        let mut error = ProviderError::new(self.0, self.1, self.2);
        error.help = self.3;
        error
    }
}

impl Pending {
    fn push(&self, machine: &str, item: Item) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(machine.to_owned()).or_default();
        queue.items.push(item);
        Arc::clone(&queue.turn)
    }

    fn take(&self, machine: &str) -> Vec<Item> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.get_mut(machine);
        queue
            .map(|queue| std::mem::take(&mut queue.items))
            .unwrap_or_default()
    }
}

/// Delivers a secret, together with the others of this machine that come at the same time.
pub(super) async fn deliver(
    fly: &Fly,
    reference: &MachineRef,
    secret: &Delivery,
) -> Result<(), ProviderError> {
    let id = Id::parse(&reference.id)?;
    let (done, result) = oneshot::channel();
    let delivery = Delivery {
        name: secret.name.clone(),
        value: Zeroizing::new(secret.value.to_vec()),
        target: secret.target.clone(),
    };
    let turn = fly.pending.push(&id.object, Item { delivery, done });
    {
        let _turn = turn.lock().await;
        tokio::time::sleep(TOGETHER).await;
        let items = fly.pending.take(&id.object);
        if !items.is_empty() {
            let set = set(fly, &id, reference, &items).await;
            for item in items {
                let told = match &set {
                    Ok(()) => Ok(()),
                    Err(failed) => Err(Copy::of(failed)),
                };
                // Whoever asked may have gone.
                drop(item.done.send(told));
            }
        }
    }
    match result.await {
        Ok(told) => told.map_err(Copy::error),
        Err(_) => Err(error(
            Class::Retryable,
            "fly::interrupted",
            "setting secrets was broken off",
        )),
    }
}

/// Sets secrets in one call and lets the machine start again with them.
async fn set(
    fly: &Fly,
    id: &Id,
    reference: &MachineRef,
    items: &[Item],
) -> Result<(), ProviderError> {
    let mut files = Vec::new();
    for Item { delivery, .. } in items {
        let path = format!("/run/secrets/{}", delivery.name);
        files.push(request::secret::file(&delivery.name, &path, 0o400));
        if let Some(target) = &delivery.target {
            let mode = mode(target)?;
            files.push(request::secret::file(&delivery.name, &target.path, mode));
        }
    }
    let values = items
        .iter()
        .map(|item| (&item.delivery.name, item.delivery.value.as_slice()));
    let done: SecretsSet = fly.call(request::secret::set(&id.app, values)).await?;
    let digest = |name: &Name| {
        let own = request::secret::of(name);
        let shown = done.secrets.iter().find(|shown| shown.name == own);
        shown.and_then(|shown| shown.digest.clone())
    };
    let names = items.iter().map(|item| item.delivery.name.clone());
    let filing = Filing {
        digests: names.map(|name| (name.clone(), digest(&name))).collect(),
        files,
        version: done.version,
    };
    refile(fly, id, reference, filing).await
}

/// What becomes of a machine's secrets.
#[derive(Debug, Default)]
struct Filing {
    /// Those meant, with the digests that Fly.io tells of them; none of those that go.
    digests: BTreeMap<Name, Option<String>>,
    /// The files they appear as.
    files: Vec<Value>,
    /// The version of the app's secrets with which they are there.
    version: Option<i64>,
}

/// Puts files of secrets in place of those that these secrets appeared as.
async fn refile(
    fly: &Fly,
    id: &Id,
    reference: &MachineRef,
    filing: Filing,
) -> Result<(), ProviderError> {
    let wanted = exec::spec(reference)?.power;
    lease::under(fly, id, |nonce| async move {
        let nonce = nonce.as_str();
        let (seen, config) = power::look_whole(fly, id).await?;
        let others = config.get("files").and_then(Value::as_array).cloned();
        let mut all: Vec<Value> = others.unwrap_or_default();
        all.retain(|file| {
            let name = file.get("secret_name").and_then(Value::as_str);
            let mut meant = filing.digests.keys().map(request::secret::of);
            name.is_none_or(|name| !meant.any(|own| own == name))
        });
        all.extend(filing.files);
        let mut config = with_files(&config, all);
        note(&mut config, &filing.digests);
        machine::change(fly, id, &seen, &config, filing.version, wanted, nonce).await
    })
    .await
}

/// Writes on a machine which digests its secrets had when they were delivered.
fn note(config: &mut Value, digests: &BTreeMap<Name, Option<String>>) {
    let metadata = config.get_mut("metadata").and_then(Value::as_object_mut);
    let Some(metadata) = metadata else {
        return;
    };
    for (name, digest) in digests {
        let key = label::secret(name);
        match digest {
            Some(digest) => metadata.insert(key, json!(digest)),
            None => metadata.remove(&key),
        };
    }
}

/// Which secrets of a machine somebody changed or took away since they were delivered.
pub(super) async fn stray(
    fly: &Fly,
    reference: &MachineRef,
    names: &[Name],
) -> Result<BTreeMap<Name, Stray>, ProviderError> {
    let id = Id::parse(&reference.id)?;
    let (listed, machines) = tokio::join!(
        fly.call::<Secrets>(request::secret::list(&id.app)),
        fly.call::<Vec<Machine>>(request::machine::list(&id.app))
    );
    let (Some(listed), Some(machines)) = (optional(listed)?, optional(machines)?) else {
        return Ok(BTreeMap::new());
    };
    let here = machines.iter().find(|machine| machine.id == id.object);
    let Some(here) = here.filter(|machine| machine.config.is_some()) else {
        return Ok(BTreeMap::new());
    };
    // Where two machines have one app, either may have been the last that a secret was set for.
    let known = |name: &Name, digest: &str| {
        let key = label::secret(name);
        let configs = machines
            .iter()
            .filter_map(|machine| machine.config.as_ref());
        let mut digests = configs
            .filter_map(|config| config.metadata.get(&key))
            .peekable();
        // Of one that an earlier version delivered nothing is known.
        digests.peek().is_none() || digests.any(|known| known == digest)
    };
    let mut strays = BTreeMap::new();
    for name in names {
        let own = request::secret::of(name);
        let shown = listed.secrets.iter().find(|shown| shown.name == own);
        let stray = match shown {
            Some(shown) if shows(here, &own) => {
                let digest = shown.digest.as_deref();
                let known = digest.is_none_or(|digest| known(name, digest));
                (!known).then_some(Stray::Changed)
            }
            Some(_) | None => Some(Stray::Gone),
        };
        strays.extend(stray.map(|stray| (name.clone(), stray)));
    }
    Ok(strays)
}

fn mode(target: &FileTarget) -> Result<u32, ProviderError> {
    u32::from_str_radix(&target.mode, 8).map_err(|cause| {
        error(
            Class::Invalid,
            "fly::file-mode",
            format!("`{}` is no file mode", target.mode),
        )
        .help("write it in octal, such as 0600")
        .source(cause)
    })
}

/// Takes a secret back: first from the machine, then from the app, unless another machine there
/// has it too.
pub(super) async fn withdraw(
    fly: &Fly,
    reference: &MachineRef,
    name: &Name,
) -> Result<(), ProviderError> {
    let id = Id::parse(&reference.id)?;
    let looking = optional(fly.call::<Machine>(request::machine::get(&id)).await)?;
    let secret = request::secret::of(name);
    if looking.is_some_and(|machine| shows(&machine, &secret)) {
        let filing = Filing {
            digests: BTreeMap::from([(name.clone(), None)]),
            ..Filing::default()
        };
        refile(fly, &id, reference, filing).await?;
    }
    let listing = fly.call::<Vec<Machine>>(request::machine::list(&id.app));
    let machines = optional(listing.await)?.unwrap_or_default();
    let mut others = machines
        .iter()
        .filter(|other| other.id != id.object && !is_gone(&other.state));
    if others.any(|other| shows(other, &secret)) {
        return Ok(());
    }
    optional(fly.tell(request::secret::unset(&id.app, name)).await).map(|_| ())
}

/// Whether a machine has a secret as a file.
fn shows(machine: &Machine, secret: &str) -> bool {
    let files = machine.config.iter().flat_map(|config| &config.files);
    files
        .filter_map(|file| file.get("secret_name").and_then(Value::as_str))
        .any(|name| name == secret)
}
