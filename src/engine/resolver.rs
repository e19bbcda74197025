//! Resolving the extensions of machines: each distinct list once, from what the lock pins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ground::ground;
use super::shelf::DirectoryShelf;
use crate::address::Name;
use crate::catalog::{
    self, Catalog, Ground, Incompatible, Lock, Manifests, Moving, Outlook, Pinned, Set, Shelf,
};
use crate::config::{ChosenTool, ExtensionRef, Extensions, Machine, OnIncompatible};
use crate::desired::Installable;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Resolves the extensions of machines, each distinct list once.
pub(super) struct Resolver<'a> {
    beside: Arc<DirectoryShelf>,
    lock: Option<Arc<Lock>>,
    /// What the lock has for machines that it doesn't name.
    others: Arc<Set>,
    moving: &'a Moving,
    catalogs: BTreeMap<View, Arc<Catalog>>,
    /// By the shared list's address: members of a counted fleet share one.
    resolved: BTreeMap<usize, Vec<Resolved>>,
    pub(super) manifests: Manifests,
    pub(super) outlooks: Vec<Outlook>,
    pub(super) findings: Diagnostics,
    /// The lock that follows.
    pub(super) after: Lock,
}

/// Machines that see the same catalog: what the lock gives them, by the shared set's address, and
/// whether something moves in them.
type View = (usize, bool);

/// What a list comes to on machines that are alike.
struct Resolved {
    ground: Ground,
    view: View,
    extensions: Arc<[Installable]>,
    set: Arc<Set>,
    /// The index of its outlook.
    outlook: usize,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(beside: DirectoryShelf, lock: Option<Arc<Lock>>, moving: &'a Moving) -> Self {
        let others = lock.as_ref().map(|lock| lock.latest()).unwrap_or_default();
        Self {
            beside: Arc::new(beside),
            others: Arc::new(others),
            lock,
            moving,
            catalogs: BTreeMap::new(),
            resolved: BTreeMap::new(),
            manifests: Manifests::default(),
            outlooks: Vec::new(),
            findings: Vec::new(),
            after: Lock::default(),
        }
    }

    /// What a machine's extensions come to.
    pub(super) fn of(&mut self, machine: &Machine, wanted: &Arc<Extensions>) -> Arc<[Installable]> {
        let list = Arc::as_ptr(wanted) as usize;
        let own = self
            .lock
            .as_ref()
            .and_then(|l| l.machines.get(&machine.name));
        let own = own.map(Arc::clone);
        let view = (
            own.as_ref().map_or(0, |own| Arc::as_ptr(own) as usize),
            self.moving.concerns(&machine.name),
        );
        let mut ground = ground(machine);
        let named = ground.machine.take();
        let mut alike = self.resolved.get(&list).into_iter().flatten();
        if let Some(known) = alike.find(|known| known.ground == ground && known.view == view) {
            let machines = &mut self.outlooks[known.outlook].machines;
            machines.extend(named);
            if !known.set.is_empty() {
                let (name, set) = (machine.name.clone(), Arc::clone(&known.set));
                self.after.machines.insert(name, set);
            }
            return Arc::clone(&known.extensions);
        }
        let outlook = self.outlooks.len();
        ground.machine = named;
        let catalog = self.catalog(view, own);
        let extensions = self.resolve(&catalog, &ground, wanted);
        ground.machine = None;
        let set: Set = extensions
            .iter()
            .map(|one| (one.manifest.name.clone(), one.manifest.content.clone()))
            .collect();
        let set = Arc::new(set);
        if !set.is_empty() {
            self.after
                .machines
                .insert(machine.name.clone(), Arc::clone(&set));
        }
        self.resolved.entry(list).or_default().push(Resolved {
            ground,
            view,
            extensions: Arc::clone(&extensions),
            set,
            outlook,
        });
        extensions
    }

