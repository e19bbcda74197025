//! The habits of the house: short files, said purposes, names of the field, nothing half done.

use crate::tree::{self, words};

/// The longest a file may be; the newest `docs/architecture.md` says why.
const LONGEST: usize = 600;

/// Words that say nothing about what a thing is.
const EMPTY_WORDS: [&str; 8] = [
    "util", "utils", "helper", "helpers", "manager", "common", "misc", "handler",
];

/// Names that the rule doesn't reach.
const SPARED_NAMES: [&str; 3] = [
    // The options that commands have in common.
    "Common", "common", // Docker's word for a program that holds credentials.
    "helper",
];

/// Tests that run only when asked for, and where it is written down why.
const IGNORED: [&str; 4] = [
    // Measures, and measures nothing where other tests run beside it.
    "src/catalog/tests/bench.rs",
    "src/store/local/tests/speed.rs",
    // Installs from the real registries; `.ci/run` asks for it.
    "src/install/tests/real.rs",
    // The child of a test that kills it; started by that test only.
    "src/store/local/tests/child.rs",
];

pub(crate) fn file_length() -> Vec<String> {
    let long = |file: &tree::Source| file.text.lines().count() > LONGEST;
    tree::rust()
        .iter()
        .filter(|file| long(file))
        .map(|file| {
            let lines = file.text.lines().count();
            format!("{}: {lines} lines, at most {LONGEST}", file.path)
        })
        .collect()
}

pub(crate) fn module_docs() -> Vec<String> {
    tree::rust()
        .iter()
        .filter(|file| !file.path.starts_with("src/") || !file.is_test())
        .filter(|file| !file.text.trim_start().starts_with("//!"))
        .map(|file| {
            format!(
                "{}: doesn't begin by saying what it is for (`//!`)",
                file.path
            )
        })
        .collect()
}

pub(crate) fn names() -> Vec<String> {
    let mut broken = Vec::new();
    for file in tree::rust() {
        let stem = file.path.trim_end_matches(".rs");
        for word in stem.split('/').flat_map(words) {
            if EMPTY_WORDS.contains(&word.as_str()) {
                broken.push(format!("{}: `{word}` in a file's name", file.path));
            }
        }
        for (line, code) in file.code().filter(|_| !file.is_test()) {
            for keyword in ["struct ", "enum ", "trait ", "type ", "mod ", "fn "] {
                let Some(name) = defined(code, keyword) else {
                    continue;
                };
                let empty = words(name)
                    .into_iter()
                    .find(|word| EMPTY_WORDS.contains(&word.as_str()));
                if let Some(word) = empty
                    && !SPARED_NAMES.contains(&name)
                {
                    broken.push(format!(
                        "{}:{line}: `{word}` in the name `{name}`",
                        file.path
                    ));
                }
            }
        }
    }
    broken
}

/// The name that a line defines with a keyword.
fn defined<'a>(code: &'a str, keyword: &str) -> Option<&'a str> {
    let code = code.trim_start();
    let code = ["pub(crate) ", "pub(super) ", "pub ", "async "]
        .iter()
        .fold(code, |code, prefix| {
            code.strip_prefix(prefix).unwrap_or(code)
        });
    let rest = code.strip_prefix(keyword)?;
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    Some(&rest[..end])
}

pub(crate) fn unfinished() -> Vec<String> {
    // Written in halves, so that this list isn't found by itself.
    let marks = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("dbg", "!("),
    ];
    let mut broken = Vec::new();
    for file in tree::rust() {
        for (number, line) in file.text.lines().enumerate() {
            for mark in marks {
                if line.contains(mark) {
                    broken.push(format!("{}:{}: `{mark}` is left", file.path, number + 1));
                }
            }
        }
    }
    broken
}

pub(crate) fn ignored_tests() -> Vec<String> {
    let mark = concat!("#[ig", "nore");
    tree::rust()
        .iter()
        .filter(|file| file.text.contains(mark) && !IGNORED.contains(&file.path.as_str()))
        .map(|file| {
            format!(
                "{}: an ignored test that `habits.rs` doesn't know",
                file.path
            )
        })
        .collect()
}

/// No path of anybody's machine, no host of a package registry.
pub(crate) fn places() -> Vec<String> {
    let marks: Vec<String> = [
        ("/wo", "rk/"),
        ("cra", "tes.io"),
        ("registry.npm", "js.org"),
        ("py", "pi.org"),
        ("files.python", "hosted.org"),
        ("deb.deb", "ian.org"),
        ("archive.ubu", "ntu.com"),
    ]
    .map(|(one, two)| format!("{one}{two}"))
    .into();
    let mut files = tree::rust();
    for folder in [
        "docs",
        "extensions",
        "profiles",
        "examples",
        "state",
        ".ci",
        "golden-tests",
        "benches",
    ] {
        files.extend(
            tree::below(folder, &[])
                .into_iter()
                .filter(|file| !file.path.contains(".rs")),
        );
    }
    files.extend(
        [
            "README.md",
            "CHANGELOG.md",
            "Cargo.toml",
            "deny.toml",
            "sindri.yaml",
        ]
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(tree::root().join(path)).ok()?;
            Some(tree::Source {
                path: path.to_owned(),
                text,
            })
        }),
    );
    let mut broken = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            // `/workspace/…` is where volumes are mounted.
            for mark in marks.iter().filter(|mark| line.contains(mark.as_str())) {
                broken.push(format!("{}:{}: `{mark}`", file.path, number + 1));
            }
        }
    }
    broken
}
