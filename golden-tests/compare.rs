//! What a case expects, compared at its end; `SINDRI_BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;
use sindri::sys::Environment;

/// What was seen so far, by the name of the file that expects it.
pub(crate) struct Expected {
    case: PathBuf,
    seen: BTreeMap<String, String>,
}

impl Expected {
    pub(crate) fn new(case: &Path) -> Self {
        let always = ["stdout", "stderr", "exit"];
        Self {
            case: case.to_owned(),
            seen: always.map(|name| (name.to_owned(), String::new())).into(),
        }
    }

    /// Adds text to what a file expects.
    pub(crate) fn add(&mut self, file: &str, text: &str) {
        let seen = self.seen.entry(file.to_owned()).or_default();
        seen.push_str(text);
        if !seen.is_empty() && !seen.ends_with('\n') {
            seen.push('\n');
        }
    }

    /// Compares everything, all differences at once.
    pub(crate) fn settle(self) -> Result<(), String> {
        if Environment::of_process().get("SINDRI_BLESS") == Some("1") {
            return self.bless();
        }
        let mut broken = Vec::new();
        for (file, seen) in &self.seen {
            let expected = fs::read_to_string(self.case.join(file)).unwrap_or_default();
            if expected != *seen {
                let diff = TextDiff::from_lines(&expected, seen);
                let diff = diff.unified_diff().header(file, "seen").to_string();
                broken.push(diff);
            }
        }
        if broken.is_empty() {
            return Ok(());
        }
        broken.push("run with SINDRI_BLESS=1 to take what was seen, then read the diff".to_owned());
        Err(broken.join("\n"))
    }

    fn bless(self) -> Result<(), String> {
        for (file, seen) in self.seen {
            fs::write(self.case.join(&file), seen).map_err(|error| format!("{file}: {error}"))?;
        }
        Ok(())
    }
}
