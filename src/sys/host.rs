//! Who runs this process, and where.

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
