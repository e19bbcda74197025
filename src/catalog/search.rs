//! Finds extensions by words.

use std::cmp::Reverse;
use std::sync::Arc;

use super::manifest::Manifest;

/// The extensions that have all of the words in name, description, tools or category; those that
/// fit best come first, equals by name. Case doesn't matter.
pub fn search(manifests: &[Arc<Manifest>], words: &[String]) -> Vec<Arc<Manifest>> {
    let words: Vec<String> = words
        .iter()
        .flat_map(|typed| typed.split_whitespace())
        .map(str::to_lowercase)
        .collect();
    let mut found: Vec<(u32, &Arc<Manifest>)> = manifests
        .iter()
        .filter_map(|manifest| {
            let each: Option<Vec<u32>> = words.iter().map(|word| fit(manifest, word)).collect();
            Some((each?.iter().sum(), manifest))
        })
        .collect();
    found.sort_by_key(|(fit, manifest)| (Reverse(*fit), manifest.name.clone()));
    found
        .into_iter()
        .map(|(_, manifest)| Arc::clone(manifest))
        .collect()
}

/// How well an extension fits a word; none: not at all.
fn fit(manifest: &Manifest, word: &str) -> Option<u32> {
    let tools = manifest.steps.iter().map(|step| &step.tool);
    let checks = manifest.validate.iter().flat_map(|c| [&c.tool, &c.name]);
    let tools = tools
        .chain(checks)
        .filter_map(|tool| degree(tool, word, [60, 45, 30]))
        .max();
    [
        degree(manifest.name.as_str(), word, [100, 70, 50]),
        tools,
        degree(manifest.category.as_str(), word, [40, 25, 15]),
        degree(&manifest.description, word, [12, 12, 5]),
    ]
    .into_iter()
    .flatten()
    .reduce(|a, b| a + b)
}

/// What it is worth that a text is the word, has it as a word of its own, or contains it.
fn degree(text: &str, word: &str, [same, part, within]: [u32; 3]) -> Option<u32> {
    let text = text.to_lowercase();
    if text == word {
        return Some(same);
    }
    if text
        .split(|c: char| !c.is_alphanumeric())
        .any(|p| p == word)
    {
        return Some(part);
    }
    text.contains(word).then_some(within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Folders};

    fn found(words: &[&str]) -> Vec<String> {
        let catalog = Catalog::new(Arc::new(Folders::default()));
        let all: Vec<Arc<Manifest>> = catalog
            .names()
            .iter()
            .filter_map(|name| catalog.manifest(name).unwrap())
            .collect();
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let found = search(&all, &words);
        found.iter().map(|one| one.name.to_string()).collect()
    }

    #[test]
    fn a_name_comes_before_what_only_mentions_it() {
        assert_eq!(found(&["Docker"])[0], "docker");
        assert_eq!(found(&["ruff"])[0], "ruff");
        // A tool of an extension with another name.
        assert!(found(&["terraform"]).contains(&"infra-tools".to_owned()));
    }

    #[test]
    fn every_word_must_be_there() {
        assert_eq!(found(&["docker", "no-such-word"]), Vec::<String>::new());
        let narrower = found(&["python", "languages"]);
        assert_eq!(narrower[0], "python");
        assert!(narrower.len() < found(&["python"]).len());
        // Several words in one argument are several words.
        assert_eq!(found(&["python languages"]), narrower);
    }
}
