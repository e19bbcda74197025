//! Where an artifact goes: to the screen, or into a file that nothing is lost of.

use std::io;
use std::path::{Path, PathBuf};

use crate::address::Name;
use crate::artifact::{Artifact, Origin};
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::sys::files::{self, Entry};

/// The most bytes read of a file that may be overwritten.
const LARGEST: u64 = 1 << 20;

/// An artifact on its way.
pub(super) struct Delivery {
    /// What it is called.
    pub(super) kind: &'static str,
    /// The machine it is of.
    pub(super) machine: Name,
    pub(super) artifact: Artifact,
    /// The file it goes to, and that file as the person knows it; the screen where absent.
    pub(super) to: Option<(PathBuf, String)>,
    /// Whether it may take the place of any file.
    pub(super) force: bool,
    /// Whose a file of this kind is.
    pub(super) origin: fn(&str) -> Origin,
}

impl Delivery {
    pub(super) fn run(self, session: &mut Session) -> Outcome {
        let artifact = &self.artifact;
        let written = match &self.to {
            Some((path, shown)) => Some((self.write(path, shown)?, shown)),
            None => None,
        };
        session.warn(&artifact.findings);
        let answer = if session.is_json() {
            let document = serde_json::json!({
                "artifact": self.kind,
                "machine": self.machine,
                "content": artifact.text,
                "written": written.as_ref().map(|(_, shown)| shown),
                "next": artifact.next,
                "diagnostics": artifact.findings,
            });
            format!("{document}\n")
        } else {
            match written {
                None => artifact.text.clone(),
                Some((true, shown)) => {
                    format!("Wrote {shown} of machine `{}`.\n", self.machine)
                }
                Some((false, shown)) => format!("{shown} is up to date.\n"),
            }
        };
        session.answer(&answer)?;
        if !artifact.next.is_empty() {
            session.aside_unless_quiet(&format!("\nNext:\n  {}\n", artifact.next.join("\n  ")));
        }
        Ok(Exit::Done)
    }

    /// Writes the file; tells whether it had to.
    fn write(&self, path: &Path, shown: &str) -> Result<bool, Diagnostics> {
        let unwritten = |error: &io::Error| {
            vec![
                Diagnostic::error(
                    Code::new("artifact::write"),
                    format!("`{shown}` couldn't be written"),
                )
                .because(error.to_string()),
            ]
        };
        let there = files::entry(path).map_err(|error| unwritten(&error))?;
        if there != Entry::Absent {
            let text = match there {
                Entry::File => files::read_file(path, LARGEST)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok()),
                Entry::Absent | Entry::Directory | Entry::Link(_) => None,
            };
            if text.as_ref() == Some(&self.artifact.text) {
                return Ok(false);
            }
            let origin = text.map_or(Origin::Foreign, |text| (self.origin)(&text));
            self.may_replace(origin, shown)?;
        }
        if let Some(parent) = path.parent()
            && parent != Path::new("")
            && files::entry(parent).is_ok_and(|entry| entry == Entry::Absent)
        {
            files::create_dir(parent, 0o755).map_err(|error| unwritten(&error))?;
        }
        files::write_atomic(path, self.artifact.text.as_bytes(), 0o644, true)
            .map_err(|error| unwritten(&error))?;
        Ok(true)
    }

    fn may_replace(&self, origin: Origin, shown: &str) -> Result<(), Diagnostics> {
        let found = match origin {
            Origin::Rendered => return Ok(()),
            Origin::Edited | Origin::Foreign if self.force => return Ok(()),
            Origin::Edited => Diagnostic::error(
                Code::new("artifact::edited"),
                format!("`{shown}` was edited since it was rendered, and was left as it is"),
            ),
            Origin::Foreign => Diagnostic::error(
                Code::new("artifact::foreign-file"),
                format!("`{shown}` wasn't rendered by sindri, and was left as it is"),
            ),
        };
        Err(vec![found.help(
            "pass --force to overwrite it, or --out FILE to write another and compare them",
        )])
    }
}
