//! What people see when a manifest is wrong.

use std::sync::Arc;

use super::fixture::{folder, manifest, name, show};
use crate::catalog::{Catalog, Folder, Folders};

fn mistakes_of(folder: Folder) -> String {
    let mut folders = Folders::default();
    folders.extensions.insert(name("tool"), folder);
    match Catalog::new(Arc::new(folders)).manifest(&name("tool")) {
        Ok(found) => show(&found.unwrap().notes),
        Err(diagnostics) => show(&diagnostics),
    }
}

fn mistakes(text: &str) -> String {
    mistakes_of(folder("tool", text, &[("install.sh", "true")]))
}

#[test]
fn every_mistake_is_told_in_one_run() {
    let text = "\
metadata:
  name: tool
  verison: 1.0.0
  description: [a, b]
  category: devop
  dependencies: [Node JS]
  compatibility:
    providers:
      fly: unsuported
requirements:
  memory: 4TB
  diskSpace: -1
install:
  method: npm
  npm:
    pakage: tool
  continueOnError: perhaps
";
    assert_eq!(
        mistakes(text),
        "error[catalog::unknown-field]: there is no field `verison` in `metadata`
  extensions/tool/extension.yaml:3:3 |   verison: 1.0.0
  help: did you mean `version`?
error[catalog::wrong-type]: `description` wants text, not a list
  extensions/tool/extension.yaml:4:3 |   description: [a, b]
error[catalog::wrong-value]: `devop` is not known here
  extensions/tool/extension.yaml:5:13 |   category: devop
  help: did you mean `devops`?
error[catalog::bad-name]: `Node JS` is not a valid name
  extensions/tool/extension.yaml:6:18 |   dependencies: [Node JS]
  help: use lower-case letters, digits and dashes, 63 at most
error[catalog::wrong-value]: `unsuported` is not known here
  extensions/tool/extension.yaml:9:12 |       fly: unsuported
  help: did you mean `unsupported`?
error[catalog::missing-field]: `metadata.version` is missing
  extensions/tool/extension.yaml:1:1 | metadata:
error[catalog::wrong-value]: `4TB` is not a size
  extensions/tool/extension.yaml:11:11 |   memory: 4TB
  help: write a number of MB, or a size such as 2GB
error[catalog::wrong-value]: `-1` is out of range
  extensions/tool/extension.yaml:12:14 |   diskSpace: -1
  help: it lies between 0 and 4294967295
error[catalog::unknown-field]: there is no field `pakage` in `install.npm`
  extensions/tool/extension.yaml:16:5 |     pakage: tool
  help: did you mean `package`?
error[catalog::wrong-type]: `continueOnError` wants true or false, not text
  extensions/tool/extension.yaml:17:20 |   continueOnError: perhaps
error[catalog::no-validation]: nothing tells whether the extension works once it is installed
  extensions/tool/extension.yaml:1:1 | metadata:
  help: add `validate:` with at least one command
"
    );
}

