//! From the extensions asked for to all that must be installed, in the order of their dependencies.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::choose;
use super::known;
use super::library::{Catalog, Entry};
use super::manifest::Manifest;
use super::read;
use super::renamed;
use crate::address::Name;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place, Source, did_you_mean};

/// An extension asked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: Name,
    /// The tools of it that are asked for; none: all.
    pub tools: Option<Vec<Pick>>,
    /// Where it is asked for.
    pub place: Option<Place>,
}

impl Wanted {
    /// All of an extension.
    pub fn whole(name: Name, place: Option<Place>) -> Self {
        Self {
            name,
            tools: None,
            place,
        }
    }
}

/// A tool asked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Its name, as the manifest's steps have it.
    pub tool: String,
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
    /// Those of them that it could do without.
    pub soft: Vec<Name>,
    /// The tools of it that are installed, in the manifest's order; empty: all.
    pub tools: Vec<String>,
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

/// A soft dependency that isn't installed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DoneWithout {
    /// The extension that is better with it.
    pub(super) by: Name,
    /// The dependency.
    pub(super) name: Name,
    /// Why it can't be installed.
    pub(super) reason: String,
    /// What a person should know.
    pub(super) without: String,
}

/// Says why an extension can't be installed beside those there are; none where it can.
pub(super) type Judge<'a> = dyn FnMut(&Name, &[&Manifest]) -> Option<String> + 'a;

/// Resolves what is asked for; where a diagnostic is an error, the resolution is incomplete.
///
/// Soft dependencies are left alone: whether they can be installed depends on the machine, which
/// [`select`](super::select()) knows.
pub fn resolve(catalog: &Catalog, wanted: &[Wanted]) -> (Resolution, Diagnostics) {
    let mut closure = Closure::default();
    closure.gather(catalog, wanted);
    closure.resolution()
}

/// Resolves what is asked for, with the soft dependencies that a judge finds nothing against.
pub(super) fn resolve_softly(
    catalog: &Catalog,
    wanted: &[Wanted],
    judge: &mut Judge<'_>,
) -> (Resolution, Diagnostics, Vec<DoneWithout>) {
    let mut closure = Closure::default();
    closure.gather(catalog, wanted);
    let without = closure.soften(catalog, judge);
    let (resolution, diagnostics) = closure.resolution();
    (resolution, diagnostics, without)
}

/// The name that stands for an extension today: its own, unless no shelf has that any longer.
pub(super) fn today(catalog: &Catalog, name: &Name) -> Name {
    let gone = |name: &Name| matches!(catalog.entry(name), Ok(None));
    match renamed::successor(name) {
        Some(now) if gone(name) && !gone(&now) => now,
        Some(_) | None => name.clone(),
    }
}

/// An extension met while gathering.
struct Found {
    manifest: Option<Arc<Manifest>>,
    /// What must stand before it, soft dependencies among them.
    dependencies: Vec<usize>,
    /// Those of them that it could do without.
    soft: Vec<usize>,
    tools: Option<Vec<Pick>>,
    wanted_by: Option<usize>,
    place: Option<Place>,
}

#[derive(Default)]
struct Closure {
    names: Vec<Name>,
    index: HashMap<Name, usize>,
    found: Vec<Found>,
    /// How many of them were read.
    read: usize,
    diagnostics: Diagnostics,
}

impl Closure {
    /// Reads everything reachable, level by level, so that a level is read side by side.
    fn gather(&mut self, catalog: &Catalog, wanted: &[Wanted]) {
        for one in wanted {
            let index = self.meet(catalog, &one.name, None, one.place.as_ref());
            // What a list says of an extension holds for one that a profile names, too.
            if one.tools.is_some() {
                self.found[index].tools.clone_from(&one.tools);
            }
        }
        self.read_on(catalog);
    }

    fn read_on(&mut self, catalog: &Catalog) {
        while self.read < self.names.len() {
            let (start, end) = (self.read, self.names.len());
            let level = self.names[start..end].to_vec();
            for (index, entry) in (start..end).zip(catalog.entries(&level)) {
                self.take(catalog, index, entry);
            }
            self.read = end;
        }
    }

