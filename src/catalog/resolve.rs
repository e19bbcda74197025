//! From the extensions asked for to all that must be installed, in the order of their dependencies.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::known;
use super::library::{Catalog, Entry};
use super::manifest::Manifest;
use super::read;
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place, Source, did_you_mean};

/// An extension asked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: Name,
    /// Where it is asked for.
    pub place: Option<Place>,
}

/// What must be installed: whatever an extension needs stands before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// In an order that depends on the request and the manifests only.
    pub extensions: Vec<Resolved>,
}

/// One extension of a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Its manifest.
    pub manifest: Arc<Manifest>,
    /// The extensions it needs first; each stands before it.
    pub requires: Vec<Name>,
    /// The extension that drags it in; none where it was asked for.
    pub wanted_by: Option<Name>,
    /// Where it was asked for.
    pub place: Option<Place>,
}

impl Resolution {
    /// The extension of a name.
    pub fn get(&self, name: &Name) -> Option<&Resolved> {
        self.extensions
            .iter()
            .find(|resolved| resolved.manifest.name == *name)
    }

    /// From the extension asked for to the one it drags in: `supabase-cli → docker`.
    pub fn chain(&self, name: &Name) -> Vec<Name> {
        let mut chain = vec![name.clone()];
        let mut next = self
            .get(name)
            .and_then(|resolved| resolved.wanted_by.clone());
        // A chain visits each extension at most once.
        while let Some(name) = next.filter(|_| chain.len() <= self.extensions.len()) {
            next = self
                .get(&name)
                .and_then(|resolved| resolved.wanted_by.clone());
            chain.push(name);
        }
        chain.reverse();
        chain
    }
}

/// Resolves what is asked for; where a diagnostic is an error, the resolution is incomplete.
pub fn resolve(catalog: &Catalog, wanted: &[Wanted]) -> (Resolution, Diagnostics) {
    let mut closure = Closure::default();
    closure.gather(catalog, wanted);
    let order = closure.order();
    closure.conflicts();
    let mut slots: Vec<Option<Found>> = closure.found.into_iter().map(Some).collect();
    let mut extensions = Vec::with_capacity(order.len());
    for index in order {
        let found = slots.get_mut(index).and_then(Option::take);
        let Some((found, manifest)) = found.and_then(|mut found| {
            let manifest = found.manifest.take()?;
            Some((found, manifest))
        }) else {
            continue;
        };
        extensions.push(Resolved {
            requires: manifest.dependencies.clone(),
            manifest,
            wanted_by: found.wanted_by.map(|by| closure.names[by].clone()),
            place: found.place,
        });
    }
    (Resolution { extensions }, closure.diagnostics)
}

/// An extension met while gathering.
struct Found {
    manifest: Option<Arc<Manifest>>,
    dependencies: Vec<usize>,
    wanted_by: Option<usize>,
    place: Option<Place>,
}

#[derive(Default)]
struct Closure {
    names: Vec<Name>,
    index: HashMap<Name, usize>,
    found: Vec<Found>,
    diagnostics: Diagnostics,
}

impl Closure {
    /// Reads everything reachable, level by level, so that a level is read side by side.
    fn gather(&mut self, catalog: &Catalog, wanted: &[Wanted]) {
        for one in wanted {
            self.meet(&one.name, None, one.place.as_ref());
        }
        let mut start = 0;
        while start < self.names.len() {
            let end = self.names.len();
            let level = self.names[start..end].to_vec();
            for (index, entry) in (start..end).zip(catalog.entries(&level)) {
                self.take(catalog, index, entry);
            }
            start = end;
        }
    }

    fn meet(&mut self, name: &Name, wanted_by: Option<usize>, place: Option<&Place>) -> usize {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let index = self.names.len();
        self.names.push(name.clone());
        self.index.insert(name.clone(), index);
        self.found.push(Found {
            manifest: None,
            dependencies: Vec::new(),
            wanted_by,
            place: place.cloned(),
        });
        index
    }

    fn take(&mut self, catalog: &Catalog, index: usize, entry: Entry) {
        match entry {
            Ok(Some(manifest)) => {
                let dependencies = manifest
                    .dependencies
                    .iter()
                    .map(|name| self.meet(name, Some(index), None))
                    .collect();
                self.diagnostics.extend(manifest.notes.iter().cloned());
                self.found[index].dependencies = dependencies;
                self.found[index].manifest = Some(manifest);
            }
            Ok(None) => {
                let diagnostic = self.unknown(catalog, index);
                self.diagnostics.push(diagnostic);
            }
            Err(diagnostics) => self.diagnostics.extend(diagnostics.iter().cloned()),
        }
    }

