//! The lock beside a configuration: read when the project is, written when an apply ended.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{Lock, Relock};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::sys::files;

/// A project's lock: as it stands, and as the configuration asks for.
#[derive(Clone, Debug)]
pub struct Lockfile {
    path: PathBuf,
    /// The file as the person knows it.
    pub shown: String,
    /// The digest of its bytes, as a saved plan relies on them; none where there is no file.
    pub digest: Option<Digest>,
    /// What it says; none where there is no file, or none that can be used.
    pub before: Option<Arc<Lock>>,
    /// What it shall say.
    pub after: Lock,
    /// Whether what it shall say is known: everything wanted was resolved.
    pub(super) complete: bool,
    /// Why what stands there can't be used.
    pub findings: Diagnostics,
}

impl Lockfile {
    /// Reads the lock of a configuration; one that can't be used is told, and counts for nothing.
    pub fn beside(config: &Path, shown: &str) -> Self {
        let path = named(config);
        let shown = named(Path::new(shown)).display().to_string();
        let mut lockfile = Self {
            shown,
            digest: None,
            before: None,
            after: Lock::default(),
            complete: false,
            findings: Vec::new(),
            path,
        };
        match files::read_limited(&lockfile.path, Lock::SIZE_MAX) {
            Ok(bytes) => {
                lockfile.digest = Some(Digest::of_bytes(&bytes));
                match Lock::read(&lockfile.shown, &bytes) {
                    Ok(lock) => lockfile.before = Some(Arc::new(lock)),
                    Err(findings) => lockfile.findings = findings,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let summary = format!("`{}` can't be read", lockfile.shown);
                let found = Diagnostic::error(Code::new("lock::unreadable"), summary);
                lockfile.findings = vec![found.because(error.to_string())];
            }
        }
        lockfile
    }

    /// The same file, which shall say this.
    #[must_use]
    pub fn leading_to(self, after: Lock) -> Self {
        Self { after, ..self }
    }

    /// What writing it would change; none where nothing, and where nobody knows.
    pub fn relock(&self) -> Option<Relock> {
        if !self.complete || !self.findings.is_empty() {
            return None;
        }
        Relock::between(&self.shown, self.before.as_deref(), &self.after)
    }

    /// Refuses a lock that isn't there, or that the configuration no longer goes with.
    pub fn require(&self) -> Diagnostics {
        let Some(relock) = self.relock() else {
            return self.findings.clone();
        };
        let shown = &self.shown;
        let mut found = if relock.missing {
            Diagnostic::error(
                Code::new("lock::missing"),
                format!("there is no `{shown}`, and --locked asks for one"),
            )
        } else {
            Diagnostic::error(
                Code::new("lock::outdated"),
                format!("`{shown}` would change, and --locked forbids it"),
            )
        };
        if !relock.missing {
            for text in relock.lines() {
                found = found.because(text);
            }
        }
        vec![
            found.help(
                "run `sindri apply` without --locked where it may change, and commit the file",
            ),
        ]
    }

    /// Writes what became true; tells whether that changed the file.
    pub fn write(&self, lock: &Lock) -> Result<bool, Diagnostics> {
        if self.before.as_deref() == Some(lock) || (self.digest.is_none() && lock.is_empty()) {
            return Ok(false);
        }
        let written = if lock.is_empty() {
            files::remove_file(&self.path)
        } else {
            files::write_atomic(&self.path, lock.render().as_bytes(), 0o644, true)
        };
        written.map(|()| true).map_err(|error| {
            let summary = format!("`{}` couldn't be written", self.shown);
            vec![
                Diagnostic::error(Code::new("lock::write"), summary)
                    .because(error.to_string())
                    .help("what was applied stands; the next `sindri apply` writes the file"),
            ]
        })
    }
}

/// `sindri.lock` of `sindri.yaml`: each configuration of a directory has one of its own.
fn named(config: &Path) -> PathBuf {
    if config
        .extension()
        .is_some_and(|extension| extension == "lock")
    {
        return config.with_extension("lock.lock");
    }
    config.with_extension("lock")
}
