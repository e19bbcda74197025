//! Secrets in a machine: files on a volume that outlives every restart.

use super::classify::is_missing;
use super::exec::run_body;
use super::files::{checked, failed, put_bytes, script, sleeps};
use super::request::volume::Part;
use super::{Docker, container};
use crate::address::Name;
use crate::diagnostic::Code;
use crate::provider::{Class, Delivery, MachineRef, ProviderError};
use crate::resource::{FileTarget, Power};

fn secret_path(name: &Name) -> String {
    format!("{}/{name}", Part::Secrets.path())
}

/// Delivers a secret to the volume that outlives every restart, and to its own file.
pub(super) async fn deliver(
    docker: &Docker,
    machine: &MachineRef,
    secret: &Delivery,
) -> Result<(), ProviderError> {
    let path = secret_path(&secret.name);
    put_bytes(docker, machine, &path, 0o400, &secret.value).await?;
    if let Some(target) = &secret.target {
        let mode = u32::from_str_radix(&target.mode, 8).map_err(|error| {
            ProviderError::new(
                Class::Invalid,
                Code::new("docker::file-mode"),
                format!("`{}` is no file mode", target.mode),
            )
            .help("write it in octal, such as 0600")
            .source(error)
        })?;
        put_bytes(docker, machine, &target.path, mode, &secret.value).await?;
    }
    Ok(())
}

/// Takes a secret back; a stopped machine is woken for it, since archives only add.
pub(super) async fn withdraw(
    docker: &Docker,
    machine: &MachineRef,
    name: &Name,
    target: Option<&FileTarget>,
) -> Result<(), ProviderError> {
    let own = secret_path(name);
    let mut paths = vec![own.as_str()];
    if let Some(target) = target {
        paths.push(checked(&target.path)?);
    }
    let removing = || {
        let body = script("rm -f -- \"$@\"", false, &paths);
        async { run_body(docker, machine.id.as_str(), body, None, &mut |_, _| {}).await }
    };
    let code = match removing().await {
        Err(error) if sleeps(&error) => {
            container::set_power(docker, machine.id.as_str(), Power::Running).await?;
            let removed = removing().await;
            container::set_power(docker, machine.id.as_str(), Power::Stopped).await?;
            removed?
        }
        Err(error) if is_missing(&error) => 0,
        other => other?,
    };
    if code == 0 {
        Ok(())
    } else {
        Err(failed(
            "docker::withdraw-failed",
            format!("could not remove the secret {name} from `{}`", machine.name),
        ))
    }
}
