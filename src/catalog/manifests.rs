//! The manifests at hand, by name and content: machines of one project may have different versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::Manifest;
use crate::address::Name;
use crate::digest::Digest;
use crate::resource::Spec;

/// Manifests by name, of each name possibly several contents; the first of a name goes before the
/// others where no content is asked for.
#[derive(Clone, Debug, Default)]
pub struct Manifests(BTreeMap<Name, Vec<Arc<Manifest>>>);

impl Manifests {
    /// Adds one, unless it is there already.
    pub fn insert(&mut self, manifest: Arc<Manifest>) {
        let named = self.0.entry(manifest.name.clone()).or_default();
        if !named.iter().any(|one| one.content == manifest.content) {
            named.push(manifest);
        }
    }

    /// The one with exactly this content, else the first of that name: what is recorded may be older
    /// than all that is at hand.
    pub fn get(&self, name: &Name, content: &Digest) -> Option<&Arc<Manifest>> {
        self.exact(name, content).or_else(|| self.first(name))
    }

    /// The one with exactly this content.
    pub fn exact(&self, name: &Name, content: &Digest) -> Option<&Arc<Manifest>> {
        self.0.get(name)?.iter().find(|one| one.content == *content)
    }

    /// The one that an extension is wanted or recorded with, else the first of its name.
    pub fn of(&self, name: &Name, spec: Option<&Spec>) -> Option<&Arc<Manifest>> {
        match spec.and_then(Spec::extension) {
            Some(spec) => self.get(name, &spec.content),
            None => self.first(name),
        }
    }

    /// The first of a name.
    pub fn first(&self, name: &Name) -> Option<&Arc<Manifest>> {
        self.0.get(name)?.first()
    }

    /// Every one, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        self.0.values().flatten()
    }
}

impl FromIterator<Arc<Manifest>> for Manifests {
    fn from_iter<T: IntoIterator<Item = Arc<Manifest>>>(manifests: T) -> Self {
        let mut all = Self::default();
        for manifest in manifests {
            all.insert(manifest);
        }
        all
    }
}
