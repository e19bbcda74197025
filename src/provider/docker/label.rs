//! The labels by which an object is known to be ours.

use std::collections::HashMap;

use crate::address::Address;
use crate::digest::Digest;
use crate::provider::CreateRequest;
use crate::resource::Spec;
use crate::state::Lineage;

/// Whose state an object belongs to.
pub(super) const LINEAGE: &str = "dev.sindri.lineage";
/// The resource it stands for.
pub(super) const ADDRESS: &str = "dev.sindri.address";
/// The operation that made it.
pub(super) const OPERATION: &str = "dev.sindri.operation";
/// How many objects its address has had.
pub(super) const GENERATION: &str = "dev.sindri.generation";
/// The digest of the specification it was made from.
pub(super) const CONFIG_HASH: &str = "dev.sindri.config-hash";
/// The image's reference as written; the container itself is made from the pinned id.
pub(super) const IMAGE: &str = "dev.sindri.image";
/// What a volume holds that belongs to its machine alone, such as `secrets`.
pub(super) const PART: &str = "dev.sindri.part";

/// The labels of the object a request asks for.
pub(super) fn of(request: &CreateRequest) -> HashMap<String, String> {
    let mut labels = HashMap::from([
        (LINEAGE.to_owned(), request.lineage.to_string()),
        (ADDRESS.to_owned(), request.address.to_string()),
        (OPERATION.to_owned(), request.operation.to_string()),
        (GENERATION.to_owned(), request.generation.to_string()),
        (
            CONFIG_HASH.to_owned(),
            Digest::of(request.spec.as_ref()).to_string(),
        ),
    ]);
    if let Spec::Machine(machine) = request.spec.as_ref()
        && let Some(image) = &machine.image
    {
        labels.insert(IMAGE.to_owned(), image.clone());
    }
    labels
}

/// The labels of a volume that belongs to the requested machine alone.
pub(super) fn of_part(request: &CreateRequest, part: &str) -> HashMap<String, String> {
    let mut labels = of(request);
    labels.remove(IMAGE);
    labels.insert(PART.to_owned(), part.to_owned());
    labels
}

/// The filter that lists a lineage's objects.
pub(super) fn of_lineage(lineage: &Lineage) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([("label", vec![format!("{LINEAGE}={lineage}")])])
}

/// Whom an object says it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// This very operation made it.
    Operation,
    /// Another operation of ours made it for this address.
    Address,
    /// Ours, but for another address.
    Lineage,
    /// It carries another lineage.
    Foreign,
    /// It carries none.
    Unlabelled,
}

/// Reads whom an object belongs to, as a request sees it.
pub(super) fn claim<S: std::hash::BuildHasher>(
    labels: Option<&HashMap<String, String, S>>,
    request: &CreateRequest,
) -> Claim {
    let operation = labels.and_then(|labels| labels.get(OPERATION));
    match claim_of(labels, &request.lineage, &request.address) {
        Claim::Address if operation.is_some_and(|o| o == request.operation.as_str()) => {
            Claim::Operation
        }
        claim => claim,
    }
}

/// Reads whom an object belongs to, whatever operation made it.
pub(super) fn claim_of<S: std::hash::BuildHasher>(
    labels: Option<&HashMap<String, String, S>>,
    lineage: &Lineage,
    address: &Address,
) -> Claim {
    let Some((labels, carried)) = labels.and_then(|l| Some((l, l.get(LINEAGE)?))) else {
        return Claim::Unlabelled;
    };
    if carried != lineage.as_str() {
        Claim::Foreign
    } else if labels
        .get(ADDRESS)
        .is_some_and(|a| *a == address.to_string())
    {
        Claim::Address
    } else {
        Claim::Lineage
    }
}
