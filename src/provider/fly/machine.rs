//! Machines: made in several calls, each of which may be the last before a crash.

use std::time::Duration;

use serde_json::{Value, json};

use super::classify::{error, optional};
use super::id::Id;
use super::request::config::{self, Mounted};
use super::wire::Machine;
use super::{Fly, app, exec, label, lease, observe, power, request, volume};
use crate::address::Address;
use crate::diagnostic::Code;
use crate::provider::{
    Class, CreateRequest, DeleteRequest, Made, Progress, ProviderError, UpdateRequest,
};
use crate::resource::{Attributes, FlySettings, MachineSpec, Power, Settings};
use crate::state::Object;

/// How often a machine is looked for that may have been made, and how long between two looks.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// The settings of a machine on Fly.io.
pub(super) fn settings(machine: &MachineSpec) -> Result<&FlySettings, ProviderError> {
    match &machine.settings {
        Settings::Fly(settings) => Ok(settings),
        Settings::Local(_) | Settings::Docker(_) | Settings::E2b(_) => Err(ProviderError::new(
            Class::Invalid,
            Code::new("fly::foreign-settings"),
            format!(
                "the machine `{}` has settings of another provider",
                machine.name
            ),
        )),
    }
}

/// The volume that a machine mounts.
fn mounted<'a>(
    wanted: &'a CreateRequest,
    machine: &MachineSpec,
) -> Result<Option<(Id, String, &'a Object)>, ProviderError> {
    let Some(mount) = machine.mounts.first() else {
        return Ok(None);
    };
    let object = wanted
        .dependencies
        .iter()
        .find_map(|(address, object)| match address {
            Address::Volume(_, name) if *name == mount.volume => Some(object),
            _ => None,
        })
        .ok_or_else(|| {
            error(
                Class::Invalid,
                "fly::no-volume",
                format!("the volume `{}` isn't made yet", mount.volume),
            )
        })?;
    Ok(Some((Id::parse(&object.id)?, inside(&mount.path), object)))
}

/// A path inside; a machine's home is root's.
fn inside(path: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) => format!("/root{rest}"),
        None => path.to_owned(),
    }
}

