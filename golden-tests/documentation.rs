//! What the documentation promises to list.

use std::collections::BTreeSet;

use crate::tree;

/// Every environment variable that is read stands in `docs/cli.md`.
pub(crate) fn variables() -> Vec<String> {
    let docs = tree::below("docs", &["md"]);
    // The page comes with the documentation of the command line; without it there is nothing to
    // hold the table against.
    let Some(page) = docs.iter().find(|file| file.path == "docs/cli.md") else {
        return Vec::new();
    };
    let mut broken: Vec<String> = sindri::cli::VARIABLES
        .iter()
        .filter(|variable| !page.text.contains(&format!("`{}`", variable.name)))
        .map(|variable| {
            format!(
                "docs/cli.md doesn't list `{}`: {}",
                variable.name, variable.meaning
            )
        })
        .collect();
    let listed: BTreeSet<&str> = sindri::cli::VARIABLES.iter().map(|v| v.name).collect();
    for word in page
        .text
        .split(|c: char| !c.is_ascii_uppercase() && c != '_')
    {
        if word.starts_with("SINDRI_") && !listed.contains(word) {
            broken.push(format!("docs/cli.md lists `{word}`, which nothing reads"));
        }
    }
    // What the program reads is in its own table; what it hands to scripts isn't read.
    for file in tree::below("src", &["rs"]) {
        for (line, code) in file.code().filter(|_| !file.is_test()) {
            for read in code.split("(\"SINDRI_").skip(1) {
                let name = format!("SINDRI_{}", read.split('"').next().unwrap_or_default());
                if !listed.contains(name.as_str()) {
                    broken.push(format!(
                        "{}:{line}: `{name}` isn't in the table of variables",
                        file.path
                    ));
                }
            }
        }
    }
    broken
}

/// Codes of diagnostics read `room::kebab-case`.
pub(crate) fn codes() -> Vec<String> {
    let mut broken = Vec::new();
    for file in tree::below("src", &["rs"])
        .iter()
        .filter(|file| !file.is_test())
    {
        for (line, code) in file.code() {
            let mut rest = code;
            while let Some(at) = rest.find("Code::new(\"") {
                rest = &rest[at + "Code::new(\"".len()..];
                let text = &rest[..rest.find('"').unwrap_or(rest.len())];
                let fits = text.split_once("::").is_some_and(|(room, name)| {
                    let kebab = |text: &str| {
                        !text.is_empty()
                            && text
                                .bytes()
                                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                    };
                    kebab(room) && kebab(name)
                });
                if !fits {
                    broken.push(format!(
                        "{}:{line}: `{text}` isn't `room::kebab-case`",
                        file.path
                    ));
                }
            }
        }
    }
    broken
}