#[test]
fn paths_that_climb_out_and_options_in_disguise_are_refused() {
    let text = "\
metadata: {name: other, version: one, description: d, category: devops}
requirements: {installTimeout: 0}
install:
  method: hybrid
  script: {path: ../../etc/passwd}
  apt: {packages: [--allow-unauthenticated, \"a b\"]}
configure:
  templates: [{source: /etc/shadow, destination: ../x}, {source: instal.sh, destination: ~/x}]
  environment: [{key: \"A=B\", value: v}]
validate: {commands: []}
remove: {paths: [/, ~/.cache/../..]}
";
    let shown: Vec<String> = mistakes(text)
        .lines()
        .filter(|line| line.starts_with("error"))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        shown,
        [
            "error[catalog::name-mismatch]: the manifest of `tool` calls itself `other`",
            "error[catalog::bad-version]: `one` is not a version",
            "error[catalog::wrong-value]: a timeout lies between 1 and 86400 seconds",
            "error[catalog::bad-word]: `--allow-unauthenticated` can't be the name of a package or command",
            "error[catalog::bad-word]: `a b` can't be the name of a package or command",
            "error[catalog::path-escapes]: `../../etc/passwd` leads out of the extension's folder",
            "error[catalog::no-validation]: nothing tells whether the extension works once it is installed",
            "error[catalog::path-escapes]: `/etc/shadow` leads out of the extension's folder",
            "error[catalog::path-escapes]: `../x` is not a path to write or delete",
            "error[catalog::missing-file]: the extension's folder has no file `instal.sh`",
            "error[catalog::bad-word]: `A=B` can't be an environment variable",
            "error[catalog::path-escapes]: deleting `/` would delete what the extension never made",
            "error[catalog::path-escapes]: `~/.cache/../..` is not a path to write or delete",
        ]
    );
}

#[test]
fn scripts_that_a_shell_misreads_are_refused() {
    let text = manifest("tool", "").replace(
        "  method: npm\n  npm:\n    package: tool@1.0.0\n",
        "  method: script\n  script: {path: install.sh}\n",
    );
    let with = |script: &str| mistakes_of(folder("tool", &text, &[("install.sh", script)]));
    assert_eq!(with("echo one\n"), "");
    assert_eq!(
        with("echo one\necho tw\0o\n"),
        "error[catalog::script-nul]: `install.sh` holds a NUL byte, on line 2
  extensions/tool/extension.yaml:8:18 |   script: {path: install.sh}
  help: a script is plain text: save it anew as UTF-8
"
    );
    assert_eq!(
        with("set -e\r\nexit 0\r\n"),
        "error[catalog::script-crlf]: `install.sh` ends line 1 as on Windows, with a carriage return
  extensions/tool/extension.yaml:8:18 |   script: {path: install.sh}
  help: save it with line ends of Unix; in git, `*.sh text eol=lf` in `.gitattributes` keeps them
"
    );
}

#[test]
fn registry_downloads_need_a_checksum() {
    let text = manifest("tool", "").replace(
        "  method: npm\n  npm:\n    package: tool@1.0.0\n",
        "  method: binary\n  binary:\n    downloads:\n      - name: tool\n        source: {type: npm, package: tool, version: 1.0.0}\n      - name: a/b\n        sha256: abc\n        source: {type: pypi, package: tool, version: 1.0.0}\n",
    );
    assert_eq!(
        mistakes(&text),
        "error[catalog::no-checksum]: the download of `tool` has no checksum
  extensions/tool/extension.yaml:10:9 |       - name: tool
  help: add `sha256:` with the output of `sha256sum`
error[catalog::path-escapes]: `a/b` is a path where a name is wanted
  extensions/tool/extension.yaml:12:15 |       - name: a/b
error[catalog::bad-checksum]: `abc` is not a SHA-256 checksum
  extensions/tool/extension.yaml:13:17 |         sha256: abc
  help: write its 64 hexadecimal digits, as `sha256sum` prints them
"
    );
}

#[test]
fn steps_bring_one_thing_each() {
    let text = manifest("tool", "").replace(
        "  method: npm\n  npm:\n    package: tool@1.0.0\n",
        "  method: hybrid\n  steps:\n    - tool: none\n    - tool: both\n      npm: {package: a@1.0.0}\n      pip: {packages: [b]}\n",
    );
    assert_eq!(
        mistakes(&text),
        "error[catalog::contradiction]: the step of `none` does nothing
  extensions/tool/extension.yaml:9:7 |     - tool: none
  help: give each step exactly one of apt, npm, pip, cargo, binary, script, mise, dnf, zypper
error[catalog::contradiction]: the step of `both` does npm and pip at once
  extensions/tool/extension.yaml:10:7 |     - tool: both
  help: give each step exactly one of apt, npm, pip, cargo, binary, script, mise, dnf, zypper
"
    );
}

#[test]
fn a_block_of_another_method_is_not_run_in_silence() {
    let text = manifest("tool", "").replace("  method: npm", "  method: apt");
    assert_eq!(
        mistakes(&text),
        "warning[catalog::unused-block]: the method is `apt`, so `npm` does not run
  extensions/tool/extension.yaml:8:3 |   npm:
  help: write `method: hybrid` to run both
error[catalog::no-steps]: the method is `apt`, but nothing says what to install
  extensions/tool/extension.yaml:7:11 |   method: apt
  help: add an `install.apt` block or `install.steps`
"
    );
}

#[test]
fn texts_that_are_no_manifest_are_refused_quickly() {
    let deep = format!("metadata: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: [*e, *e, *e, *e, *e, *e, *e, *e]\n";
    for (text, code) in [
        ("", "catalog::"),
        ("- a\n- b\n", "catalog::wrong-type"),
        ("metadata: {name: tool, name: tool}\n", "catalog::syntax"),
        ("metadata: [1, 2\n", "catalog::syntax"),
        ("metadata: \"a\0b\"\n", "catalog::not-text"),
        (&deep, "catalog::syntax"),
        (bomb, "catalog::"),
    ] {
        let shown = mistakes(text);
        assert!(shown.starts_with(&format!("error[{code}")), "{shown}");
    }
    let known = manifest("tool", "").replace(
        "  npm:\n    package: tool@1.0.0\n",
        "  hybrid:\n    steps: [a]\n",
    );
    assert!(mistakes(&known).contains("there is no field `hybrid` in `install`"));
    let huge = "#".repeat(300_000);
    assert!(mistakes(&huge).starts_with("error[catalog::too-large]"));
    let mut folder = folder("tool", "", &[]);
    folder.manifest = Arc::from(&b"metadata: \xff"[..]);
    assert!(mistakes_of(folder).starts_with("error[catalog::not-text]"));
}
