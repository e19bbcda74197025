//! Files and secrets in a machine.

use std::path::{Path, PathBuf};

use super::exec::Machine;
use super::{error, path};
use crate::address::Name;
use crate::diagnostic::Code;
use crate::provider::{Class, Delivery, File, MachineRef, ProviderError};
use crate::resource::FileTarget;
use crate::sys::files;

/// The largest file that is got out of a machine.
const MOST: u64 = 16 << 20;

pub(super) fn put(machine: &MachineRef, content: &[File]) -> Result<(), ProviderError> {
    let mut machine = Machine::of(machine)?;
    machine.furnish()?;
    for file in content {
        let at = place_of(&machine, &file.path)?;
        let write = || {
            if let Some(parent) = at.parent() {
                files::create_private_dir_all(parent)?;
            }
            files::write_atomic(&at, &file.content, file.mode, false)
        };
        write().map_err(|source| error::file_system("writing", &at, source))?;
    }
    Ok(())
}

pub(super) fn get(machine: &MachineRef, path: &str) -> Result<Vec<u8>, ProviderError> {
    let machine = Machine::of(machine)?;
    let at = path::followed(&machine.place.directory, &machine.marker, path)?;
    files::read_limited(&at, MOST).map_err(|source| error::file_system("reading", &at, source))
}

pub(super) fn deliver(machine: &MachineRef, secret: &Delivery) -> Result<(), ProviderError> {
    let mut machine = Machine::of(machine)?;
    machine.furnish()?;
    if let Some(target) = &secret.target {
        if machine.has_in_own_home(&target.path)? {
            let why = "the home of a machine that is the whole host is your own";
            return Err(error::bad_path(&target.path, why).help(
                "leave `mountPath` out: the secret is a file in the machine, and a variable",
            ));
        }
        let at = place_of(&machine, &target.path)?;
        write_secret(&at, &secret.value, mode(target)?)?;
    }
    write_secret(&delivered(&machine, &secret.name), &secret.value, 0o400)
}

pub(super) fn withdraw(
    machine: &MachineRef,
    name: &Name,
    target: Option<&FileTarget>,
) -> Result<(), ProviderError> {
    let machine = match Machine::of(machine) {
        Ok(machine) => machine,
        // A machine that is gone took its secrets along.
        Err(error) if error.class == Class::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let remove = |at: &Path| {
        files::remove_file(&unfinished(at))
            .and_then(|()| files::remove_file(at))
            .map_err(|source| error::file_system("taking a secret back", at, source))
    };
    // Nothing was put into a home of one's own, whatever stands there.
    if let Some(target) = target
        && !machine.has_in_own_home(&target.path)?
    {
        remove(&place_of(&machine, &target.path)?)?;
    }
    remove(&delivered(&machine, name))
}

fn delivered(machine: &Machine, name: &Name) -> PathBuf {
    machine
        .place
        .directory
        .join("run/secrets")
        .join(name.as_str())
}

/// A secret's file while it is being written; a fixed name, so that no copy stays behind.
fn unfinished(at: &Path) -> PathBuf {
    let name = at.file_name().unwrap_or_default().to_string_lossy();
    at.with_file_name(format!(".{name}.new"))
}

fn write_secret(at: &Path, value: &[u8], mode: u32) -> Result<(), ProviderError> {
    let write = || {
        if let Some(parent) = at.parent() {
            files::create_private_dir_all(parent)?;
        }
        files::write_by_way_of(&unfinished(at), at, value, mode)
    };
    write().map_err(|source| error::file_system("delivering a secret", at, source))
}

/// Where a file is to be written; the machine's own are out of reach.
fn place_of(machine: &Machine, path: &str) -> Result<PathBuf, ProviderError> {
    let at = path::file(&machine.place.directory, &machine.marker, path)?;
    if files::resolve(&machine.place.marker()).is_ok_and(|(marker, _)| at == marker) {
        return Err(error::bad_path(
            path,
            "the machine keeps its own files there",
        ));
    }
    Ok(at)
}

fn mode(target: &FileTarget) -> Result<u32, ProviderError> {
    u32::from_str_radix(&target.mode, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| {
            let message = format!("`{}` are no permissions of a file", target.mode);
            ProviderError::new(Class::Invalid, Code::new("local::bad-mode"), message)
                .help("write them as in `0600`")
        })
}