    /// Brings in the soft dependencies that the judge finds nothing against; tells of the others.
    fn soften(&mut self, catalog: &Catalog, judge: &mut Judge<'_>) -> Vec<DoneWithout> {
        let mut without = Vec::new();
        let mut index = 0;
        while index < self.found.len() {
            let manifest = self.found[index].manifest.clone();
            for soft in manifest.iter().flat_map(|m| &m.soft_dependencies) {
                let name = today(catalog, &soft.name);
                if !self.index.contains_key(&name) {
                    let there: Vec<&Manifest> = self
                        .found
                        .iter()
                        .filter_map(|found| found.manifest.as_deref())
                        .collect();
                    if let Some(reason) = judge(&name, &there) {
                        without.push(DoneWithout {
                            by: self.names[index].clone(),
                            name,
                            reason,
                            without: soft.without.clone(),
                        });
                        continue;
                    }
                }
                let on = self.meet(catalog, &name, Some(index), None);
                self.read_on(catalog);
                // What needs this extension itself comes after it, soft or not.
                if on != index
                    && !self.found[index].dependencies.contains(&on)
                    && !self.reaches(on, index)
                {
                    self.found[index].dependencies.push(on);
                    self.found[index].soft.push(on);
                }
            }
            index += 1;
        }
        without
    }

    /// Whether one extension needs another, however far down.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.found.len()];
        let mut open = vec![from];
        while let Some(index) = open.pop() {
            if index == to {
                return true;
            }
            if !std::mem::replace(&mut seen[index], true) {
                open.extend(&self.found[index].dependencies);
            }
        }
        false
    }

    /// What was gathered, in order, and what was found on the way.
    fn resolution(mut self) -> (Resolution, Diagnostics) {
        let order = self.order();
        self.conflicts();
        let chosen = self.chosen();
        let named = |indices: &[usize]| -> Vec<Name> {
            let names = indices.iter().map(|index| self.names[*index].clone());
            names.collect()
        };
        let extensions = order
            .into_iter()
            .filter_map(|index| {
                let found = &self.found[index];
                Some(Resolved {
                    manifest: Arc::clone(found.manifest.as_ref()?),
                    requires: named(&found.dependencies),
                    soft: named(&found.soft),
                    tools: chosen[index].clone(),
                    wanted_by: found.wanted_by.map(|by| self.names[by].clone()),
                    place: found.place.clone(),
                })
            })
            .collect();
        (Resolution { extensions }, self.diagnostics)
    }

    fn meet(
        &mut self,
        catalog: &Catalog,
        name: &Name,
        wanted_by: Option<usize>,
        place: Option<&Place>,
    ) -> usize {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let now = today(catalog, name);
        if now != *name {
            let mut note = Diagnostic::advice(
                Code::new("catalog::renamed"),
                format!("`{name}` is `{now}` today, and that is installed"),
            )
            .help(format!("write `{now}`"));
            note.place = place.cloned();
            self.diagnostics.push(note);
            let index = self.meet(catalog, &now, wanted_by, place);
            self.index.insert(name.clone(), index);
            return index;
        }
        let index = self.names.len();
        self.names.push(name.clone());
        self.index.insert(name.clone(), index);
        self.found.push(Found {
            manifest: None,
            dependencies: Vec::new(),
            soft: Vec::new(),
            tools: None,
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
                    .map(|name| self.meet(catalog, name, Some(index), None))
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

    /// The tools chosen of each extension; tools that it hasn't become diagnostics.
    fn chosen(&mut self) -> Vec<Vec<String>> {
        let mut unknown = Vec::new();
        let each = self.found.iter().map(|found| {
            let manifest = found.manifest.as_ref()?;
            let (tools, findings) = choose::choose(manifest, found.tools.as_deref()?);
            unknown.extend(findings);
            Some(tools)
        });
        let chosen = each.map(Option::unwrap_or_default).collect();
        self.diagnostics.extend(unknown);
        self.diagnostics.extend(self.unknown_needs());
        chosen
    }

    /// Tools that manifests say they need of others, which these haven't.
    fn unknown_needs(&self) -> Diagnostics {
        let mut unknown = Vec::new();
        for (by, found) in self.found.iter().enumerate() {
            let needs = found.manifest.iter().flat_map(|one| &one.needs_tools);
            for (name, tools) in needs {
                let on = self.index.get(name).copied();
                let Some((on, other)) =
                    on.and_then(|on| Some((on, self.found[on].manifest.as_deref()?)))
                else {
                    continue;
                };
                let there = other.tools();
                for tool in tools.iter().filter(|tool| !there.contains(&tool.as_str())) {
                    let mut finding = choose::unknown(other, tool)
                        .because(format!("`{}` says that it needs it", self.names[by]));
                    finding.place = self.place_of_need(by, on);
                    unknown.push(finding);
                }
            }
        }
        unknown
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
