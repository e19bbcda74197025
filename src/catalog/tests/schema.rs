//! The JSON Schemas under `docs/schema/` are those of the types, and hold what the reader holds.

use std::path::Path;

use serde_json::Value;

use crate::catalog::{extension_schema, profile_schema};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch that rewrites generated files belongs to the tests"
)]
fn up_to_date(file: &str, schema: &Value) {
    let path = root().join("docs/schema").join(file);
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    if std::env::var_os("SINDRI_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        committed, text,
        "docs/schema/{file} is old: SINDRI_BLESS=1 rewrites it"
    );
}

#[test]
fn the_extension_schema_is_up_to_date() {
    up_to_date("extension.schema.json", &extension_schema());
}

#[test]
fn the_profile_schema_is_up_to_date() {
    up_to_date("profile.schema.json", &profile_schema());
}

#[test]
fn every_manifest_and_profile_fits_its_schema() {
    let holds = |schema: &Value, text: &str, of: &str| {
        let document: Value = serde_yaml::from_str(text).unwrap();
        let validator = jsonschema::validator_for(schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{of}: {errors:?}");
    };
    for entry in std::fs::read_dir(root().join("extensions")).unwrap() {
        let path = entry.unwrap().path().join("extension.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        holds(&extension_schema(), &text, &path.display().to_string());
    }
    for entry in std::fs::read_dir(root().join("profiles")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        holds(&profile_schema(), &text, &path.display().to_string());
    }
}

#[test]
fn the_manifest_in_the_documentation_reads() {
    let page = std::fs::read_to_string(root().join("docs/extensions.md")).unwrap();
    let examples: Vec<&str> = page
        .split("```yaml\n# extensions/")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let name = example.split('/').next().unwrap();
        let text = example.split_once('\n').unwrap().1;
        let mut folders = crate::catalog::Folders::default();
        let files = [("install.sh", ""), ("settings.conf", ""), ("remove.sh", "")];
        let folder = super::fixture::folder(name, text, &files);
        folders
            .extensions
            .insert(super::fixture::name(name), folder);
        let catalog = crate::catalog::Catalog::new(std::sync::Arc::new(folders));
        match catalog.manifest(&super::fixture::name(name)) {
            Ok(manifest) => assert_eq!(super::fixture::show(&manifest.unwrap().notes), ""),
            Err(diagnostics) => panic!("{}", super::fixture::show(&diagnostics)),
        }
    }
}
