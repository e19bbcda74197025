//! What the binary carries is right.

use std::sync::Arc;

use super::fixture::show;
use crate::catalog::{Action, Catalog, Folders, Wanted, resolve};

fn embedded() -> Catalog {
    Catalog::new(Arc::new(Folders::default()))
}

#[test]
fn every_manifest_reads_without_a_finding_and_resolves() {
    let catalog = embedded();
    let names = catalog.names();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        let wanted = [Wanted::whole(name.clone(), None)];
        let (resolution, diagnostics) = resolve(&catalog, &wanted);
        let manifest = catalog.manifest(&name).unwrap().unwrap();
        let told = show(&diagnostics);
        match manifest.deprecation {
            Some(_) => assert!(told.starts_with("warning[catalog::deprecated]"), "{told}"),
            None => assert_eq!(told, "", "{name}"),
        }
        assert_eq!(resolution.extensions.last().unwrap().manifest.name, name);
        for step in &resolution.extensions.last().unwrap().manifest.steps {
            assert!(step.action.is_built(), "{name}: {}", step.action.method());
        }
    }
}

#[test]
fn every_profile_reads_and_resolves() {
    let catalog = embedded();
    let names: Vec<String> = catalog
        .profile_names()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        names,
        [
            "anthropic-dev",
            "anthropic-dev-2025",
            "anthropic-dev-fly",
            "anthropic-dev-gpu",
            "devops",
            "enterprise",
            "fullstack",
            "kubernetes",
            "minimal",
            "mobile",
            "systems",
            "terminal",
            "web",
        ]
    );
    for name in catalog.profile_names() {
        let profile = catalog.profile(&name).unwrap();
        let (resolution, diagnostics) = resolve(&catalog, &profile.extensions);
        assert_eq!(show(&diagnostics), "", "{name}");
        assert!(!resolution.extensions.is_empty());
        let place = profile.extensions[0].place.as_ref().unwrap();
        assert_eq!((place.line, place.column), (3, 5));
    }
}

#[test]
fn each_method_of_this_version_has_an_example() {
    let catalog = embedded();
    let mut methods: Vec<&str> = catalog
        .names()
        .iter()
        .flat_map(|name| catalog.manifest(name).unwrap().unwrap().steps.clone())
        .map(|step| step.action.method())
        .collect();
    methods.sort_unstable();
    methods.dedup();
    assert_eq!(
        methods,
        [
            "apt", "binary", "cargo", "dnf", "mise", "npm", "pip", "script", "zypper"
        ]
    );
}

#[test]
fn both_architectures_of_a_tool_make_one_step() {
    let esbuild = super::fixture::name("esbuild");
    let manifest = embedded().manifest(&esbuild).unwrap().unwrap();
    assert_eq!(manifest.steps.len(), 1);
    let Action::Binary { downloads } = &manifest.steps[0].action else {
        panic!("not a binary");
    };
    assert_eq!(downloads.len(), 2);
}
