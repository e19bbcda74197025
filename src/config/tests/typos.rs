//! A typo in any key, at any level, is told with the key that was meant.

use include_dir::{Dir, include_dir};

use super::read_text;

static V3: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/config/testdata/v3");

/// Swaps two letters in the middle of a key.
fn mistype(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let at = (1..letters.len() - 1).find(|&at| letters[at] != letters[at + 1]);
    match at {
        Some(at) => letters.swap(at, at + 1),
        None => letters.push('x'),
    }
    letters.into_iter().collect()
}

#[test]
fn every_key_of_every_document_is_missed_when_mistyped() {
    let keys_of_people = [
        "team",
        "tier",
        "pool",
        "workspace", // names that people choose
    ];
    let mut tried = 0;
    for file in V3.files() {
        let text = file.contents_utf8().unwrap();
        for (start, key) in keys(text) {
            if keys_of_people.contains(&key) && text[start..].starts_with(&format!("{key}: {{"))
                || keys_of_people.contains(&key) && key != "team" && key != "tier"
            {
                continue;
            }
            if text[..start].ends_with("metadata: { ") || text[..start].ends_with("core, ") {
                continue;
            }
            let wrong = mistype(key);
            let broken = format!("{}{wrong}{}", &text[..start], &text[start + key.len()..]);
            let (config, findings) = read_text(&broken);
            let name = file.path().display();
            assert!(
                config.is_none(),
                "{name}: `{wrong}` for `{key}` went unnoticed"
            );
            let told = findings.iter().find(|finding| {
                finding.code.as_str() == "config::unknown-field"
                    && finding
                        .summary
                        .ends_with(&format!("has no field `{wrong}`"))
            });
            let told = told.unwrap_or_else(|| panic!("{name}: `{wrong}`: {findings:#?}"));
            let help = told.help.as_deref().unwrap_or_default();
            assert!(
                help.starts_with("did you mean `"),
                "{name}: `{wrong}`: {help}"
            );
            assert!(
                help.contains(key) || key.len() < 4,
                "{name}: `{wrong}`: {help}"
            );
            let place = told.place.as_ref().unwrap();
            assert_eq!(place.line, text[..start].matches('\n').count() + 1);
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} keys were tried");
}

/// The keys of a document of ours with their offsets: a word before `: `, or before a line's end.
fn keys(text: &str) -> Vec<(usize, &str)> {
    let mut keys = Vec::new();
    for (colon, _) in text.match_indices(':') {
        let after = text[colon + 1..].chars().next();
        let before = &text[..colon];
        let start = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(0, |at| at + 1);
        let opens = matches!(text[..start].chars().last(), None | Some(' ' | '\n'));
        if start < colon && opens && matches!(after, Some(' ' | '\n')) {
            keys.push((start, &text[start..colon]));
        }
    }
    keys
}
