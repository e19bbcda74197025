//! Secrets of a project: resolved, fingerprinted, ready to be delivered and to be redacted.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::address::Address;
use crate::desired::Desired;
use crate::diagnostic::Diagnostics;
use crate::digest::{Fingerprint, FingerprintKey};
use crate::resource::Spec;
use crate::secret::{Resolved, Resolver, SecretQuestion};
use crate::sys::{Environment, files};

/// The most bytes read of a file that a secret comes from.
const FILE_MAX: u64 = (1 << 20) + 1;

/// Looks up the value of every secret wanted and fills in its fingerprint.
///
/// Before a project's first apply there is no key to fingerprint with: what has a value is pending.
pub fn resolve(
    desired: &mut Desired,
    environment: &Environment,
    directory: &Path,
    key: Option<&FingerprintKey>,
) -> (BTreeMap<Address, crate::secret::Value>, Diagnostics) {
    let resolved = look_up(desired, environment, directory);
    let fingerprints = resolved
        .values
        .iter()
        .map(|(address, value)| {
            let fingerprint = match key {
                Some(key) => value.fingerprint(key, address.leaf().as_str()),
                None => Fingerprint::pending(),
            };
            (address.clone(), fingerprint)
        })
        .collect();
    desired.with_fingerprints(&fingerprints);
    (resolved.values, resolved.diagnostics)
}

fn look_up(desired: &Desired, environment: &Environment, directory: &Path) -> Resolved {
    let questions: Vec<SecretQuestion<'_>> = desired
        .resources()
        .iter()
        .filter_map(|wanted| match (&wanted.address, &*wanted.spec) {
            (Address::Secret(machine, name), Spec::Secret(spec)) => Some(SecretQuestion {
                machine,
                name,
                spec,
            }),
            _ => None,
        })
        .collect();
    let read = |path: &Path| -> io::Result<Vec<u8>> { files::read_limited(path, FILE_MAX) };
    Resolver::new(environment, directory, &read).resolve(&questions)
}