    /// The indices in dependency order: depth first, in the order of request and manifest. Cycles
    /// become diagnostics, one each.
    fn order(&mut self) -> Vec<usize> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.names.len()];
        let mut order = Vec::with_capacity(self.names.len());
        let mut cycles = Vec::new();
        for root in 0..self.names.len() {
            if marks[root] != Mark::New {
                continue;
            }
            marks[root] = Mark::Open;
            // Each entry: an extension, and how many of its dependencies were visited.
            let mut path = vec![(root, 0)];
            while let Some((index, visited)) = path.last_mut() {
                let Some(next) = self.found[*index].dependencies.get(*visited).copied() else {
                    marks[*index] = Mark::Done;
                    order.push(*index);
                    path.pop();
                    continue;
                };
                *visited += 1;
                match marks[next] {
                    Mark::New => {
                        marks[next] = Mark::Open;
                        path.push((next, 0));
                    }
                    Mark::Open => {
                        let nodes = path.iter().map(|(index, _)| *index);
                        cycles.push(nodes.skip_while(|index| *index != next).collect::<Vec<_>>());
                    }
                    Mark::Done => {}
                }
            }
        }
        for cycle in cycles {
            let diagnostic = self.cycle(&cycle);
            self.diagnostics.push(diagnostic);
        }
        order
    }

    fn conflicts(&mut self) {
        let mut seen = BTreeSet::new();
        let mut conflicts = Vec::new();
        for (index, found) in self.found.iter().enumerate() {
            let Some(manifest) = &found.manifest else {
                continue;
            };
            for name in &manifest.conflicts {
                let Some(&other) = self.index.get(name) else {
                    continue;
                };
                let there = self.found[other].manifest.is_some() && other != index;
                if there && seen.insert((index.min(other), index.max(other))) {
                    conflicts.push((index, other));
                }
            }
        }
        for (one, other) in conflicts {
            let diagnostic = self.conflict(one, other);
            self.diagnostics.push(diagnostic);
        }
    }

    fn conflict(&self, one: usize, other: usize) -> Diagnostic {
        let (a, b) = (&self.names[one], &self.names[other]);
        let mut diagnostic = Diagnostic::error(
            Code::new("catalog::conflict"),
            format!("`{a}` and `{b}` can't be installed side by side"),
        )
        .help("ask for one of them only");
        for index in [one, other] {
            if self.found[index].wanted_by.is_some() {
                diagnostic = diagnostic.because(self.dragged_in(index));
            }
        }
        self.placed(diagnostic, one)
    }

    fn cycle(&self, cycle: &[usize]) -> Diagnostic {
        let names: Vec<&str> = cycle
            .iter()
            .chain(cycle.first())
            .map(|index| self.names[*index].as_str())
            .collect();
        let diagnostic = Diagnostic::error(
            Code::new("catalog::cycle"),
            format!(
                "extensions need each other in a circle: {}",
                names.join(" → ")
            ),
        )
        .help("drop one of these dependencies");
        let (last, first) = (cycle.last(), cycle.first());
        let place = last
            .zip(first)
            .and_then(|(by, name)| self.place_of_need(*by, *name));
        match place {
            Some(place) => diagnostic.at(place),
            None => diagnostic,
        }
    }

    fn unknown(&self, catalog: &Catalog, index: usize) -> Diagnostic {
        let name = &self.names[index];
        let code = Code::new("catalog::unknown-extension");
        let add = format!("write `extensions/{name}/extension.yaml` beside the config");
        let diagnostic = if known::EXTENSIONS.contains(&name.as_str()) {
            Diagnostic::error(
                code,
                format!("the extension `{name}` of version 3 is not in this version's catalog"),
            )
            .help(format!("to add it, {add}; a version 3 manifest works"))
        } else {
            let names = catalog.names();
            let near = did_you_mean(name.as_str(), names.iter().map(Name::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`? to add an extension, {add}"),
                None => format!("to add it, {add}"),
            };
            Diagnostic::error(code, format!("there is no extension `{name}`")).help(help)
        };
        let diagnostic = match self.found[index].wanted_by {
            Some(_) => diagnostic.because(self.dragged_in(index)),
            None => diagnostic,
        };
        self.placed(diagnostic, index)
    }

    fn dragged_in(&self, index: usize) -> String {
        let mut chain = vec![self.names[index].as_str()];
        let mut next = self.found[index].wanted_by;
        while let Some(by) = next {
            chain.push(self.names[by].as_str());
            next = self.found[by].wanted_by;
        }
        chain.reverse();
        format!(
            "`{}` comes in through {}",
            self.names[index],
            chain.join(" → ")
        )
    }

    /// Adds where an extension was asked for: in the config, or by the manifest that needs it.
    fn placed(&self, diagnostic: Diagnostic, index: usize) -> Diagnostic {
        let found = &self.found[index];
        let place = match found.wanted_by {
            None => found.place.clone(),
            Some(by) => self.place_of_need(by, index),
        };
        match place {
            Some(place) => diagnostic.at(place),
            None => diagnostic,
        }
    }

    fn place_of_need(&self, by: usize, name: usize) -> Option<Place> {
        let manifest = self.found[by].manifest.as_ref()?;
        let text = std::str::from_utf8(&manifest.folder.manifest).ok()?;
        let shown = format!("{}/{}", manifest.folder.shown, read::MANIFEST_FILE);
        let nth = manifest
            .dependencies
            .iter()
            .position(|d| *d == self.names[name])?;
        read::place(
            &Source::new(&shown, text),
            &format!("metadata/dependencies/{nth}"),
        )
    }
}
