//! Shelves made of text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::address::{Name, NameRule};
use crate::catalog::{Catalog, Folder, Folders, Wanted};
use crate::diagnostic::{Diagnostics, Severity};

pub(super) fn name(text: &str) -> Name {
    Name::parse(NameRule::Extension, text).unwrap()
}

pub(super) fn folder(name: &str, manifest: &str, files: &[(&str, &str)]) -> Folder {
    Folder {
        shown: Arc::from(format!("extensions/{name}")),
        manifest: Arc::from(manifest.as_bytes()),
        files: Arc::new(
            files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), Arc::from(text.as_bytes())))
                .collect::<BTreeMap<_, _>>(),
        ),
    }
}

/// A manifest with these lines under `metadata`.
pub(super) fn manifest(name: &str, metadata: &str) -> String {
    format!(
        "metadata:\n  name: {name}\n  version: 1.0.0\n  description: {name}\n  category: devops\n\
         {metadata}install:\n  method: npm\n  npm:\n    package: {name}@1.0.0\n\
         validate:\n  commands:\n    - name: {name}\n"
    )
}

/// A catalog of manifests by name.
pub(super) fn catalog(manifests: &[(&str, String)]) -> Catalog {
    let extensions = manifests
        .iter()
        .map(|(text, manifest)| (name(text), folder(text, manifest, &[])))
        .collect();
    Catalog::new(Arc::new(Folders {
        extensions,
        profiles: BTreeMap::new(),
    }))
}

pub(super) fn needs(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("  dependencies: [{}]\n", names.join(", "))
}

pub(super) fn wanted(names: &[&str]) -> Vec<Wanted> {
    names
        .iter()
        .map(|text| Wanted::whole(name(text), None))
        .collect()
}

/// Diagnostics as lines to compare.
pub(super) fn show(diagnostics: &Diagnostics) -> String {
    let mut text = String::new();
    for d in diagnostics {
        let word = match d.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "advice",
        };
        writeln!(text, "{word}[{}]: {}", d.code, d.summary).unwrap();
        if let Some(p) = &d.place {
            let source_line = p.source_line.trim_end();
            writeln!(text, "  {}:{}:{} | {source_line}", p.file, p.line, p.column).unwrap();
        }
        for cause in &d.causes {
            writeln!(text, "  because: {cause}").unwrap();
        }
        if let Some(help) = &d.help {
            writeln!(text, "  help: {help}").unwrap();
        }
    }
    text
}
