//! The history: earlier documents, dated, in a directory of their own.
//!
//! A document is replaced and never changed, so keeping one costs a link. Beside each lies a small
//! file that says who wrote it; a document without it was being kept when a kill came, and is swept.
//! A store elsewhere that has no room for versions keeps them in one too, as bytes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files::{self, Durable};
use crate::state::{Lineage, Serial, Version, versions_to_keep};
use crate::store::StoreError;
use crate::sys::files::{create_private_dir_all, list, remove_file};

/// The directory in which versions are kept.
#[derive(Clone, Debug)]
pub(in crate::store) struct History {
    directory: PathBuf,
}

impl History {
    pub(in crate::store) fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Where it is.
    pub(in crate::store) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether this write of a lineage is kept.
    pub(in crate::store) fn has(&self, lineage: &Lineage, serial: Serial) -> bool {
        self.note(&stem(lineage, serial)).exists()
    }

    /// Keeps a document that lies in a file, and drops the oldest ones that are too many.
    pub(super) fn link(&self, document: &Path, version: &Version) -> Result<(), StoreError> {
        self.put(version, |kept| {
            remove_file(kept)
                .and_then(|()| fs::hard_link(document, kept))
                .or_else(|_| fs::copy(document, kept).map(|_| ()))
                .map_err(|error| StoreError::io(kept, error))
        })
    }

    /// Keeps these bytes, and drops the oldest ones that are too many.
    pub(in crate::store) fn keep(
        &self,
        document: &[u8],
        version: &Version,
    ) -> Result<(), StoreError> {
        self.put(version, |kept| files::replace(kept, document, Durable::Yes))
    }

    fn put(
        &self,
        version: &Version,
        put: impl FnOnce(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.prepare()?;
        let stem = stem(&version.lineage, version.serial);
        put(&self.document(&stem))?;
        let note = self.note(&stem);
        let text = serde_json::to_vec(version).map_err(|e| StoreError::io(&note, e.into()))?;
        files::replace(&note, &text, Durable::No)?;
        self.prune(&version.lineage);
        Ok(())
    }

    /// Makes the directory, in one that is kept out of version control.
    fn prepare(&self) -> Result<(), StoreError> {
        if let Some(parent) = self.directory.parent()
            && !parent.exists()
        {
            create_private_dir_all(parent).map_err(|error| StoreError::io(parent, error))?;
            files::replace(&parent.join(".gitignore"), b"*\n", Durable::No)?;
        }
        files::create_private_directory(&self.directory).map(drop)
    }

    /// Drops a version; the note goes first, since without it the rest is nothing.
    pub(in crate::store) fn drop_version(
        &self,
        lineage: &Lineage,
        serial: Serial,
    ) -> Result<(), StoreError> {
        let stem = stem(lineage, serial);
        [self.note(&stem), self.document(&stem)]
            .iter()
            .try_for_each(|path| remove_file(path).map_err(|error| StoreError::io(path, error)))
    }

    /// The versions of a lineage, the newest first; a damaged note leaves its version out.
    pub(in crate::store) fn versions(&self, lineage: &Lineage) -> Result<Vec<Version>, StoreError> {
        let names = match list(&self.directory) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StoreError::io(&self.directory, error)),
        };
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
        Ok(versions)
    }

    /// A kept document; none where none was kept under this serial.
    pub(in crate::store) fn version(
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
        let versions = self.versions(lineage).unwrap_or_default();
        let sizes: Vec<u64> = versions
            .iter()
            .map(|version| self.document(&stem(&version.lineage, version.serial)))
            .map(|document| fs::metadata(document).map_or(0, |found| found.len()))
            .collect();
        for version in &versions[versions_to_keep(&sizes)..] {
            self.drop_version(&version.lineage, version.serial)
                .unwrap_or_default();
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
