//! A lock as a value: what each machine gets, and which content that is.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::address::Name;
use crate::catalog::embedded::Embedded;
use crate::catalog::manifest::Manifest;
use crate::catalog::read;
use crate::catalog::shelf::Shelf;
use crate::catalog::step::{Action, Download};
use crate::digest::Digest;

/// Which extensions the machines of a configuration get, and where each can be had again.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// What each machine gets; machines that are alike share it.
    pub machines: BTreeMap<Name, Arc<Set>>,
    /// The members of the carried profiles that are asked for.
    pub profiles: BTreeMap<Name, Vec<Name>>,
    /// Every content that a machine gets, by name, then by version.
    pub(super) pins: BTreeMap<Name, Vec<Pin>>,
}

/// The extensions of a machine, by the digest of what is run.
pub type Set = BTreeMap<Name, Digest>;

/// One content of an extension.
#[derive(Clone, Debug)]
pub struct Pin {
    /// The manifest's version.
    pub version: String,
    /// The digest of manifest and files.
    pub content: Digest,
    /// Where it was taken from.
    pub origin: Origin,
    /// The versions that tools told of which the manifest names a range, by tool.
    pub tools: BTreeMap<String, String>,
    /// The checksums that a publisher's list named when it was installed, by download and
    /// architecture.
    pub checksums: BTreeMap<(String, String), String>,
    /// The manifest and files themselves, of what the program carries.
    pub(super) body: Body,
}

/// Where an extension is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The program carries it.
    Carried,
    /// It stands beside the configuration, and is versioned with it.
    Beside,
}

impl Lock {
    /// Whether no machine gets an extension: then there is no file.
    pub fn is_empty(&self) -> bool {
        self.machines.is_empty()
    }

    /// A machine's pin of an extension.
    pub fn pin_of(&self, machine: &Name, extension: &Name) -> Option<&Pin> {
        let content = self.machines.get(machine)?.get(extension)?;
        self.pin(extension, content)
    }

    /// The pin of a content.
    pub fn pin(&self, name: &Name, content: &Digest) -> Option<&Pin> {
        self.pins
            .get(name)?
            .iter()
            .find(|pin| pin.content == *content)
    }

    /// Whether it pins an extension that the program carries in a version.
    pub fn has_version(&self, name: &Name, version: &str) -> bool {
        let mut pins = self.pins.get(name).into_iter().flatten();
        pins.any(|pin| pin.version == version && pin.origin == Origin::Carried)
    }

    /// For machines that the lock doesn't name: of each extension the latest version.
    pub fn latest(&self) -> Set {
        let latest = |(name, pins): (&Name, &Vec<Pin>)| {
            let pin = pins.iter().max_by_key(|pin| ordered(&pin.version))?;
            Some((name.clone(), pin.content.clone()))
        };
        self.pins.iter().filter_map(latest).collect()
    }

    /// Adds the content of a manifest, keeping what an earlier lock knew of it.
    pub fn add(&mut self, manifest: &Manifest, origin: Origin, before: Option<&Self>) {
        if self.pin(&manifest.name, &manifest.content).is_some() {
            return;
        }
        let known = before.and_then(|lock| lock.pin(&manifest.name, &manifest.content));
        let (tools, checksums) = known.map_or_else(Default::default, |pin| {
            (pin.tools.clone(), pin.checksums.clone())
        });
        let body = match (origin, known.map(|pin| &pin.body)) {
            (Origin::Beside, _) => Body::None,
            // What stands in the file already is written back byte for byte.
            (Origin::Carried, Some(body @ Body::Text(_))) => body.clone(),
            (Origin::Carried, _) => Body::Folder(Arc::clone(&manifest.folder)),
        };
        self.put(
            &manifest.name,
            Pin {
                version: manifest.version.clone(),
                content: manifest.content.clone(),
                origin,
                tools,
                checksums,
                body,
            },
        );
    }

    pub(super) fn put(&mut self, name: &Name, pin: Pin) {
        let pins = self.pins.entry(name.clone()).or_default();
        pins.push(pin);
        pins.sort_by(|a, b| {
            let versions = ordered(&a.version).cmp(&ordered(&b.version));
            versions.then_with(|| a.content.cmp(&b.content))
        });
    }

    /// A manifest of which the downloads that only a publisher's list vouches for are verified by what
    /// it listed at their first installation.
    pub fn verified(&self, manifest: &Arc<Manifest>) -> Arc<Manifest> {
        let pin = self.pin(&manifest.name, &manifest.content);
        let Some(pin) = pin.filter(|pin| !pin.checksums.is_empty()) else {
            return Arc::clone(manifest);
        };
        let mut filled = Manifest::clone(manifest);
        for step in &mut filled.steps {
            if let Action::Binary { downloads } = &mut step.action {
                for download in downloads.iter_mut().filter(|one| one.sha256.is_none()) {
                    download.sha256 = pin.checksum(download);
                }
            }
        }
        Arc::new(filled)
    }

