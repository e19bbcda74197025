//! Files and secrets in a machine.

use std::path::Path;

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
        write(&machine, &file.path, &file.content, file.mode)?;
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
        write(&machine, &target.path, &secret.value, mode(target)?)?;
    }
    let at = machine.place.directory.join("run/secrets").join(secret.name.as_str());
    files::write_atomic(&at, &secret.value, 0o400, false)
        .map_err(|source| error::file_system("delivering a secret", &at, source))
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
        files::remove_file(at)
            .map_err(|source| error::file_system("taking a secret back", at, source))
    };
    if let Some(target) = target {
        let at = path::file(&machine.place.directory, &machine.marker, &target.path)?;
        remove(&at)?;
    }
    remove(&machine.place.directory.join("run/secrets").join(name.as_str()))
}

fn write(machine: &Machine, path: &str, bytes: &[u8], mode: u32) -> Result<(), ProviderError> {
    let at = path::file(&machine.place.directory, &machine.marker, path)?;
    if at == machine.place.marker {
        return Err(error::bad_path(path, "the machine keeps its own files there"));
    }
    let write = || {
        if let Some(parent) = at.parent() {
            files::create_private_dir_all(parent)?;
        }
        files::write_atomic(&at, bytes, mode, false)
    };
    write().map_err(|source| error::file_system("writing", &at, source))
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
