//! The metadata by which a sandbox is known to be ours; it can't be changed once made.

use std::collections::BTreeMap;

use crate::provider::CreateRequest;
use crate::resource::{E2bSettings, MachineSpec};

/// Whose state a sandbox belongs to.
pub(super) const LINEAGE: &str = "dev.sindri.lineage";
/// The resource it stands for.
pub(super) const ADDRESS: &str = "dev.sindri.address";
/// The operation that made it.
pub(super) const OPERATION: &str = "dev.sindri.operation";
/// How many objects its address has had.
pub(super) const GENERATION: &str = "dev.sindri.generation";
/// The machine's real name; a sandbox has none of its own.
pub(super) const NAME: &str = "dev.sindri.name";
/// The image's reference as written.
pub(super) const IMAGE: &str = "dev.sindri.image";
/// What all of ours begin with.
const OURS: &str = "dev.sindri.";

/// The metadata of the sandbox that a request asks for.
pub(super) fn of(
    request: &CreateRequest,
    machine: &MachineSpec,
    settings: &E2bSettings,
) -> BTreeMap<String, String> {
    let mut labels = settings.metadata.clone();
    let ours = [
        (LINEAGE, request.lineage.to_string()),
        (ADDRESS, request.address.to_string()),
        (OPERATION, request.operation.to_string()),
        (GENERATION, request.generation.to_string()),
        (NAME, machine.name.clone()),
    ];
    labels.extend(ours.map(|(name, value)| (name.to_owned(), value)));
    if let Some(image) = &machine.image {
        labels.insert(IMAGE.to_owned(), image.clone());
    }
    labels
}

/// The labels that a person asked for.
pub(super) fn own(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels
        .iter()
        .filter(|(name, _)| !name.starts_with(OURS))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