    fn catalog(&mut self, view: View, own: Option<Arc<Set>>) -> Arc<Catalog> {
        if let Some(catalog) = self.catalogs.get(&view) {
            return Arc::clone(catalog);
        }
        let beside: Arc<dyn Shelf> = Arc::clone(&self.beside) as Arc<dyn Shelf>;
        let stand: Arc<dyn Shelf> = match &self.lock {
            None => beside,
            Some(lock) => {
                let (lock, others) = (Arc::clone(lock), Arc::clone(&self.others));
                let moving = if view.1 {
                    self.moving.clone()
                } else {
                    Moving::Nothing
                };
                Arc::new(Pinned::new(beside, lock, own, others, moving))
            }
        };
        let catalog = Arc::new(Catalog::new(stand));
        self.catalogs.insert(view, Arc::clone(&catalog));
        catalog
    }

    fn resolve(
        &mut self,
        catalog: &Catalog,
        ground: &Ground,
        wanted: &Extensions,
    ) -> Arc<[Installable]> {
        let mut names = Vec::new();
        if let Some(profile) = &wanted.profile {
            match self.members(catalog, &profile.name) {
                Ok(members) => {
                    let place = || profile.place.clone();
                    let whole = |name| catalog::Wanted::whole(name, place());
                    names.extend(members.into_iter().map(whole));
                }
                Err(findings) => self.findings.extend(placed(findings, profile)),
            }
        }
        names.extend(wanted.names.iter().map(asked));
        let incompatible = match wanted.on_incompatible {
            OnIncompatible::Error => Incompatible::Error,
            OnIncompatible::Skip => Incompatible::Skip,
        };
        let selected = catalog::select(catalog, &names, ground, incompatible);
        for found in selected.findings {
            // What isn't about one machine is told once.
            if found.address.is_some() || !self.findings.contains(&found) {
                self.findings.push(found);
            }
        }
        self.outlooks.push(selected.outlook);
        selected
            .resolution
            .extensions
            .iter()
            .map(|extension| {
                let manifest = match self.lock.as_deref() {
                    Some(lock) => lock.verified(&extension.manifest),
                    None => Arc::clone(&extension.manifest),
                };
                let before = self.lock.as_deref();
                let origin = catalog::origin(&manifest, before);
                self.after.add(&manifest, origin, before);
                self.manifests.insert(Arc::clone(&manifest));
                Installable {
                    manifest,
                    requires: extension.requires.clone(),
                    tools: extension.tools.clone(),
                }
            })
            .collect()
    }

    /// The members of a profile: as its file beside the configuration has them, else as the lock
    /// keeps them, else as the program carries it.
    fn members(&mut self, catalog: &Catalog, name: &Name) -> Result<Vec<Name>, Diagnostics> {
        let beside = self.beside.profile(name)?.is_some();
        let kept = self.lock.as_ref().and_then(|lock| lock.profiles.get(name));
        let kept = kept.filter(|_| !beside && !self.moving.moves_profiles());
        let members = if let Some(kept) = kept {
            kept.clone()
        } else {
            let profile = catalog.profile(name)?;
            let members = profile.extensions.iter();
            members.map(|one| one.name.clone()).collect()
        };
        if !beside {
            self.after.profiles.insert(name.clone(), members.clone());
        }
        Ok(members)
    }
}

/// An extension that the configuration lists, in the catalog's words.
fn asked(extension: &ExtensionRef) -> catalog::Wanted {
    let pick = |tool: &ChosenTool| catalog::Pick {
        tool: tool.name.clone(),
        place: tool.place.clone(),
    };
    catalog::Wanted {
        name: extension.name.clone(),
        tools: extension
            .tools
            .as_ref()
            .map(|tools| tools.iter().map(pick).collect()),
        place: extension.place.clone(),
    }
}

/// Gives findings about a profile the place at which it is named.
fn placed(mut findings: Diagnostics, profile: &ExtensionRef) -> Diagnostics {
    for found in &mut findings {
        if found.place.is_none() {
            found.place.clone_from(&profile.place);
        }
    }
    findings
}

/// Whether something that was found keeps the extensions from being known.
///
/// What a person may allow is found of extensions that are known.
pub(super) fn is_unresolved(findings: &[Diagnostic]) -> bool {
    findings.iter().any(|one| one.is_error() && !one.allowable)
}
