//! What of this host machines are made on.

use std::path::{Path, PathBuf};

use super::error;
use crate::provider::ProviderError;
use crate::resource::{MachineSpec, Settings};

/// Where machines and volumes lie, and the home of the person they are made for.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// The directory of all machines and volumes.
    pub(super) root: PathBuf,
    /// The person's own home, where one is known.
    pub(super) home: Option<PathBuf>,
}

impl Ground {
    /// The person's own home, where a machine is the whole host.
    pub(super) fn own_home(&self, spec: &MachineSpec) -> Result<Option<&Path>, ProviderError> {
        if !is_whole_host(spec) {
            return Ok(None);
        }
        match &self.home {
            Some(home) => Ok(Some(home)),
            None => Err(error::no_home()),
        }
    }
}

/// Whether a machine is the host itself, and no directory of it.
pub(super) fn is_whole_host(spec: &MachineSpec) -> bool {
    match &spec.settings {
        Settings::Local(local) => local.whole_host,
        Settings::Docker(_) | Settings::E2b(_) | Settings::Fly(_) => false,
    }
}
