//! Which words a manifest may hand on to a machine.

use super::super::finding::Finding;
use super::Lowering;

/// Three numbers, possibly with a suffix such as `-beta.1` or `+build`.
pub(super) fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers
            .iter()
            .all(|n| !n.is_empty() && n.len() < 10 && n.bytes().all(|b| b.is_ascii_digit()))
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
}

/// Whether a text has the shape of an SPDX expression: identifiers, joined by words.
pub(super) fn is_license(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut depth = 0_i32;
    // Whether an identifier must come next, or a word that joins.
    let mut wanted = true;
    for word in spaced.split_whitespace() {
        match word {
            "(" if wanted => depth += 1,
            ")" if !wanted && depth > 0 => depth -= 1,
            "AND" | "OR" | "WITH" if !wanted => wanted = true,
            "AND" | "OR" | "WITH" | "(" | ")" => return false,
            _ if !wanted
                || !word
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-.+:".contains(&b)) =>
            {
                return false;
            }
            _ => wanted = false,
        }
    }
    !wanted && depth == 0
}

fn climbs(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "..")
}

/// What a shell would stumble over in a script, and what to do about it.
///
/// Neither is told by the shell: a NUL is dropped without a word, and a carriage return becomes a
/// part of the last word of its line.
fn misread(script: &[u8]) -> Option<(&'static str, String, &'static str)> {
    let line = |at: usize| script[..at].split(|byte| *byte == b'\n').count();
    if let Some(at) = script.iter().position(|byte| *byte == 0) {
        let what = format!("holds a NUL byte, on line {}", line(at));
        let help = "a script is plain text: save it anew as UTF-8";
        return Some(("catalog::script-nul", what, help));
    }
    let at = script.windows(2).position(|pair| pair == b"\r\n")?;
    let what = format!(
        "ends line {} as on Windows, with a carriage return",
        line(at)
    );
    let help =
        "save it with line ends of Unix; in git, `*.sh text eol=lf` in `.gitattributes` keeps them";
    Some(("catalog::script-crlf", what, help))
}

impl Lowering {
    /// A path within the extension's folder that names one of its files.
    pub(super) fn file(&mut self, at: &str, mut path: String) -> String {
        if path.starts_with("./") {
            path.drain(..2);
        }
        if path.is_empty() || path.starts_with(['/', '~']) || climbs(&path) || control(&path) {
            self.findings.push(
                Finding::error(
                    at,
                    "catalog::path-escapes",
                    format!(
                        "`{}` leads out of the extension's folder",
                        path.escape_debug()
                    ),
                )
                .help("give a path inside the folder, such as `install.sh`"),
            );
        } else if !self.files.contains_key(&path) {
            let near =
                crate::diagnostic::did_you_mean(&path, self.files.keys().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "put the file beside the manifest".to_owned(),
            };
            self.findings.push(
                Finding::error(
                    at,
                    "catalog::missing-file",
                    format!("the extension's folder has no file `{path}`"),
                )
                .help(help),
            );
        }
        path
    }

    /// As [`Self::file`], of one that a shell runs.
    pub(super) fn shell_script(&mut self, at: &str, path: String) -> String {
        let path = self.file(at, path);
        let found = self.files.get(&path).and_then(|bytes| misread(bytes));
        if let Some((code, what, help)) = found {
            let text = format!("`{path}` {what}");
            self.findings
                .push(Finding::error(at, code, text).help(help));
        }
        path
    }

    /// A path in the machine: absolute, or under its home.
    pub(super) fn target(&mut self, at: &str, path: String) -> String {
        if path.is_empty() || climbs(&path) || control(&path) {
            self.findings.push(
                Finding::error(
                    at,
                    "catalog::path-escapes",
                    format!("`{}` is not a path to write or delete", path.escape_debug()),
                )
                .help("give an absolute path or one under the home, without `..`"),
            );
        }
        path
    }

    /// Words that end up as arguments: none may pass for an option or hold control characters.
    pub(super) fn words(&mut self, at: &str, words: Vec<String>) -> Vec<String> {
        for (index, word) in words.iter().enumerate() {
            self.word(&format!("{at}/{index}"), word);
        }
        words
    }

    /// One such word.
    pub(super) fn word(&mut self, at: &str, word: &str) {
        let refused = word.is_empty()
            || word.starts_with('-')
            || word.len() > 512
            || word.chars().any(|c| c.is_control() || c.is_whitespace());
        if refused {
            self.findings.push(
                Finding::error(
                    at,
                    "catalog::bad-word",
                    format!(
                        "`{}` can't be the name of a package or command",
                        word.escape_debug()
                    ),
                )
                .help("a name has no spaces and doesn't start with a dash"),
            );
        }
    }

    /// Text with `{placeholders}`, each of which must be known.
    pub(super) fn placeholders(&mut self, at: &str, text: &str, known: &[&str]) {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return;
            };
            if !known.contains(&name) {
                let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
                let finding = Finding::error(
                    at,
                    "catalog::unknown-placeholder",
                    format!("`{{{}}}` means nothing here", name.escape_debug()),
                );
                self.findings.push(if known.is_empty() {
                    finding.help("give the download its `arch`, and its source a `version`")
                } else {
                    finding.help(format!("use {}", known.join(", ")))
                });
            }
            rest = after;
        }
    }

    /// Text that ends up in an argument or a file: anything but NUL.
    pub(super) fn no_nul(&mut self, at: &str, text: &str) {
        if text.contains('\0') {
            self.findings.push(Finding::error(
                at,
                "catalog::bad-word",
                "a NUL character can't reach a machine",
            ));
        }
    }

    /// The name of an environment variable.
    pub(super) fn variable(&mut self, at: &str, key: &str) {
        let mut bytes = key.bytes();
        let good = bytes
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !good {
            self.findings.push(
                Finding::error(
                    at,
                    "catalog::bad-word",
                    format!("`{}` can't be an environment variable", key.escape_debug()),
                )
                .help("use letters, digits and underscores, not starting with a digit"),
            );
        }
    }
}

fn control(text: &str) -> bool {
    text.chars().any(char::is_control)
}
