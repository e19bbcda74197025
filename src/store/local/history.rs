//! The history: earlier documents, dated, in a directory of their own.
//!
//! A document is replaced and never changed, so keeping one costs a link. Beside each lies a small
//! file that says who wrote it; a document without it was being kept when a kill came, and is swept.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::{self, Durable};
use crate::state::{Lineage, Serial, Version, versions_to_keep};
use crate::store::StoreError;
use crate::sys::files::{list, remove_file};

/// The directory in which versions are kept.
#[derive(Clone, Debug)]
pub(super) struct History {
    directory: PathBuf,
}

impl History {
    pub(super) fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Whether this write of a lineage is kept.
    pub(super) fn has(&self, lineage: &Lineage, serial: Serial) -> bool {
        self.note(&stem(lineage, serial)).exists()
    }

    /// Keeps a document, and drops the oldest ones that are too many.
    pub(super) fn keep(&self, document: &Path, version: &Version) -> Result<(), StoreError> {
        files::create_private_directory(&self.directory)?;
        let stem = stem(&version.lineage, version.serial);
        let kept = self.document(&stem);
        let io = |error| StoreError::io(&kept, error);
        remove_file(&kept).map_err(io)?;
        fs::hard_link(document, &kept)
            .or_else(|_| fs::copy(document, &kept).map(|_| ()))
            .map_err(io)?;
        let note = self.note(&stem);
        let text = serde_json::to_vec(version).map_err(|e| StoreError::io(&note, e.into()))?;
        files::replace(&note, &text, Durable::No)?;
        self.prune(&version.lineage);
        Ok(())
    }

    /// The versions of a lineage, the newest first; a damaged note leaves its version out.
    pub(super) fn versions(&self, lineage: &Lineage) -> Vec<Version> {
        let names = list(&self.directory).unwrap_or_default();
        let mut versions: Vec<Version> = names
            .iter()
            .filter_map(|name| name.to_str()?.strip_suffix(".note.json"))
            .filter_map(|stem| {
                let bytes = files::read(&self.note(stem)).ok()??;
                let version: Version = serde_json::from_slice(&bytes).ok()?;
                (version.lineage == *lineage && self.document(stem).exists()).then_some(version)
            })
            .collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.serial));
        versions
    }

    /// A kept document; none where none was kept under this serial.
    pub(super) fn version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, StoreError> {
        if !self.has(lineage, serial) {
            return Ok(None);
        }
        let path = self.document(&stem(lineage, serial));
        Ok(files::read(&path)?.map(|bytes| (path, bytes)))
    }

    /// Drops what is too much, and what no note belongs to; what can't be removed does no harm.
    fn prune(&self, lineage: &Lineage) {
        files::sweep(&self.directory);
        let versions = self.versions(lineage);
        let stems: Vec<String> = versions
            .iter()
            .map(|version| stem(&version.lineage, version.serial))
            .collect();
        let sizes: Vec<u64> = stems
            .iter()
            .map(|stem| fs::metadata(self.document(stem)).map_or(0, |found| found.len()))
            .collect();
        for stem in &stems[versions_to_keep(&sizes)..] {
            // The note goes first: without it the rest is nothing.
            remove_file(&self.note(stem)).unwrap_or_default();
            remove_file(&self.document(stem)).unwrap_or_default();
        }
    }

    fn document(&self, stem: &str) -> PathBuf {
        self.directory.join(format!("{stem}.json"))
    }

    fn note(&self, stem: &str) -> PathBuf {
        self.directory.join(format!("{stem}.note.json"))
    }
}

/// What a version's files are called: ordered by serial, apart from those of other lineages.
fn stem(lineage: &Lineage, serial: Serial) -> String {
    let short = lineage.as_str().get(..8).unwrap_or_default();
    format!("{:012}-{short}", serial.0)
}
