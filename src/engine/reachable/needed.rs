//! Which hosts are needed, by whom, and by which way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::Name;
use crate::catalog::Install;
use crate::engine::Project;
use crate::resource::Outbound;

/// What machines that reach the network by the same way need of it.
#[derive(Clone, Debug)]
pub struct Needed {
    /// The machines.
    pub machines: BTreeSet<Name>,
    /// Their way.
    pub outbound: Arc<Outbound>,
    /// The hosts, each with the extensions that are installed from it.
    pub hosts: BTreeMap<String, Vec<Name>>,
}

/// The hosts of everything that would be installed.
pub fn hosts_needed(project: &Project) -> Vec<Needed> {
    let mut all: Vec<Needed> = Vec::new();
    for outlook in &project.outlooks {
        for machine in &outlook.machines {
            let outbound = project.outbound.get(machine).cloned().unwrap_or_default();
            let same = all.iter().position(|one| one.outbound == outbound);
            let index = same.unwrap_or_else(|| {
                all.push(Needed {
                    machines: BTreeSet::new(),
                    outbound,
                    hosts: BTreeMap::new(),
                });
                all.len() - 1
            });
            let needed = &mut all[index];
            needed.machines.insert(machine.clone());
            for install in &outlook.installs {
                needed.add(project, machine, install);
            }
        }
    }
    all
}

impl Needed {
    fn add(&mut self, project: &Project, machine: &Name, install: &Install) {
        let extension = &install.name;
        let manifest = project.manifest(machine, extension);
        for host in manifest.iter().flat_map(|m| m.domains_of(&install.tools)) {
            // A pattern names no host.
            if host.contains('*') {
                continue;
            }
            let by = self.hosts.entry(host.to_owned()).or_default();
            if !by.contains(extension) {
                by.push(extension.clone());
                by.sort();
            }
        }
    }

    /// The extensions that are installed from GitHub itself.
    pub(super) fn of_github(&self) -> Vec<Name> {
        let direct = |host: &&String| {
            (*host == "github.com" || *host == super::limit::API)
                && self.outbound.mirror_of(host).is_none()
        };
        let by: BTreeSet<&Name> = self
            .hosts
            .keys()
            .filter(direct)
            .flat_map(|host| &self.hosts[host])
            .collect();
        by.into_iter().cloned().collect()
    }
}

/// `one` is installed; `one` and `other` are installed.
pub(super) fn fetch(by: &[Name]) -> String {
    let names: Vec<String> = by.iter().map(|name| format!("`{name}`")).collect();
    match &*names {
        [one] => format!("{one} is installed"),
        [many @ .., last] => format!("{} and {last} are installed", many.join(", ")),
        [] => "nothing is installed".to_owned(),
    }
}
