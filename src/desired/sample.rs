//! Made-up projects for tests: random, but such as a person could write, and read as theirs are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use super::{Desired, Inputs, Installable, build};
use crate::address::{Name, NameRule};
use crate::catalog::{self, Catalog, Folder, Folders, Manifest};
use crate::config::{self, Config, Overrides};

/// How many extensions there are to choose from.
const EXTENSIONS: usize = 6;

/// A project in few words.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) machines: Vec<Machine>,
    /// Which earlier extensions each extension needs.
    pub(crate) needs: Vec<Vec<usize>>,
}

/// A machine in few words.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Whether it is wanted at all, so that another shape may drop it.
    pub(crate) wanted: bool,
    pub(crate) on_docker: bool,
    pub(crate) image: u8,
    pub(crate) memory: u8,
    pub(crate) cpus: u8,
    /// By number: the size in GB, where it is wanted.
    pub(crate) volumes: Vec<Option<u8>>,
    pub(crate) secrets: u8,
    pub(crate) extensions: Vec<usize>,
    /// Whether its replacement shall come first.
    pub(crate) create_first: bool,
    /// The machines that must stand before it.
    pub(crate) depends_on: Vec<usize>,
}

fn machine(index: usize, extensions: bool) -> impl Strategy<Value = Machine> {
    let most = if extensions { 3 } else { 0 };
    (
        prop::bool::weighted(0.85),
        any::<bool>(),
        (0..3_u8, 1..5_u8, 1..4_u8, any::<bool>()),
        prop::collection::vec(prop::option::of(1..6_u8), 2),
        0..3_u8,
        prop::collection::vec(0..EXTENSIONS, 0..=most),
        prop::collection::vec(any::<Index>(), 0..3),
    )
        .prop_map(
            move |(wanted, on_docker, plain, volumes, secrets, extensions, before)| Machine {
                wanted,
                on_docker,
                create_first: plain.3,
                image: plain.0,
                memory: plain.1,
                cpus: plain.2,
                volumes,
                secrets,
                extensions,
                depends_on: if index == 0 {
                    Vec::new()
                } else {
                    before.iter().map(|other| other.index(index)).collect()
                },
            },
        )
}

fn needs() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let below = (0..EXTENSIONS).map(|index| {
        prop::collection::vec(0..index.max(1), 0..3)
            .prop_map(move |needs| if index == 0 { Vec::new() } else { needs })
    });
    below.collect::<Vec<_>>()
}

/// A random project.
pub(crate) fn shape(machines: usize, extensions: bool) -> impl Strategy<Value = Shape> {
    (1..=machines).prop_flat_map(move |count| {
        let machines: Vec<_> = (0..count).map(|index| machine(index, extensions)).collect();
        (machines, needs()).prop_map(|(machines, needs)| Shape { machines, needs })
    })
}

/// A random project, and what becomes of it: machines and volumes come, go and change, but no
/// volume shrinks and no machine moves, which a plan would refuse.
pub(crate) fn edit(machines: usize, extensions: bool) -> impl Strategy<Value = (Shape, Shape)> {
    (1..=machines).prop_flat_map(move |count| {
        let some = || {
            (0..count)
                .map(|index| machine(index, extensions))
                .collect::<Vec<_>>()
        };
        (some(), some(), needs(), any::<bool>()).prop_map(|(before, mut after, needs, turned)| {
            if turned {
                turn(&mut after);
            }
            for (was, will) in before.iter().zip(&mut after) {
                will.on_docker = was.on_docker;
                for (was, will) in was.volumes.iter().zip(&mut will.volumes) {
                    if let (Some(was), Some(will)) = (was, will) {
                        *will = (*will).max(*was);
                    }
                }
            }
            let shape = |machines| Shape {
                machines,
                needs: needs.clone(),
            };
            (shape(before), shape(after))
        })
    })
}

/// Turns all dependencies round.
fn turn(machines: &mut [Machine]) {
    let last = machines.len() - 1;
    let turned: Vec<Vec<usize>> = (0..=last)
        .map(|index| {
            machines[last - index]
                .depends_on
                .iter()
                .map(|other| last - other)
                .collect()
        })
        .collect();
    for (machine, depends_on) in machines.iter_mut().zip(turned) {
        machine.depends_on = depends_on;
    }
}

impl Shape {
    /// The project as its `sindri.yaml`.
    pub(crate) fn yaml(&self) -> String {
        let mut text =
            "version: \"4.0\"\nname: team\ndeployment:\n  provider: local\nmachines:\n".to_owned();
        // A fleet has at least one machine.
        text.push_str("  always: { volumes: {} }\n");
        for (index, machine) in self.machines.iter().enumerate().filter(|(_, m)| m.wanted) {
            machine.write(index, &self.machines, &mut text).unwrap();
        }
        text
    }

