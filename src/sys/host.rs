//! Who runs this process, and where.

use std::io;
use std::path::PathBuf;

use super::Environment;

/// The host's name, as the system gives it.
pub fn host_name() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

/// The user's name, or the number where the environment tells none.
pub fn user_name(environment: &Environment) -> String {
    environment
        .get("USER")
        .or_else(|| environment.get("LOGNAME"))
        .map_or_else(
            || format!("uid {}", rustix::process::getuid().as_raw()),
            str::to_owned,
        )
}

/// The file of the program that runs.
pub fn program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Keeps the memory of this process to itself: no image of it is written when it crashes, and other
/// processes of the same user can't look into it.
///
/// What it starts isn't concerned. Where the system refuses, nothing is lost but this.
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    let _refused =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
