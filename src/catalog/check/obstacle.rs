//! What keeps an extension from a machine, and what only a person should know.

use super::{gpu, machine, network, notes, provider, tools};
use crate::address::{Address, Name};
use crate::catalog::ground::Ground;
use crate::catalog::resolve::{Resolution, Resolved};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Why an extension can't be installed in a machine.
#[derive(Clone, Debug)]
pub(in crate::catalog) struct Obstacle {
    /// The extension.
    pub(in crate::catalog) name: Name,
    /// Why, in a sentence without its end.
    pub(in crate::catalog) reason: String,
    /// What to do instead.
    pub(in crate::catalog) instead: Option<String>,
    /// The finding, an error.
    pub(in crate::catalog) diagnostic: Diagnostic,
}

/// One check's result for one extension.
pub(super) struct Finding {
    /// Why, in a sentence without its end.
    pub(super) reason: String,
    /// What to do instead.
    pub(super) instead: Option<String>,
    /// Without chain, place and address.
    pub(super) diagnostic: Diagnostic,
}

/// Everything that keeps extensions of a resolution from a machine.
pub(in crate::catalog) fn obstacles(resolution: &Resolution, ground: &Ground) -> Vec<Obstacle> {
    checked(resolution, ground)
        .filter(|(_, finding)| finding.diagnostic.is_error())
        .map(|(resolved, finding)| Obstacle {
            name: resolved.manifest.name.clone(),
            reason: finding.reason,
            instead: finding.instead,
            diagnostic: told(resolution, resolved, ground, finding.diagnostic),
        })
        .collect()
}

/// What doesn't keep them from it, but matters.
pub(in crate::catalog) fn remarks(resolution: &Resolution, ground: &Ground) -> Diagnostics {
    let mut remarks: Diagnostics = checked(resolution, ground)
        .filter(|(_, finding)| !finding.diagnostic.is_error())
        .map(|(resolved, finding)| told(resolution, resolved, ground, finding.diagnostic))
        .collect();
    for resolved in &resolution.extensions {
        let found = notes::notes(&resolved.manifest, ground).into_iter();
        remarks.extend(found.map(|one| told(resolution, resolved, ground, one)));
    }
    remarks
}

fn checked<'a>(
    resolution: &'a Resolution,
    ground: &'a Ground,
) -> impl Iterator<Item = (&'a Resolved, Finding)> {
    let narrowed = tools::narrowed(resolution);
    resolution.extensions.iter().flat_map(move |resolved| {
        let manifest = &*resolved.manifest;
        let mut found = Vec::new();
        found.extend(provider::provider(resolution, resolved, ground));
        // What the manifest itself says of the provider says it better.
        let refused = found.iter().any(|one| one.diagnostic.is_error());
        if !refused {
            found.extend(machine::needs(manifest, ground));
            found.extend(gpu::gpu(manifest, ground));
        }
        found.extend(tools::tools(&narrowed, resolved));
        found.extend(machine::system(manifest, ground));
        found.extend(network::network(resolved, ground));
        found.into_iter().map(move |finding| (resolved, finding))
    })
}

/// Adds what brings the extension in, where it is asked for, and its address.
fn told(
    resolution: &Resolution,
    resolved: &Resolved,
    ground: &Ground,
    mut diagnostic: Diagnostic,
) -> Diagnostic {
    let name = &resolved.manifest.name;
    if resolved.wanted_by.is_some() {
        let chain: Vec<String> = resolution.chain(name).iter().map(Name::to_string).collect();
        diagnostic = diagnostic.because(format!("`{name}` comes in through {}", chain.join(" → ")));
    }
    diagnostic.place.clone_from(&resolved.place);
    diagnostic.address = ground
        .machine
        .as_ref()
        .map(|machine| Address::Extension(machine.clone(), name.clone()));
    diagnostic
}
