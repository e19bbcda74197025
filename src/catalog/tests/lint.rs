//! The linter: what it refuses, and that all we carry is fit.

use super::fixture::{folder, name};
use crate::catalog::{Catalog, Folders, lint};
use std::sync::Arc;

fn codes(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
    let found = lint(&name("tool"), &folder("tool", manifest, files));
    found.iter().map(|one| one.code.to_string()).collect()
}

const GOOD: &str = "metadata:
  name: tool
  version: 1.0.0
  description: A tool
  category: devops
  license: MIT
  homepage: https://tool.example.com
requirements:
  domains: [tool.example.com]
install:
  method: hybrid
  steps:
    - tool: tool
      script: {path: install.sh}
    - tool: other
      npm: {packages: [other@1.0.0]}
validate:
  commands:
    - name: tool
    - name: other
";

const SCRIPT: &str =
    "set -eu\n# see https://elsewhere.example.org\ncurl -fsS https://tool.example.com/x\n";

#[test]
fn a_manifest_with_everything_is_fit() {
    assert_eq!(codes(GOOD, &[("install.sh", SCRIPT)]), [""; 0]);
}

#[test]
fn what_is_missing_or_moves_is_refused() {
    let bare = GOOD
        .replace("  license: MIT\n", "")
        .replace("  homepage: https://tool.example.com\n", "")
        .replace("domains: [tool.example.com]", "diskSpace: 1");
    assert_eq!(
        codes(&bare, &[("install.sh", SCRIPT)]),
        [
            "catalog::no-license",
            "catalog::no-homepage",
            "catalog::undeclared-host"
        ]
    );
    let download = "metadata:\n  name: tool\n  version: 1.0.0\n  description: A tool\n  \
                    category: devops\n  license: MIT\n  homepage: https://tool.example.com\n\
                    install:\n  method: binary\n  binary:\n    downloads:\n      - name: tool\n        \
                    source: {type: github-release, url: https://github.com/o/tool, asset: tool}\n\
                    validate:\n  commands:\n    - name: tool\n";
    let found = codes(download, &[]);
    for code in ["unpinned", "no-checksum", "undeclared-host"] {
        assert!(
            found.contains(&format!("catalog::{code}")),
            "{code}: {found:?}"
        );
    }
    let without = GOOD.split("validate:").next().unwrap();
    assert!(!codes(without, &[("install.sh", SCRIPT)]).is_empty());
}

#[test]
fn scripts_that_surprise_are_refused() {
    let found = |script| codes(GOOD, &[("install.sh", script)]);
    assert_eq!(found("set -e\0\n"), ["catalog::script-nul"]);
    assert_eq!(found("set -e\r\n"), ["catalog::script-crlf"]);
    assert_eq!(found("true\n"), ["catalog::script-goes-on"]);
    assert_eq!(found("set -e\napt-get install gcc\n"), ["catalog::prompts"]);
    assert_eq!(found("set -e\nnpm i x@latest\n"), ["catalog::unpinned"]);
}

#[test]
fn everything_embedded_is_fit() {
    let catalog = Catalog::new(Arc::new(Folders::default()));
    let mut unfit = String::new();
    for name in catalog.names() {
        let folder = catalog.folder(&name).unwrap().unwrap();
        let found = lint(&name, &folder).into_iter();
        // That one has a successor is for who uses it to know.
        let found = found.filter(|one| one.code.as_str() != "catalog::deprecated");
        unfit += &super::fixture::show(&found.collect::<Vec<_>>());
    }
    assert_eq!(unfit, "");
}