    /// Notes what an installation resolved: the versions of tools of which the manifest names a range,
    /// and the checksums that publishers listed. What is known already stays.
    pub fn learn(
        &mut self,
        name: &Name,
        content: &Digest,
        tools: impl IntoIterator<Item = (String, String)>,
        checksums: impl IntoIterator<Item = ((String, String), String)>,
    ) {
        let pins = self.pins.get_mut(name).into_iter().flatten();
        let mut fitting = pins.filter(|pin| pin.content == *content);
        if let Some(pin) = fitting.next() {
            for (tool, version) in tools {
                pin.tools.entry(tool).or_insert(version);
            }
            for (download, sum) in checksums {
                pin.checksums.entry(download).or_insert(sum);
            }
        }
    }

    /// What became true of a lock that was to be written, told by where its changes ended well: there
    /// the new one holds, elsewhere the one before.
    #[must_use]
    pub fn settled(
        &self,
        before: Option<&Self>,
        ended_well: &dyn Fn(&Name, &Name) -> bool,
        stands: &dyn Fn(&Name, &Name) -> bool,
    ) -> Self {
        let mut settled = Self {
            profiles: self.profiles.clone(),
            ..Self::default()
        };
        let earlier = |machine: &Name| before.and_then(|lock| lock.machines.get(machine));
        let known: std::collections::BTreeSet<&Name> = self
            .machines
            .keys()
            .chain(before.iter().flat_map(|lock| lock.machines.keys()))
            .collect();
        for machine in known {
            let (new, old) = (self.machines.get(machine), earlier(machine));
            let mut set = Set::new();
            for (name, content) in new.iter().flat_map(|set| set.iter()) {
                let was = old.and_then(|set| set.get(name));
                let now = if ended_well(machine, name) {
                    Some(content)
                } else {
                    was
                };
                set.extend(now.map(|content| (name.clone(), content.clone())));
            }
            for (name, content) in old.iter().flat_map(|set| set.iter()) {
                let dropped = new.is_none_or(|set| !set.contains_key(name));
                if dropped && stands(machine, name) {
                    set.insert(name.clone(), content.clone());
                }
            }
            for (name, content) in &set {
                let pin = self
                    .pin(name, content)
                    .or_else(|| before.and_then(|lock| lock.pin(name, content)));
                if let Some(pin) = pin.filter(|_| settled.pin(name, content).is_none()) {
                    settled.put(name, pin.clone());
                }
            }
            if !set.is_empty() {
                let shared = new.filter(|new| ***new == set).map(Arc::clone);
                let shared = shared.or_else(|| old.filter(|old| ***old == set).map(Arc::clone));
                settled
                    .machines
                    .insert(machine.clone(), shared.unwrap_or_else(|| Arc::new(set)));
            }
        }
        settled
    }
}

impl Pin {
    fn checksum(&self, download: &Download) -> Option<String> {
        let fits = |(name, arch): &(String, String)| {
            *name == download.name && download.arch.is_none_or(|one| one.as_str() == arch)
        };
        let mut known = self.checksums.iter();
        known.find(|(of, _)| fits(of)).map(|(_, sum)| sum.clone())
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        let kept = |pin: &Self| !matches!(pin.body, Body::None);
        self.version == other.version
            && self.content == other.content
            && self.origin == other.origin
            && self.tools == other.tools
            && self.checksums == other.checksums
            && kept(self) == kept(other)
    }
}

impl PartialEq for Lock {
    /// Whether both say the same: the digests stand for the content.
    fn eq(&self, other: &Self) -> bool {
        (&self.machines, &self.profiles, &self.pins)
            == (&other.machines, &other.profiles, &other.pins)
    }
}

/// A version as its numbers, so that 1.10.0 follows 1.9.0.
pub(super) fn ordered(version: &str) -> Vec<(u64, &str)> {
    version
        .split(['.', '-', '+'])
        .map(|part| (part.parse().unwrap_or(u64::MAX), part))
        .collect()
}

/// Where a manifest was taken from: what neither the program nor a lock has stands beside the
/// configuration. A copy there of what is carried counts as carried.
pub fn origin(manifest: &Manifest, lock: Option<&Lock>) -> Origin {
    let kept = lock.and_then(|lock| lock.pin(&manifest.name, &manifest.content));
    if let Some(pin) = kept {
        return pin.origin;
    }
    let carried = Embedded.folder(&manifest.name).ok().flatten();
    match carried.filter(|carried| read::content(carried) == manifest.content) {
        Some(_) => Origin::Carried,
        None => Origin::Beside,
    }
}
