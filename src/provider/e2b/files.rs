//! Files and secrets in a sandbox.

use super::error::fail;
use super::exec::script;
use super::inside::enter;
use super::{E2b, request};
use crate::address::Name;
use crate::provider::{Class, Delivery, File, MachineRef, ProviderError};
use crate::resource::FileTarget;

/// Where secrets lie.
const SECRETS: &str = "/run/secrets";

/// Writes what comes to a hidden file beside the wanted one, and puts it there if all of it came; a
/// directory of secrets is open to nobody else. What a run that was cut off left half written goes
/// first, and with it that run's chance to come after this one.
const PUT: &str = r#"d=${1%/*}; t="$d/.${1##*/}.sindri-$$"
[ -d "$1" ] && { echo "$1 is a directory" >&2; exit 1; }
{ [ -z "$d" ] || mkdir -p "$d"; } || exit 1
[ "$d" != /run/secrets ] || chmod 700 "$d" || exit 1
umask 077
rm -f "$d/.${1##*/}.sindri-"*
head -c "$3" >"$t" && [ "$(wc -c <"$t")" -eq "$3" ] && chmod "$2" "$t" && mv -f "$t" "$1" && exit 0
rm -f "$t"; exit 1"#;

/// The largest file that [`get`] gets.
const LARGEST: usize = 16 << 20;

/// Refuses paths that mean one thing to a shell and another to the daemon.
fn checked(path: &str) -> Result<&str, ProviderError> {
    let plain = path.starts_with('/')
        && path.len() > 1
        && !path.ends_with('/')
        && !path.contains('\0')
        && path.split('/').all(|part| part != ".." && part != ".");
    if plain {
        Ok(path)
    } else {
        Err(fail(
            Class::Invalid,
            "e2b::path",
            format!("`{path}` is no absolute path of a file"),
        ))
    }
}

/// Puts files into a sandbox, each whole or not at all.
pub(super) async fn put(
    e2b: &E2b,
    machine: &MachineRef,
    files: &[File],
) -> Result<(), ProviderError> {
    for file in files {
        put_bytes(e2b, machine, &file.path, file.mode, &file.content).await?;
    }
    Ok(())
}

async fn put_bytes(
    e2b: &E2b,
    machine: &MachineRef,
    path: &str,
    mode: u32,
    content: &[u8],
) -> Result<(), ProviderError> {
    let path = checked(path)?;
    let octal = format!("{:o}", mode & 0o7777);
    let length = content.len().to_string();
    let arguments = [path, octal.as_str(), length.as_str()];
    let (code, why) = script(e2b, machine, PUT, &arguments, Some(content)).await?;
    if code == 0 {
        return Ok(());
    }
    Err(fail(
        Class::Failed,
        "e2b::put-failed",
        format!("could not write `{path}` in `{}`: {why}", machine.name),
    ))
}

/// Gets a file out of a sandbox, woken for it.
pub(super) async fn get(
    e2b: &E2b,
    machine: &MachineRef,
    path: &str,
) -> Result<Vec<u8>, ProviderError> {
    let path = checked(path)?;
    let door = enter(e2b, machine).await?;
    match e2b.knock(&door, &request::read_file(path)).await {
        Ok(answer) if answer.body.len() <= LARGEST => Ok(answer.body),
        Ok(_) => Err(fail(
            Class::Invalid,
            "e2b::file-too-large",
            format!("`{path}` is larger than 16 MiB"),
        )),
        Err(error) if error.class == Class::NotFound => Err(fail(
            Class::NotFound,
            "e2b::file-missing",
            format!("there is no `{path}` in `{}`", machine.name),
        )),
        Err(error) => Err(error),
    }
}

fn secret_path(name: &Name) -> String {
    format!("{SECRETS}/{name}")
}

/// Delivers a secret, and to its own file where it has one.
pub(super) async fn deliver(
    e2b: &E2b,
    machine: &MachineRef,
    secret: &Delivery,
) -> Result<(), ProviderError> {
    let path = secret_path(&secret.name);
    put_bytes(e2b, machine, &path, 0o400, &secret.value).await?;
    let Some(target) = &secret.target else {
        return Ok(());
    };
    let mode = u32::from_str_radix(&target.mode, 8).map_err(|error| {
        fail(
            Class::Invalid,
            "e2b::file-mode",
            format!("`{}` is no file mode", target.mode),
        )
        .help("write it in octal, such as 0600")
        .source(error)
    })?;
    put_bytes(e2b, machine, &target.path, mode, &secret.value).await
}

/// Takes a secret back; a sandbox that is gone took it along.
pub(super) async fn withdraw(
    e2b: &E2b,
    machine: &MachineRef,
    name: &Name,
    target: Option<&FileTarget>,
) -> Result<(), ProviderError> {
    let own = secret_path(name);
    let mut paths = vec![own.as_str()];
    if let Some(target) = target {
        paths.push(checked(&target.path)?);
    }
    match script(e2b, machine, "rm -f -- \"$@\"", &paths, None).await {
        Ok((0, _)) => Ok(()),
        Ok((_, why)) => Err(fail(
            Class::Failed,
            "e2b::withdraw-failed",
            format!(
                "could not remove the secret {name} from `{}`: {why}",
                machine.name
            ),
        )),
        Err(error) if error.class == Class::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
