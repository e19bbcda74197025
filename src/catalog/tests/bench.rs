//! What a large catalog costs: printed, not asserted.
//!
//! `cargo test --release --lib catalog::tests::bench -- --ignored --nocapture`

use std::time::Instant;

use super::fixture::{catalog, manifest, needs, wanted};
use crate::catalog::resolve;

#[test]
#[expect(clippy::print_stdout, reason = "it prints times")]
#[ignore = "prints times; run by hand in a release build"]
fn a_thousand_manifests_of_forty_eight_dependencies() {
    const LAYER: usize = 48;
    let called = |index: usize| format!("extension-{index:04}");
    let mut manifests = Vec::new();
    for index in 0..1_000_usize {
        let layer = index / LAYER;
        let below: Vec<String> = match layer.checked_sub(1) {
            Some(layer) => (layer * LAYER..(layer + 1) * LAYER).map(called).collect(),
            None => Vec::new(),
        };
        let below: Vec<&str> = below.iter().map(String::as_str).collect();
        manifests.push((called(index), manifest(&called(index), &needs(&below))));
    }
    let manifests: Vec<(&str, String)> = manifests
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    let names: Vec<&str> = manifests.iter().map(|(name, _)| *name).collect();
    for round in 0..5 {
        let catalog = catalog(&manifests);
        let started = Instant::now();
        let (resolution, diagnostics) = resolve(&catalog, &wanted(&names));
        let took = started.elapsed();
        assert!(diagnostics.is_empty());
        assert_eq!(resolution.extensions.len(), 1_000);
        let again = Instant::now();
        drop(resolve(&catalog, &wanted(&names)));
        println!(
            "round {round}: {took:?}, again from memory {:?}",
            again.elapsed()
        );
    }
}
