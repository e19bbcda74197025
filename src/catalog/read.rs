//! Reads manifests and profiles: typed and quick where they are right, with spans where not.

use std::sync::{Arc, LazyLock};

use ring::digest;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::conform::conform;
use super::finding::Finding;
use super::lower::lower;
use super::manifest::Manifest;
use super::node::{Node, locate, place_at};
use super::quick;
use super::resolve::Wanted;
use super::shelf::{Folder, ProfileFile};
use super::text::{ExtensionText, ProfileText};
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place, Source};
use crate::digest::Digest;

/// The file that makes a folder an extension.
pub const MANIFEST_FILE: &str = "extension.yaml";
/// The largest manifest or profile, in bytes.
const TEXT_MAX: usize = 256 * 1024;
/// The most files of a folder, and their size in bytes altogether.
const FILES_MAX: (usize, usize) = (1_000, 16 * 1024 * 1024);

static EXTENSION_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| schemars::schema_for!(ExtensionText).to_value());
static PROFILE_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| schemars::schema_for!(ProfileText).to_value());

/// The JSON Schema of `extension.yaml`.
pub fn extension_schema() -> Value {
    titled(&EXTENSION_SCHEMA, "Sindri extension")
}

/// The JSON Schema of a profile.
pub fn profile_schema() -> Value {
    titled(&PROFILE_SCHEMA, "Sindri profile")
}

fn titled(schema: &Value, title: &str) -> Value {
    let mut schema = schema.clone();
    schema["title"] = Value::from(title);
    schema
}

/// Reads the manifest of an extension.
pub(super) fn manifest(name: &Name, folder: Folder) -> Result<Manifest, Diagnostics> {
    let shown = format!("{}/{MANIFEST_FILE}", folder.shown);
    files_fit(&folder)?;
    let bytes = Arc::clone(&folder.manifest);
    let text = text_of(&shown, &bytes)?;
    let parsed: ExtensionText = parse(&shown, text, &EXTENSION_SCHEMA)?;
    let content = content(&folder);
    let (mut manifest, findings) = lower(name, parsed, folder, content);
    if findings.is_empty() {
        return Ok(manifest);
    }
    let diagnostics = placed(&Source::new(&shown, text), &findings);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    manifest.notes = diagnostics;
    Ok(manifest)
}

/// Reads a profile: what it is for, and the extensions it asks for, each with its place.
pub(super) fn profile(file: &ProfileFile) -> Result<(String, Vec<Wanted>), Diagnostics> {
    let text = text_of(&file.shown, &file.text)?;
    let parsed: ProfileText = parse(&file.shown, text, &PROFILE_SCHEMA)?;
    let source = Source::new(&file.shown, text);
    let root = tree(text).ok();
    let wanted = parsed
        .extensions
        .into_iter()
        .enumerate()
        .map(|(index, name)| {
            let place = root
                .as_ref()
                .map(|root| locate(&source, root, &format!("extensions/{index}"), false));
            Wanted::whole(name.0, place)
        });
    Ok((parsed.description, wanted.collect()))
}

/// The place of a node in a text that was read before; none where it no longer parses.
pub(super) fn place(source: &Source, at: &str) -> Option<Place> {
    tree(&source.text)
        .ok()
        .map(|root| locate(source, &root, at, false))
}

fn files_fit(folder: &Folder) -> Result<(), Diagnostics> {
    let size: usize = folder.files.values().map(|bytes| bytes.len()).sum();
    if folder.files.len() <= FILES_MAX.0 && size <= FILES_MAX.1 {
        return Ok(());
    }
    Err(vec![
        Diagnostic::error(
            Code::new("catalog::too-large"),
            format!(
                "`{}` holds {} files of {size} bytes; an extension may have {} of {} bytes",
                folder.shown,
                folder.files.len(),
                FILES_MAX.0,
                FILES_MAX.1
            ),
        )
        .help("keep scripts and templates in the folder, and download the rest by checksum"),
    ])
}

fn text_of<'a>(shown: &str, bytes: &'a [u8]) -> Result<&'a str, Diagnostics> {
    let refuse = |code, summary: String| vec![Diagnostic::error(Code::new(code), summary)];
    if bytes.len() > TEXT_MAX {
        return Err(refuse(
            "catalog::too-large",
            format!(
                "`{shown}` has {} bytes; {TEXT_MAX} are the limit",
                bytes.len()
            ),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        refuse(
            "catalog::not-text",
            format!(
                "`{shown}` is not UTF-8 text from byte {} on",
                error.valid_up_to()
            ),
        )
    })?;
    match text.find('\0') {
        None => Ok(text),
        Some(offset) => Err(vec![
            Diagnostic::error(
                Code::new("catalog::not-text"),
                format!("`{shown}` holds a NUL character"),
            )
            .at(Source::new(shown, text).place(offset, 1)),
        ]),
    }
}

