//! How an extension gets into a machine: steps, jobs, retries, the ledger.
#![expect(missing_docs, reason = "tmp")]
use crate::address::{Address, Name};
use crate::catalog::Manifest;
use crate::config::ProviderSettings;
use crate::diagnostic::{Diagnose, Diagnostics};
use crate::provider::*;
use crate::resource::Attributes;
use crate::secret::Redactor;
use crate::state::PartFailure;
use std::sync::Arc;
pub struct Job {
    pub manifest: Arc<Manifest>,
    pub retried: Vec<String>,
}
pub enum InstallEvent {
    Progress(String),
    Output(String),
}
pub struct Installed {
    pub failed: Vec<PartFailure>,
    pub found: bool,
    pub attributes: Attributes,
}
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("x")]
    X,
}
impl Diagnose for InstallError {
    fn diagnose(&self) -> Diagnostics {
        vec![]
    }
}
pub async fn install(
    _p: &dyn Provider,
    _m: &MachineRef,
    _j: &Job,
    _r: &Redactor,
    _e: &(dyn Fn(InstallEvent) + Send + Sync),
) -> Result<Installed, InstallError> {
    Err(InstallError::X)
}
pub async fn remove(
    _p: &dyn Provider,
    _m: &MachineRef,
    _j: &Manifest,
    _r: &Redactor,
) -> Result<(), InstallError> {
    Err(InstallError::X)
}
pub fn check(_m: &[&Manifest], _n: &Name, _s: &ProviderSettings) -> Diagnostics {
    vec![]
}
