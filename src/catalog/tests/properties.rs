//! What holds for any catalog and any bytes.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::fixture::{catalog, folder, manifest, name, needs, wanted};
use crate::catalog::{Catalog, Folders, resolve};

/// Which lower-numbered extensions each extension needs.
fn graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (2_usize..40).prop_flat_map(|count| {
        let below = (0..count).map(|index| {
            prop::collection::vec(0..index.max(1), 0..5)
                .prop_map(move |needs| if index == 0 { Vec::new() } else { needs })
        });
        below.collect::<Vec<_>>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_needed_stands_before(graph in graph(), picks in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let called = |index: usize| format!("e{index}");
        let manifests: Vec<(String, String)> = graph
            .iter()
            .enumerate()
            .map(|(index, below)| {
                let below: Vec<String> = below.iter().map(|index| called(*index)).collect();
                let below: Vec<&str> = below.iter().map(String::as_str).collect();
                (called(index), manifest(&called(index), &needs(&below)))
            })
            .collect();
        let manifests: Vec<(&str, String)> =
            manifests.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        let catalog = catalog(&manifests);
        let picked: Vec<String> = picks.iter().map(|pick| called(pick.index(graph.len()))).collect();
        let picked: Vec<&str> = picked.iter().map(String::as_str).collect();
        let (resolution, diagnostics) = resolve(&catalog, &wanted(&picked));
        prop_assert!(diagnostics.is_empty());
        let mut before = HashSet::new();
        for resolved in &resolution.extensions {
            for need in &resolved.requires {
                prop_assert!(before.contains(need));
            }
            prop_assert!(before.insert(resolved.manifest.name.clone()));
            let chain = resolution.chain(&resolved.manifest.name);
            prop_assert!(picked.contains(&chain[0].as_str()));
        }
        for pick in &picked {
            prop_assert!(before.contains(&name(pick)));
        }
        prop_assert_eq!(&resolution, &resolve(&catalog, &wanted(&picked)).0);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn no_damaged_manifest_makes_the_reader_panic(at in any::<prop::sample::Index>(), cut in 0_usize..30, insert in "[\\[\\]{}:&*!|>'\"%@`#,?\\- \na-z0-9\u{e9}]{0,12}") {
        let mut text: Vec<char> = include_str!("v3.yaml").chars().collect();
        let start = at.index(text.len());
        let end = (start + cut).min(text.len());
        text.splice(start..end, insert.chars());
        read(text.iter().collect::<String>().as_bytes());
    }
}

/// Reads bytes as a manifest; a refusal must say something, and place what it can.
fn read(bytes: &[u8]) {
    let mut folders = Folders::default();
    let mut tool = folder("tool", "", &[]);
    tool.manifest = Arc::from(bytes);
    folders.extensions.insert(name("tool"), tool);
    let catalog = Catalog::new(Arc::new(folders));
    if let Err(diagnostics) = catalog.manifest(&name("tool")) {
        assert!(!diagnostics.is_empty());
    }
}
