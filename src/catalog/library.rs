//! The catalog: a shelf of the caller's over the one embedded in the binary, read when asked.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZero;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use super::embedded::Embedded;
use super::known;
use super::manifest::Manifest;
use super::read;
use super::resolve::Wanted;
use super::shelf::{Folder, Shelf};
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};

/// From how many manifests on reading is worth threads.
const WORTH_THREADS: usize = 16;

/// What reading an extension came to; none: no shelf has it.
pub(super) type Entry = Result<Option<Arc<Manifest>>, Arc<Diagnostics>>;

/// What reading a profile came to.
type ProfileEntry = Result<Arc<Profile>, Arc<Diagnostics>>;

/// All extensions and profiles there are.
///
/// The caller's shelf goes before the embedded one, name by name. A manifest is read once, and only
/// when something asks for it.
pub struct Catalog {
    shelf: Arc<dyn Shelf>,
    entries: RwLock<HashMap<Name, Entry>>,
    profiles: RwLock<HashMap<Name, ProfileEntry>>,
}

/// A set of extensions with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: Name,
    /// What it is for, in a line.
    pub description: String,
    /// The extensions it asks for, each with its place in the profile's file.
    pub extensions: Vec<Wanted>,
}

impl Catalog {
    /// A catalog of a shelf of the caller's, such as the directory beside the config, and of what is
    /// embedded.
    pub fn new(shelf: Arc<dyn Shelf>) -> Self {
        Self {
            shelf,
            entries: RwLock::default(),
            profiles: RwLock::default(),
        }
    }

    /// The manifest of an extension; none where there is no such extension.
    pub fn manifest(&self, name: &Name) -> Result<Option<Arc<Manifest>>, Diagnostics> {
        self.entry(name).map_err(|error| (*error).clone())
    }

    /// A profile, by name.
    pub fn profile(&self, name: &Name) -> Result<Arc<Profile>, Diagnostics> {
        let read = |error: Arc<Diagnostics>| (*error).clone();
        let cached = self
            .profiles
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some(profile) = cached {
            return profile.map_err(read);
        }
        let profile = self.read_profile(name).map(Arc::new).map_err(Arc::new);
        self.profiles
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), profile.clone());
        profile.map_err(read)
    }

    /// The names of all extensions, sorted.
    pub fn names(&self) -> BTreeSet<Name> {
        self.shelf
            .names()
            .into_iter()
            .chain(Embedded.names())
            .collect()
    }

    /// The names of all profiles, sorted.
    pub fn profile_names(&self) -> BTreeSet<Name> {
        self.shelf
            .profile_names()
            .into_iter()
            .chain(Embedded.profile_names())
            .collect()
    }

    /// The folder of an extension as it stands on its shelf; none where there is no such extension.
    pub fn folder(&self, name: &Name) -> Result<Option<Folder>, Diagnostics> {
        match self.shelf.folder(name)? {
            Some(folder) => Ok(Some(folder)),
            None => Embedded.folder(name),
        }
    }

    /// The extensions of the caller's shelf, which go before the embedded ones.
    pub fn own_names(&self) -> BTreeSet<Name> {
        let mut names = self.shelf.names();
        // A folder without a manifest is no extension.
        names.retain(|name| !matches!(self.shelf.folder(name), Ok(None)));
        names.into_iter().collect()
    }

    /// The profiles of the caller's shelf, which go before the embedded ones.
    pub fn own_profile_names(&self) -> BTreeSet<Name> {
        self.shelf.profile_names().into_iter().collect()
    }

    pub(super) fn entry(&self, name: &Name) -> Entry {
        if let Some(entry) = self.cached(name) {
            return entry;
        }
        let entry = self.read(name);
        self.keep(name, &entry);
        entry
    }

    /// The entries of several names, in their order; read side by side where there are many.
    pub(super) fn entries(&self, names: &[Name]) -> Vec<Entry> {
        let threads = thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(8);
        if names.len() < WORTH_THREADS || threads == 1 {
            return names.iter().map(|name| self.entry(name)).collect();
        }
        let one_part = |part: &[Name]| -> Vec<Entry> {
            part.iter()
                .map(|name| self.cached(name).unwrap_or_else(|| self.read(name)))
                .collect()
        };
        let size = names.len().div_ceil(threads);
        let entries: Vec<Entry> = thread::scope(|scope| {
            let mut parts = names.chunks(size);
            let own = parts.next().unwrap_or_default();
            let others: Vec<_> = parts
                .map(|part| (part, scope.spawn(move || one_part(part))))
                .collect();
            let mut entries = one_part(own);
            for (part, other) in others {
                // A reader that panicked is repeated here, where its panic is seen.
                entries.extend(other.join().unwrap_or_else(|_| one_part(part)));
            }
            entries
        });
        for (name, entry) in names.iter().zip(&entries) {
            self.keep(name, entry);
        }
        entries
    }

    fn cached(&self, name: &Name) -> Option<Entry> {
        self.entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    fn keep(&self, name: &Name, entry: &Entry) {
        self.entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), entry.clone());
    }

    fn read(&self, name: &Name) -> Entry {
        let folder = self.folder(name).map_err(Arc::new)?;
        match folder {
            None => Ok(None),
            Some(folder) => read::manifest(name, folder)
                .map(|manifest| Some(Arc::new(manifest)))
                .map_err(Arc::new),
        }
    }

    fn read_profile(&self, name: &Name) -> Result<Profile, Diagnostics> {
        let file = match self.shelf.profile(name)? {
            Some(file) => Some(file),
            None => Embedded.profile(name)?,
        };
        let Some(file) = file else {
            return Err(vec![self.unknown_profile(name)]);
        };
        let (description, extensions) = read::profile(&file)?;
        Ok(Profile {
            name: name.clone(),
            description,
            extensions,
        })
    }

    fn unknown_profile(&self, name: &Name) -> Diagnostic {
        let names = self.profile_names();
        let listed: Vec<&str> = names.iter().map(Name::as_str).collect();
        let there = listed.join(", ");
        let code = Code::new("catalog::unknown-profile");
        if known::PROFILES.contains(&name.as_str()) {
            return Diagnostic::error(
                code,
                format!("the profile `{name}` of version 3 is not in this version's catalog"),
            )
            .help(format!(
                "use one of {there}, or write `profiles/{name}.yaml` beside the config"
            ));
        }
        let help = match did_you_mean(name.as_str(), listed.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? there are {there}"),
            None => {
                format!("use one of {there}, or write `profiles/{name}.yaml` beside the config")
            }
        };
        Diagnostic::error(code, format!("there is no profile `{name}`")).help(help)
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").finish_non_exhaustive()
    }
}
