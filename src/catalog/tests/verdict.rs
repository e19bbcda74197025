//! What a whole resolution comes to.

use std::time::Duration;

use super::fixture::{catalog, manifest, name, needs, wanted};
use crate::catalog::{Support, resolve};
use crate::resource::{ProviderKind, Size};

#[test]
fn the_worst_of_a_chain_decides_and_is_named() {
    let below = "  compatibility:\n    providers: {fly: unsupported}\n    reason: no daemon\n    \
                 alternatives: {fly: elsewhere}\n";
    let own =
        needs(&["daemon"]) + "  compatibility:\n    providers: {fly: partial, e2b: partial}\n";
    let catalog = catalog(&[
        ("daemon", manifest("daemon", below)),
        ("client", manifest("client", &own)),
    ]);
    let (resolution, _) = resolve(&catalog, &wanted(&["client"]));
    let verdict = resolution.verdict(ProviderKind::Fly);
    assert_eq!(verdict.support, Support::Unsupported);
    assert_eq!(verdict.chain, [name("client"), name("daemon")]);
    assert_eq!(verdict.reason.as_deref(), Some("no daemon"));
    assert_eq!(verdict.alternative.as_deref(), Some("elsewhere"));
    let verdict = resolution.verdict(ProviderKind::E2b);
    assert_eq!(verdict.support, Support::Partial);
    assert_eq!(verdict.chain, [name("client")]);
    let verdict = resolution.verdict(ProviderKind::Docker);
    assert_eq!(verdict.support, Support::Supported);
    assert!(verdict.chain.is_empty());
}

#[test]
fn totals_count_each_extension_once() {
    let sized = |name: &str, metadata: &str, disk: u32| {
        manifest(name, metadata)
            + &format!("requirements:\n  domains: []\n  diskSpace: {disk}\n  installTime: 30\n")
    };
    let catalog = catalog(&[
        ("base", sized("base", "", 100)),
        ("one", sized("one", &needs(&["base"]), 20)),
        ("two", sized("two", &needs(&["base"]), 3)),
        ("silent", manifest("silent", "")),
    ]);
    let (resolution, _) = resolve(&catalog, &wanted(&["one", "two", "silent"]));
    let totals = resolution.totals();
    assert_eq!(totals.disk, Some(Size::mib(123)));
    assert_eq!(totals.time, Some(Duration::from_secs(90)));
    let (silent, _) = resolve(&catalog, &wanted(&["silent"]));
    assert_eq!((silent.totals().disk, silent.totals().time), (None, None));
}
