//! This provider's errors.

use std::io;
use std::path::Path;

use crate::diagnostic::Code;
use crate::provider::{Class, ProviderError};
use crate::sys::process::ProcessError;

pub(super) const NAME_TAKEN: Code = Code::new("local::name-taken");
pub(super) const BAD_NAME: Code = Code::new("local::bad-name");
pub(super) const BAD_PATH: Code = Code::new("local::bad-path");
pub(super) const NO_GPU: Code = Code::new("local::no-gpu");
pub(super) const WHOLE_HOST: Code = Code::new("local::whole-host");
pub(super) const NOT_WRITABLE: Code = Code::new("local::not-writable");

/// A call of the file system that failed; `doing` reads like `making a machine`.
pub(super) fn file_system(doing: &str, path: &Path, source: io::Error) -> ProviderError {
    let (class, code) = match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            (Class::Denied, "local::denied")
        }
        io::ErrorKind::NotFound => (Class::NotFound, "local::not-found"),
        io::ErrorKind::AlreadyExists => (Class::Conflict, "local::in-the-way"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (Class::Failed, "local::disk-full")
        }
        _ => (Class::Failed, "local::file-system"),
    };
    let message = format!("failed {doing} at `{}`", path.display());
    ProviderError::new(class, Code::new(code), message).source(source)
}

/// Something of somebody else stands where an object should.
pub(super) fn name_taken(path: &Path) -> ProviderError {
    let message = format!("`{}` is there already and isn't ours", path.display());
    ProviderError::new(Class::Conflict, NAME_TAKEN, message)
        .help("move it away, or choose another name")
}

/// A name that would leave its directory.
pub(super) fn bad_name(name: &str) -> ProviderError {
    let message = format!("`{name}` can't be the name of a directory");
    ProviderError::new(Class::Invalid, BAD_NAME, message).help(
        "use letters, digits, dashes, dots and underscores, starting with a letter or digit, \
         128 at most, not ending in `.json`",
    )
}

/// A path that can't be one in the machine.
pub(super) fn bad_path(path: &str, why: &str) -> ProviderError {
    let message = format!("`{path}` is no path in this machine: {why}");
    ProviderError::new(Class::Invalid, BAD_PATH, message)
}

/// A machine that is the whole host, where nobody's home is known.
pub(super) fn no_home() -> ProviderError {
    let message = "the home of a machine that is the whole host isn't known";
    ProviderError::new(Class::Invalid, WHOLE_HOST, message)
        .help("set HOME to it, as an absolute path")
}

/// The machine isn't there, or isn't ours any more.
pub(super) fn no_machine(path: &Path) -> ProviderError {
    let message = format!("there is no machine of ours at `{}`", path.display());
    ProviderError::new(Class::NotFound, Code::new("local::not-found"), message)
        .help("`sindri plan` shows what would make it again")
}

/// The machine is stopped.
pub(super) fn stopped(machine: &str) -> ProviderError {
    let message = format!("machine `{machine}` is stopped");
    ProviderError::new(Class::Conflict, Code::new("local::stopped"), message)
        .help(format!("start it with `sindri start {machine}`"))
}

/// A kind of resource that a host doesn't have.
pub(super) fn not_held(kind: &str) -> ProviderError {
    let message = format!("the `local` provider holds no {kind}");
    ProviderError::new(Class::Invalid, Code::new("local::not-held"), message)
}

/// A program that couldn't be run.
pub(super) fn process(error: ProcessError) -> ProviderError {
    let message = "failed to run a command in the machine";
    ProviderError::new(Class::Failed, Code::new("local::exec"), message).source(error)
}

/// A call whose thread ended without an answer.
pub(super) fn lost(source: tokio::task::JoinError) -> ProviderError {
    let message = "the call ended without an answer";
    ProviderError::new(Class::Ambiguous, Code::new("local::lost"), message).source(source)
}
