//! The files of this repository, as its rules see them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One file.
pub(crate) struct Source {
    /// Its path from the repository's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The room it belongs to: the folder or file below `src/`.
    pub(crate) fn room(&self) -> &str {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let end = inner.find(['/', '.']).unwrap_or(inner.len());
        &inner[..end]
    }

    /// Whether it holds nothing but tests: its module is declared under `#[cfg(test)]`.
    pub(crate) fn is_test(&self) -> bool {
        static TESTS: OnceLock<Vec<String>> = OnceLock::new();
        let tests =
            TESTS.get_or_init(|| below("src", &["rs"]).iter().flat_map(Self::tests).collect());
        self.path.starts_with("golden-tests/")
            || tests.iter().any(|module| {
                let rest = self.path.strip_prefix(module.as_str());
                rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            })
    }

    /// The modules that it declares under `#[cfg(test)]`, as paths without `.rs`.
    fn tests(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let folder = match stem.rsplit_once('/') {
            Some((folder, "mod" | "lib")) => folder,
            _ => stem,
        };
        let beside = stem.rsplit_once('/').map_or("", |(beside, _)| beside);
        let mut found = Vec::new();
        for declared in self.text.split("#[cfg(test)]").skip(1) {
            let Some((declaration, _)) = declared.split_once(';') else {
                continue;
            };
            if let Some((_, path)) = declaration.split_once("#[path = \"") {
                let path = path.split('"').next().unwrap_or_default();
                found.push(format!("{beside}/{}", path.trim_end_matches(".rs")));
            } else if let Some((before, name)) = declaration.split_once("mod ")
                && (before.trim().is_empty() || before.trim().starts_with("pub"))
            {
                found.push(format!("{folder}/{name}"));
            }
        }
        found
    }

    /// Its lines that are code of the program: no comments, nothing after the tests begin.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.find("#[cfg(test)]\nmod ");
        let code = &self.text[..tests.unwrap_or(self.text.len())];
        code.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(number, line)| (number + 1, line))
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the program and of these tests.
pub(crate) fn rust() -> Vec<Source> {
    let mut found = below("src", &["rs"]);
    found.extend(below("golden-tests", &["rs"]));
    found
}

/// Every file below a folder with one of these extensions; all of them where none is named.
pub(crate) fn below(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root().join(folder), folder, extensions, &mut found);
    found.sort_by(|one, two| one.path.cmp(&two.path));
    found
}

fn walk(folder: &Path, shown: &str, extensions: &[&str], found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{shown}/{name}");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), &path, extensions, found);
            continue;
        }
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if !extensions.is_empty() && !extensions.contains(&extension) {
            continue;
        }
        // What isn't text has no lines to hold against a rule.
        if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push(Source { path, text });
        }
    }
}

/// The words of a name: `DocumentError` and `document_error` are `document`, `error`.
pub(crate) fn words(name: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    for c in name.chars() {
        if (c.is_uppercase() || !c.is_alphanumeric()) && !word.is_empty() {
            words.insert(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    words.insert(word);
    words
}
