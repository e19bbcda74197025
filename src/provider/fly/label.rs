//! By what an object is known to be ours: metadata of machines, names of volumes, networks of apps.

use std::collections::BTreeMap;

use crate::address::{Address, Name};
use crate::digest::Digest;
use crate::provider::CreateRequest;
use crate::resource::Spec;
use crate::state::{Lineage, OperationId};

/// Whose state a machine belongs to.
pub(super) const LINEAGE: &str = "sindri_lineage";
/// The resource it stands for.
pub(super) const ADDRESS: &str = "sindri_address";
/// The operation that made it.
pub(super) const OPERATION: &str = "sindri_operation";
/// How many objects its address has had.
pub(super) const GENERATION: &str = "sindri_generation";
/// The digest of the specification it was last made to be.
pub(super) const SPEC: &str = "sindri_spec";
/// The version that this specification came to. Metadata makes no version, so that another one says
/// that somebody changed the machine since.
pub(super) const VERSION: &str = "sindri_version";
/// What its services did with it before it was kept awake to be worked in, one word each.
pub(super) const AWAKE: &str = "sindri_awake";
/// The app's scope, where that isn't the machine's own name: one that stands by has none of its own.
pub(super) const NETWORK: &str = "sindri_network";
/// What `fly deploy` marks the machines with that it looks after.
pub(super) const OF_FLY_DEPLOY: &str = "fly_platform_version";

/// Under what a machine keeps the digest that Fly.io told of a secret when it was delivered: an app
/// has no other place for it, and whoever may read it may read the digest itself.
pub(super) fn secret(name: &Name) -> String {
    format!("sindri_secret_{name}")
}

/// The metadata of the machine a request asks for.
pub(super) fn of(request: &CreateRequest) -> BTreeMap<&'static str, String> {
    let mut labels = BTreeMap::from([
        (LINEAGE, request.lineage.to_string()),
        (ADDRESS, request.address.to_string()),
        (OPERATION, request.operation.to_string()),
        (GENERATION, request.generation.to_string()),
        (SPEC, digest(request.spec.as_ref())),
    ]);
    if let Spec::Machine(spec) = request.spec.as_ref()
        && spec.stands_by(request.address.leaf())
    {
        labels.extend(spec.network.iter().map(|app| (NETWORK, app.to_string())));
    }
    labels
}

/// The digest of a specification.
pub(super) fn digest(spec: &Spec) -> String {
    Digest::of(spec).to_string()
}

/// The private network of a lineage's apps: an app has no metadata, but it shows its network.
pub(super) fn network(lineage: &Lineage) -> String {
    format!(
        "sindri-{}",
        &lineage.as_str()[..20.min(lineage.as_str().len())]
    )
}

/// The name of the volume a request asks for: whose it is, what for, and which operation made it.
///
/// A volume has nothing else to carry that, and its name may have 30 characters.
pub(super) fn volume_name(request: &CreateRequest) -> String {
    format!(
        "{}_{}",
        volume_prefix(&request.lineage, &request.address),
        request.operation
    )
}

/// How the names of an address's volumes begin.
pub(super) fn volume_prefix(lineage: &Lineage, address: &Address) -> String {
    let whose = format!("{lineage} {address}");
    let digest = Digest::of_bytes(whose.as_bytes());
    let digest = digest.as_str().trim_start_matches("sha256:");
    let word: String = address
        .leaf()
        .as_str()
        .chars()
        .map(|c| if c == '-' { '_' } else { c })
        .take(4)
        .collect();
    format!("{word}_{}", &digest[..8])
}

/// The operation that a volume's name tells.
pub(super) fn volume_operation(name: &str) -> Option<OperationId> {
    let (_, operation) = name.rsplit_once('_')?;
    let fits = operation.len() == 16 && operation.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| OperationId::from_label(operation))
}