pub(super) fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    if let Some(budget) = &mut options.budget {
        budget.max_depth = 32;
        budget.flow_nesting_limit = 32;
        budget.max_nodes = 50_000;
        budget.max_events = 150_000;
        budget.max_documents = 1;
        budget.max_aliases = 100;
    }
    options.alias_limits.max_total_replayed_events = 2_000;
    options
}

fn tree(text: &str) -> Result<Spanned<Node>, serde_saphyr::Error> {
    slowly(text)
}

pub(super) fn parse<T: DeserializeOwned>(
    shown: &str,
    text: &str,
    schema: &LazyLock<Value>,
) -> Result<T, Diagnostics> {
    match quick::read(text) {
        Some(parsed) => Ok(parsed),
        None => slowly(text).map_err(|error| explain(&Source::new(shown, text), schema, &error)),
    }
}

/// Reads a text with the general parser, which decides what is YAML.
fn slowly<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, options())
}

/// Everything that is wrong with a text the typed reader refused.
fn explain(source: &Source, schema: &Value, first: &serde_saphyr::Error) -> Diagnostics {
    match tree(&source.text) {
        Err(error) => vec![said("catalog::syntax", source, &error)],
        Ok(root) => {
            let findings = conform(schema, &root);
            if findings.is_empty() {
                return vec![said("catalog::wrong-value", source, first)];
            }
            place_all(source, &root, &findings)
        }
    }
}

/// The parser's own words, with its place.
fn said(code: &'static str, source: &Source, error: &serde_saphyr::Error) -> Diagnostic {
    let text = error.without_snippet().to_string();
    // The place is told apart from the text.
    let text = text.split(" at line ").next().unwrap_or(&text);
    let text = text.lines().next().unwrap_or(text).trim_end_matches('.');
    let summary = format!("`{}` can't be read: {text}", source.name);
    let diagnostic = Diagnostic::error(Code::new(code), summary);
    match error.location() {
        Some(location) => diagnostic.at(place_at(source, location)),
        None => diagnostic,
    }
}

pub(super) fn placed(source: &Source, findings: &[Finding]) -> Diagnostics {
    match tree(&source.text) {
        Ok(root) => place_all(source, &root, findings),
        Err(_) => findings.iter().map(Finding::diagnostic).collect(),
    }
}

fn place_all(source: &Source, root: &Spanned<Node>, findings: &[Finding]) -> Diagnostics {
    findings
        .iter()
        .map(|finding| {
            finding
                .diagnostic()
                .at(locate(source, root, &finding.at, finding.on_key))
        })
        .collect()
}

/// The digest of a folder: each file by name and length, so that no two folders collide.
pub(super) fn content(folder: &Folder) -> Digest {
    let mut bytes = Vec::with_capacity(folder.manifest.len() + 64);
    part(&mut bytes, MANIFEST_FILE, &folder.manifest);
    for (name, file) in &*folder.files {
        // Large files enter by their own digest, so that nothing large is copied.
        part(
            &mut bytes,
            name,
            digest::digest(&digest::SHA256, file).as_ref(),
        );
    }
    Digest::of_bytes(&bytes)
}

fn part(bytes: &mut Vec<u8>, name: &str, content: &[u8]) {
    for piece in [name.as_bytes(), content] {
        bytes.extend_from_slice(&(piece.len() as u64).to_le_bytes());
        bytes.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXTS: [&str; 6] = [
        include_str!("../../extensions/esbuild/extension.yaml"),
        include_str!("../../extensions/python-devtools/extension.yaml"),
        include_str!("../../extensions/python/extension.yaml"),
        include_str!("../../extensions/tmux-workspace/extension.yaml"),
        include_str!("../../extensions/workspace-layout/extension.yaml"),
        include_str!("tests/v3.yaml"),
    ];

    /// What the two readers make of a text: the quick one's answer, if it has one, is the other's.
    fn agree(text: &str) -> Result<bool, TestCaseError> {
        let Some(quick) = quick::read::<ExtensionText>(text) else {
            return Ok(false);
        };
        let slow = slowly::<ExtensionText>(text);
        let slow = slow.map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(format!("{quick:?}"), format!("{slow:?}"), "{}", text);
        Ok(true)
    }

    #[test]
    fn the_quick_reader_knows_the_manifests_there_are() {
        for text in &TEXTS[..5] {
            assert!(agree(text).unwrap(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn the_quick_reader_says_what_the_general_one_says(
            text in prop::sample::select(TEXTS.to_vec()),
            damages in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, "[\\[\\]{}:&*!|>'\"%@`#,?~.=<\\- \na-z0-9]{0,4}|true|null|: |- |\n  |\n- | #"), 1..3),
        ) {
            let mut text: Vec<char> = text.chars().collect();
            for (at, cut, insert) in damages {
                let start = at.index(text.len());
                let end = (start + cut).min(text.len());
                text.splice(start..end, insert.chars());
            }
            agree(&text.into_iter().collect::<String>())?;
        }
    }
}
