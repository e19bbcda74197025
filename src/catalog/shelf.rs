//! Where manifests stand: folders handed over by the caller, else those embedded in the binary.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::Name;
use crate::diagnostic::Diagnostics;

/// The files of one extension, as handed over and as a saved plan embeds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// The folder as the person knows it: `extensions/nodejs`.
    pub shown: Arc<str>,
    /// The manifest: the bytes of `extension.yaml`.
    #[serde(with = "super::embed::bytes")]
    pub manifest: Arc<[u8]>,
    /// Every other file, by its path in the folder with `/` between the parts.
    #[serde(with = "super::embed::files")]
    pub files: Arc<BTreeMap<String, Arc<[u8]>>>,
}

/// A profile's file, as handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFile {
    /// The file as the person knows it: `profiles/minimal.yaml`.
    pub shown: Arc<str>,
    /// Its bytes.
    pub text: Arc<[u8]>,
}

/// A place that holds extensions and profiles, such as the directory beside the config.
///
/// Asked from several threads at once, and for each name at most once. Reading is the caller's:
/// this room does no I/O.
pub trait Shelf: Send + Sync {
    /// The extension's folder; none where the shelf has no such name.
    fn folder(&self, name: &Name) -> Result<Option<Folder>, Diagnostics>;
    /// The names of all extensions; asked only to help after a mistake, and to list.
    fn names(&self) -> Vec<Name>;
    /// The profile's file; none where the shelf has no such name.
    fn profile(&self, name: &Name) -> Result<Option<ProfileFile>, Diagnostics>;
    /// The names of all profiles.
    fn profile_names(&self) -> Vec<Name>;
}

/// Folders held in memory: nothing, a saved plan's, a test's.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// Extensions by name.
    pub extensions: BTreeMap<Name, Folder>,
    /// Profiles by name.
    pub profiles: BTreeMap<Name, ProfileFile>,
}

impl Shelf for Folders {
    fn folder(&self, name: &Name) -> Result<Option<Folder>, Diagnostics> {
        Ok(self.extensions.get(name).cloned())
    }

    fn names(&self) -> Vec<Name> {
        self.extensions.keys().cloned().collect()
    }

    fn profile(&self, name: &Name) -> Result<Option<ProfileFile>, Diagnostics> {
        Ok(self.profiles.get(name).cloned())
    }

    fn profile_names(&self) -> Vec<Name> {
        self.profiles.keys().cloned().collect()
    }
}