/// Makes the machine and, if it shall run, waits until it takes commands.
pub(super) async fn create(
    fly: &Fly,
    wanted: &CreateRequest,
    machine: &MachineSpec,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Made, ProviderError> {
    let say = |text: &str| {
        progress(Progress {
            text: text.to_owned(),
            share: None,
        });
    };
    let own = volume::app_of(wanted)?;
    let seen = if let Some(standing) = standing(fly, wanted, own).await? {
        standing
    } else {
        say("creating the machine");
        let organization = settings(machine)?.organization.as_ref();
        let organization = fly.organization(organization).await?;
        app::address(fly, own, &organization).await?;
        make(fly, wanted, machine, own).await?
    };
    let id = Id::new(own, &seen.id);
    if machine.power != Power::Stopped {
        say("starting");
        let up = async {
            if ["stopped", "suspended", "created"].contains(&seen.state.as_str()) {
                power::wake(fly, &id).await?;
            } else {
                power::reach(fly, &id, "started", None).await?;
            }
            exec::probe(fly, &id, machine.power).await
        };
        if let Err(failed) = up.await {
            return Err(clean_up(fly, &id, failed).await);
        }
    }
    mark(fly, &id, &seen.instance_id, None).await?;
    Ok(made(&id, &seen))
}

fn made(id: &Id, seen: &Machine) -> Made {
    let mut attributes = Attributes::default();
    attributes.set("region", seen.region.as_str());
    if let Some(address) = &seen.private_ip {
        attributes.set("privateIp", address.as_str());
    }
    if let Some(digest) = seen.image_digest() {
        attributes.set("imageDigest", digest);
    }
    Made {
        id: id.recorded(),
        attributes,
        incarnation: Some(id.object.clone()),
    }
}

/// Writes on a machine which of its versions is the one that was asked for.
pub(super) async fn mark(
    fly: &Fly,
    id: &Id,
    version: &str,
    nonce: Option<&str>,
) -> Result<(), ProviderError> {
    let values = json!({ label::VERSION: version });
    let call = request::machine::metadata(id, &values).under(nonce);
    fly.tell(call).await
}

/// The machine this operation made already.
async fn standing(
    fly: &Fly,
    wanted: &CreateRequest,
    app: &str,
) -> Result<Option<Machine>, ProviderError> {
    let machines: Vec<Machine> = fly.call(request::machine::list(app)).await?;
    let ours = label::of(wanted);
    let keys = [label::LINEAGE, label::ADDRESS, label::OPERATION];
    Ok(machines.into_iter().find(|machine| {
        !super::listing::is_gone(&machine.state)
            && machine.config.as_ref().is_some_and(|config| {
                keys.iter()
                    .all(|key| config.metadata.get(*key) == ours.get(key))
            })
    }))
}

async fn make(
    fly: &Fly,
    wanted: &CreateRequest,
    machine: &MachineSpec,
    app: &str,
) -> Result<Machine, ProviderError> {
    let settings = settings(machine)?;
    let volume = mounted(wanted, machine)?;
    // A volume is bound to where it lies.
    let region = volume
        .as_ref()
        .and_then(|(_, _, object)| object.attributes.get("region"))
        .and_then(Value::as_str)
        .unwrap_or(&settings.region);
    let mounted = volume.as_ref().map(|(id, path, _)| Mounted {
        volume: &id.object,
        path,
    });
    let config = config::whole(wanted, machine, settings, mounted.as_ref(), &[]);
    let sleeps = machine.power == Power::Stopped;
    let call = request::machine::create(app, &machine.name, region, &config, sleeps);
    let failed = match fly.call::<Machine>(call).await {
        Ok(made) => return Ok(made),
        Err(failed) => failed,
    };
    if failed.class != Class::Ambiguous {
        return Err(failed);
    }
    // It may stand all the same, and show only after a while: it carries the operation.
    for _ in 0..LOOKS {
        if let Some(standing) = standing(fly, wanted, app).await? {
            return Ok(standing);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(failed)
}

/// Removes what didn't come up, so that the next apply starts afresh.
async fn clean_up(fly: &Fly, id: &Id, failed: ProviderError) -> ProviderError {
    if !matches!(failed.class, Class::Failed | Class::NotFound) {
        return failed;
    }
    match optional(fly.tell(request::machine::delete(id)).await) {
        Ok(_) => failed,
        Err(left) => {
            let help = format!(
                "the machine `{}` could not be removed again ({left}): `fly machine destroy --force {} -a {}`",
                id.object, id.object, id.app
            );
            failed.help(help)
        }
    }
}

/// Changes the machine in place: its whole configuration, under its lease.
pub(super) async fn update(
    fly: &Fly,
    request: &UpdateRequest,
    machine: &MachineSpec,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Made, ProviderError> {
    let id = Id::parse(&request.current.id)?;
    let settings = settings(machine)?;
    let changes = request.paths.iter().any(|path| path != "power");
    if changes {
        progress(Progress {
            text: "changing the machine".to_owned(),
            share: None,
        });
        lease::under(fly, &id, |nonce| async move {
            let nonce = nonce.as_str();
            let seen = power::look(fly, &id_of(request)?).await?;
            let now = seen.config.clone().unwrap_or_default();
            let volume = mounted(&request.wanted, machine)?;
            let mounted = volume.as_ref().map(|(id, path, _)| Mounted {
                volume: &id.object,
                path,
            });
            let mut config = config::whole(
                &request.wanted,
                machine,
                settings,
                mounted.as_ref(),
                &now.files,
            );
            keep_metadata(&mut config, &now.metadata);
            change(
                fly,
                &id_of(request)?,
                &seen,
                &config,
                None,
                machine.power,
                nonce,
            )
            .await
        })
        .await?;
    }
    match machine.power {
        Power::Running => power::wake(fly, &id).await?,
        Power::Stopped if request.paths.iter().any(|path| path == "power") => {
            let reference = crate::provider::MachineRef {
                name: request.wanted.address.leaf().clone(),
                id: request.current.id.clone(),
                spec: request.wanted.spec.clone(),
            };
            power::set(fly, &reference, Power::Stopped).await?;
        }
        Power::Stopped | Power::Provider => {}
    }
    Ok(made(&id, &power::look(fly, &id).await?))
}

fn id_of(request: &UpdateRequest) -> Result<Id, ProviderError> {
    Id::parse(&request.current.id)
}

/// Keeps what others wrote on a machine, and which operation made it.
fn keep_metadata(config: &mut Value, now: &std::collections::BTreeMap<String, String>) {
    let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    for (key, value) in now {
        let ours = [label::LINEAGE, label::ADDRESS, label::SPEC].contains(&key.as_str());
        let passing = [label::VERSION, label::AWAKE].contains(&key.as_str());
        if !ours && !passing {
            metadata.insert(key.clone(), json!(value));
        }
    }
}

/// Sends a machine's whole configuration and waits until it runs again, if it ran.
pub(super) async fn change(
    fly: &Fly,
    id: &Id,
    seen: &Machine,
    config: &Value,
    secrets: Option<i64>,
    wanted: Power,
    nonce: &str,
) -> Result<(), ProviderError> {
    // What sleeps goes on sleeping, unless it is to run.
    let sleeps = wanted != Power::Running && seen.state != "started" && seen.state != "starting";
    let mut config = config.clone();
    config::hold_image(&mut config, seen.image_digest());
    let call = request::machine::update(id, &config, &seen.instance_id, secrets, sleeps);
    let changed = match fly.call::<Machine>(call.under(Some(nonce))).await {
        Ok(changed) => changed,
        Err(failed) if failed.class == Class::Conflict => {
            return Err(lease::held(fly, id, failed).await);
        }
        // Another version stands: that it is the one that was asked for, its marks say.
        Err(failed) if failed.class == Class::Ambiguous => {
            let now = power::look(fly, id).await?;
            if now.instance_id == seen.instance_id {
                return Err(super::classify::settled(failed));
            }
            now
        }
        Err(failed) => return Err(failed),
    };
    if !sleeps {
        power::reach(fly, id, "started", Some(&changed.instance_id)).await?;
        exec::probe(fly, id, wanted).await?;
    }
    mark(fly, id, &changed.instance_id, Some(nonce)).await
}

/// Deletes the machine; one that is gone already is a success.
pub(super) async fn delete(fly: &Fly, unwanted: &DeleteRequest) -> Result<(), ProviderError> {
    let id = Id::parse(&unwanted.current.id)?;
    let Some(seen) = observe::machine(fly, &id).await? else {
        return Ok(());
    };
    let metadata = seen.config.map(|config| config.metadata);
    let carried = metadata.and_then(|metadata| metadata.get(label::LINEAGE).cloned());
    if carried.is_some_and(|carried| carried != unwanted.lineage.as_str()) {
        return Err(error(
            Class::Conflict,
            "fly::not-ours",
            format!(
                "the machine `{}` belongs to another Sindri project and is left alone",
                id.object
            ),
        ));
    }
    lease::under(fly, &id, |nonce| async move {
        let id = Id::parse(&unwanted.current.id)?;
        let call = request::machine::delete(&id).under(Some(&nonce));
        optional(fly.tell(call).await).map(|_| ())
    })
    .await?;
    // A volume can be deleted only once it isn't mounted any more.
    let waiting = fly.tell(request::machine::wait(&id, &["destroyed"], None));
    match waiting.await {
        Ok(()) => Ok(()),
        Err(failed) if matches!(failed.class, Class::NotFound | Class::Retryable) => Ok(()),
        Err(failed) => Err(failed),
    }
}
