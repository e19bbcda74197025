//! Starting and stopping.

use std::path::Path;
use std::time::Duration;

use super::exec::Machine;
use super::{create, error};
use crate::provider::{MachineRef, ProviderError};
use crate::resource::Power;
use crate::sys::process;

/// The variable that marks every process of a machine; its value is the machine's directory.
pub(super) const MARK: &str = "SINDRI_MACHINE";

const GRACE: Duration = Duration::from_secs(5);

/// Ends the processes that were started in a machine, as far as they can be found; blocks.
pub(super) fn end_processes(machine: &Path) {
    process::end_those_with(MARK, &machine.to_string_lossy(), GRACE);
}

/// Starts or stops a machine; blocks.
pub(super) fn set(machine: &MachineRef, power: Power) -> Result<(), ProviderError> {
    let mut machine = Machine::of(machine)?;
    let wanted = create::settled(power);
    if machine.marker.power != Some(wanted) {
        machine.marker.power = Some(wanted);
        machine.marker.rewrite(&machine.place).map_err(|source| {
            error::file_system("recording power", &machine.place.marker(), source)
        })?;
    }
    match wanted {
        Power::Stopped => end_processes(&machine.place.directory),
        Power::Running | Power::Provider => {}
    }
    Ok(())
}
