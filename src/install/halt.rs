//! Ends what an installation runs in its machine, where a person wants everything to stop at once.

use std::time::Duration;

use super::bundle::Place;
use super::error::InstallError;
use super::quote::{add, quote};
use crate::address::Name;
use crate::provider::{Command, MachineRef, Provider};

const HALT: &str = include_str!("shell/halt.sh");

/// How long it may take to end everything; a person is waiting.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// Ends the job of an extension, with all it started; a job that doesn't run is left as it is.
///
/// Nothing of what is done is lost: the next installation resumes at the first unfinished step.
pub async fn halt(
    provider: &dyn Provider,
    machine: &MachineRef,
    extension: &Name,
) -> Result<(), InstallError> {
    let mut script = Place::of(machine).header();
    add(
        &mut script,
        &format!("extension={}\n{HALT}", quote(extension.as_str())),
    );
    let command = Command {
        argv: ["sh", "-c", &script].map(str::to_owned).to_vec(),
        timeout: Some(PATIENCE),
        ..Command::default()
    };
    let ended = provider.exec(machine, &command, &mut |_, _| {}).await;
    ended.map(|_| ()).map_err(|source| InstallError::Machine {
        machine: machine.name.to_string(),
        source: Box::new(source),
    })
}