    fn catalog(&self) -> Catalog {
        let mut folders = Folders::default();
        for (index, needs) in self.needs.iter().enumerate() {
            let needs: Vec<String> = needs.iter().map(|other| format!("e{other}")).collect();
            let manifest = format!(
                "metadata:\n  name: e{index}\n  version: 1.0.0\n  description: made up\n  \
                 category: devops\n  dependencies: [{}]\ninstall:\n  method: npm\n  npm:\n    \
                 package: e{index}@1.0.0\nvalidate:\n  commands:\n    - name: e{index}\n",
                needs.join(", ")
            );
            folders.extensions.insert(
                Name::parse(NameRule::Extension, &format!("e{index}")).unwrap(),
                Folder {
                    shown: Arc::from(format!("extensions/e{index}")),
                    manifest: Arc::from(manifest.as_bytes()),
                    files: Arc::new(BTreeMap::new()),
                },
            );
        }
        Catalog::new(Arc::new(folders))
    }

    /// The manifests of all its extensions, wanted or not.
    pub(crate) fn manifests(&self) -> BTreeMap<Name, Arc<Manifest>> {
        let catalog = self.catalog();
        let names = (0..self.needs.len())
            .map(|index| Name::parse(NameRule::Extension, &format!("e{index}")).unwrap());
        names
            .map(|name| (name.clone(), catalog.manifest(&name).unwrap().unwrap()))
            .collect()
    }

    /// What the project's file means.
    pub(crate) fn config(&self) -> Config {
        let yaml = self.yaml();
        let (config, findings) =
            config::read_bytes("sindri.yaml", yaml.as_bytes(), Overrides::default());
        assert!(findings.is_empty(), "{findings:#?}\n{yaml}");
        config.unwrap()
    }

    /// The resources it asks for.
    pub(crate) fn desired(&self) -> Desired {
        let catalog = self.catalog();
        let config = self.config();
        let (desired, findings) = build(
            &config,
            Inputs {
                extensions: &mut |_, wanted| installables(&catalog, wanted),
                image: &|_| None,
            },
        );
        assert!(findings.is_empty(), "{findings:#?}\n{}", self.yaml());
        desired
    }
}

fn installables(catalog: &Catalog, wanted: &config::Extensions) -> Arc<[Installable]> {
    let names: Vec<catalog::Wanted> = wanted
        .names
        .iter()
        .map(|extension| catalog::Wanted::whole(extension.name.clone(), extension.place.clone()))
        .collect();
    let (resolution, findings) = catalog::resolve(catalog, &names);
    assert!(findings.is_empty(), "{findings:#?}");
    resolution
        .extensions
        .iter()
        .map(|extension| Installable {
            manifest: Arc::clone(&extension.manifest),
            requires: extension.requires.clone(),
            tools: extension.tools.clone(),
        })
        .collect()
}

impl Machine {
    fn write(&self, index: usize, all: &[Self], out: &mut String) -> std::fmt::Result {
        writeln!(out, "  m{index}:")?;
        if self.on_docker {
            writeln!(
                out,
                "    provider: docker\n    image: debian:{}",
                12 + self.image
            )?;
        }
        let (memory, cpus) = (self.memory, self.cpus);
        writeln!(out, "    resources: {{ memory: {memory}GB, cpus: {cpus} }}")?;
        let base = if self.on_docker { "/data/" } else { "" };
        let volumes: Vec<String> = self
            .volumes
            .iter()
            .enumerate()
            .filter_map(|(number, size)| {
                size.map(|size| format!("v{number}: {{ path: {base}v{number}, size: {size}GB }}"))
            })
            .collect();
        writeln!(out, "    volumes: {{ {} }}", volumes.join(", "))?;
        let before: Vec<String> = self
            .depends_on
            .iter()
            .filter(|other| all[**other].wanted)
            .map(|other| format!("m{other}"))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        writeln!(out, "    dependsOn: [{}]", before.join(", "))?;
        let create_first = self.create_first;
        writeln!(
            out,
            "    lifecycle: {{ createBeforeDestroy: {create_first} }}"
        )?;
        let wanted: std::collections::BTreeSet<String> = self
            .extensions
            .iter()
            .map(|number| format!("e{number}"))
            .collect();
        let wanted: Vec<String> = wanted.into_iter().collect();
        writeln!(out, "    extensions: {{ active: [{}] }}", wanted.join(", "))?;
        let secrets: Vec<String> = (0..self.secrets)
            .map(|number| format!("{{ name: S{number}, source: env, required: true }}"))
            .collect();
        writeln!(out, "    secrets: [{}]", secrets.join(", "))
    }
}
