//! The content of an extension in a lock: its manifest and files, as text that can be reviewed.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::catalog::read::MANIFEST_FILE;
use crate::catalog::shelf::Folder;
use crate::digest::Digest;

/// An extension's folder, where a lock keeps it.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// It isn't kept.
    None,
    /// As it stands in the file, not read yet.
    Text(Arc<str>),
    /// As it is to be written.
    Folder(Arc<Folder>),
}

/// What stands before each file's lines.
const INDENT: &str = "      ";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyText {
    #[serde(rename = "content")]
    _content: String,
    #[serde(rename = "extension")]
    _extension: String,
    files: Vec<FileText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    path: String,
    text: Option<String>,
    base64: Option<String>,
}

/// A document of a lock that holds a folder, without what parts it from the one before.
pub(super) fn document(folder: &Folder, named: &str, content: &Digest) -> String {
    let mut out = format!("content: {content}\nextension: {named}\nfiles:\n");
    file(&mut out, MANIFEST_FILE, &folder.manifest);
    for (path, bytes) in folder.files.iter() {
        file(&mut out, path, bytes);
    }
    out
}

fn file(out: &mut String, path: &str, bytes: &[u8]) {
    // A path is quoted as JSON, which YAML reads the same way.
    let quoted = serde_json::Value::from(path).to_string();
    let path = if is_plain_path(path) { path } else { &quoted };
    out.push_str("  - path: ");
    out.push_str(path);
    let text = std::str::from_utf8(bytes).ok();
    if let Some(text) = text.filter(|text| is_block(text)) {
        out.push_str("\n    text: |\n");
        for line in text.lines() {
            if !line.is_empty() {
                out.push_str(INDENT);
                out.push_str(line);
            }
            out.push('\n');
        }
    } else {
        out.push_str("\n    base64: \"");
        out.push_str(&STANDARD.encode(bytes));
        out.push_str("\"\n");
    }
}

fn is_plain_path(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
    path.starts_with(|c: char| c.is_ascii_alphabetic()) && path.bytes().all(plain)
        // Words that YAML takes for something else.
        && (path.contains('.') || path.contains('/'))
        && !path.contains("..")
}

/// Whether a text survives as a block: it ends with one line end, begins with a visible character,
/// and holds no control character and nothing that some YAML takes for a line end.
fn is_block(text: &str) -> bool {
    let odd = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let blank_but_spaces =
        |line: &str| !line.is_empty() && line.chars().all(|c| c == ' ' || c == '\t');
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\t', '\n'])
        && !text.contains(odd)
        && !text.lines().any(blank_but_spaces)
}

/// The digest that a document says it holds the content of, by its first line.
pub(super) fn content_of(document: &str) -> Option<Digest> {
    let first = document.lines().next()?;
    Digest::parse(first.strip_prefix("content: ")?)
}

/// The folder that a document holds; the error says what is wrong with it.
pub(super) fn folder(document: &str, shown: &str) -> Result<Folder, String> {
    let text: BodyText =
        serde_saphyr::from_str_with_options(document, crate::catalog::read::options())
            .map_err(|error| error.without_snippet().to_string())?;
    let mut files = BTreeMap::new();
    for file in text.files {
        let bytes: Arc<[u8]> = match (file.text, file.base64) {
            (Some(text), None) => Arc::from(text.into_bytes()),
            (None, Some(encoded)) => STANDARD
                .decode(encoded)
                .map(Arc::from)
                .map_err(|error| format!("`{}`: {error}", file.path))?,
            (Some(_), Some(_)) | (None, None) => {
                return Err(format!("`{}` needs either `text` or `base64`", file.path));
            }
        };
        if files.insert(file.path.clone(), bytes).is_some() {
            return Err(format!("`{}` is there twice", file.path));
        }
    }
    let manifest = files
        .remove(MANIFEST_FILE)
        .ok_or_else(|| format!("it holds no `{MANIFEST_FILE}`"))?;
    Ok(Folder {
        shown: Arc::from(shown),
        manifest,
        files: Arc::new(files),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(files: &[(String, Vec<u8>)]) -> (Folder, Folder) {
        let mut all: BTreeMap<String, Arc<[u8]>> = files
            .iter()
            .map(|(path, bytes)| (path.clone(), Arc::from(bytes.clone())))
            .collect();
        let manifest = all
            .remove(MANIFEST_FILE)
            .unwrap_or_else(|| Arc::from(&b"metadata: {}\n"[..]));
        let folder = Folder {
            shown: Arc::from("extensions/tool"),
            manifest,
            files: Arc::new(all),
        };
        let text = document(&folder, "tool 1.0.0", &Digest::of_bytes(b""));
        let read =
            super::folder(&text, "extensions/tool").unwrap_or_else(|why| panic!("{why}\n{text}"));
        (folder, read)
    }

    #[test]
    fn a_script_is_readable_in_the_lock() {
        let folder = Folder {
            shown: Arc::from("extensions/tool"),
            manifest: Arc::from(&b"metadata:\n  name: tool\n"[..]),
            files: Arc::new(BTreeMap::from([
                (
                    "install.sh".to_owned(),
                    Arc::from(&b"#!/bin/sh\n\n  echo hi\n"[..]),
                ),
                ("yes".to_owned(), Arc::from(&b"x"[..])),
            ])),
        };
        insta::assert_snapshot!(document(&folder, "tool 1.0.0", &Digest::of_bytes(b"x")), @r#"
        content: sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
        extension: tool 1.0.0
        files:
          - path: extension.yaml
            text: |
              metadata:
                name: tool
          - path: install.sh
            text: |
              #!/bin/sh

                echo hi
          - path: "yes"
            base64: "eA=="
        "#);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn every_folder_comes_back_byte_for_byte(
            files in prop::collection::vec((
                "(extension\\.yaml|[a-zA-Z0-9_. #:'\"~é-]{1,12}|yes|null|[a-z]{1,3}/[a-z.]{1,8})",
                prop_oneof![
                    "([ \t]{0,3}[-#:'\"\\\\|>&*!%@`a-z{}\\[\\],?]{0,6}[ \t\r]{0,2}\n){0,6}".prop_map(String::into_bytes),
                    "\\PC{0,20}\n{0,2}".prop_map(String::into_bytes),
                    prop::collection::vec(any::<u8>(), 0..40),
                ],
            ), 0..5),
        ) {
            let (written, read) = back(&files);
            prop_assert_eq!(written, read);
        }
    }
}
