//! A project: its configuration read, its extensions resolved, its resources wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ground::gpu_not_sold;
use super::lockfile::Lockfile;
use super::outbound;
use super::resolver::{Resolver, is_unresolved};
use super::shelf::DirectoryShelf;
use crate::address::{Address, Name};
use crate::catalog::{Catalog, Manifest, Manifests, Moving, Outlook};
use crate::config::{self, Config, Distro, Overrides};
use crate::desired::{self, Desired, Inputs};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::install;
use crate::resource::{Outbound, ProviderKind, Spec};
use crate::state::State;
use crate::sys::{Environment, files};

/// The most bytes read of a configuration; a larger one is refused by its reader.
const CONFIG_MAX: u64 = config::SIZE_MAX as u64 + 1;

/// A project as its files describe it.
pub struct Project {
    /// What the configuration means.
    pub config: Config,
    /// What it asks for.
    pub desired: Desired,
    /// The manifests of every extension wanted.
    pub manifests: Manifests,
    /// What the extensions of machines that are alike come to.
    pub outlooks: Vec<Outlook>,
    /// The lock beside it.
    pub lockfile: Lockfile,
    /// How machines reach the network, where that isn't plainly.
    pub outbound: BTreeMap<Name, Arc<Outbound>>,
    /// What was found while reading; errors forbid a plan, some of them unless allowed.
    pub findings: Diagnostics,
    /// The digest of the configuration's text.
    pub digest: Digest,
    /// The configuration's directory.
    pub directory: PathBuf,
}

/// Reads a project; without a meaning there are only findings.
pub fn load(
    path: &Path,
    shown: &str,
    overrides: Overrides,
    moving: &Moving,
    environment: &Environment,
) -> Result<Project, Diagnostics> {
    let bytes = read(path, shown)?;
    load_bytes(path, shown, &bytes, overrides, moving, environment)
}

/// The bytes of a configuration.
pub(super) fn read(path: &Path, shown: &str) -> Result<Vec<u8>, Diagnostics> {
    files::read_file(path, CONFIG_MAX).map_err(|error| unreadable(path, shown, &error))
}

/// Reads a project whose configuration is these bytes, as if they stood in the file.
pub(super) fn load_bytes(
    path: &Path,
    shown: &str,
    bytes: &[u8],
    overrides: Overrides,
    moving: &Moving,
    environment: &Environment,
) -> Result<Project, Diagnostics> {
    let (config, mut findings) = config::read_bytes(shown, bytes, overrides);
    let Some(config) = config else {
        return Err(findings);
    };
    let directory = directory_of(path);
    let mut lockfile = Lockfile::beside(path, shown);
    let beside = DirectoryShelf::beside(&directory);
    let mut extensions = Resolver::new(beside, lockfile.before.clone(), moving);
    let image = |distro| default_image(distro, environment);
    let (desired, built) = desired::build(
        &config,
        Inputs {
            extensions: &mut |machine, wanted| extensions.of(machine, wanted),
            image: &image,
        },
    );
    let mut desired = desired;
    locate_imports(&mut desired, &directory);
    let unresolved = is_unresolved(&extensions.findings);
    // Extensions that can't be resolved leave holes in the graph, which say nothing new.
    findings.extend(
        built
            .into_iter()
            .filter(|found| !(unresolved && found.code == Code::new("desired::graph"))),
    );
    findings.extend(config.machines.iter().filter_map(gpu_not_sold));
    findings.append(&mut extensions.findings);
    findings.extend(lockfile.findings.iter().cloned());
    lockfile.after = extensions.after;
    lockfile.complete = !unresolved;
    findings.extend(installable(&config, &desired, &extensions.manifests));
    let (outbound, found) = outbound::read(&config, &directory);
    findings.extend(found);
    Ok(Project {
        desired,
        manifests: extensions.manifests,
        outlooks: extensions.outlooks,
        lockfile,
        outbound,
        findings,
        digest: Digest::of_bytes(bytes),
        directory,
        config,
    })
}

/// Makes the paths of directories that are imported on this host whole.
pub fn locate_imports(desired: &mut Desired, directory: &Path) {
    let mut imports = std::mem::take(&mut desired.transitions.imports);
    for import in &mut imports {
        let wanted = desired.get(&import.to);
        let provider = wanted.and_then(|wanted| wanted.spec.provider());
        if provider == Some(ProviderKind::Local)
            && Path::new(&import.id).is_relative()
            && let Ok((there, rest)) = files::resolve(&directory.join(&import.id))
        {
            let whole = if rest == Path::new("") {
                there
            } else {
                there.join(rest)
            };
            import.id = whole.to_string_lossy().into_owned();
        }
    }
    desired.transitions.imports = imports;
}

/// The catalog of a configuration in this directory: what stands beside it, then what is embedded.
pub fn catalog_beside(directory: &Path) -> Catalog {
    Catalog::new(Arc::new(DirectoryShelf::beside(directory)))
}

/// The directory a configuration stands in.
pub fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// The image where the configuration names none; `SINDRI_DEFAULT_IMAGE` overrides it.
///
/// Public multi-architecture images by digest; a distribution without an entry must be named.
pub fn default_image(distro: Distro, environment: &Environment) -> Option<String> {
    if let Some(image) = environment.get("SINDRI_DEFAULT_IMAGE") {
        return Some(image.to_owned());
    }
    let reference = match distro {
        Distro::Ubuntu => {
            "ubuntu:24.04@sha256:66460d557b25769b102175144d538d88219c077c678a49af4afca6fbfc1b5252"
        }
        Distro::Debian => {
            "debian:bookworm@sha256:d01662367b48fc3bd42f389af59f2b39e20652b8f4be4130f80d1ac223d7eb27"
        }
        Distro::Fedora | Distro::Opensuse => return None,
    };
    Some(reference.to_owned())
}

pub(super) fn unreadable(path: &Path, shown: &str, error: &std::io::Error) -> Diagnostics {
    let directory = directory_of(path);
    let found = if !files::entry(&directory).is_ok_and(|entry| entry != files::Entry::Absent) {
        Diagnostic::error(
            Code::new("config::missing"),
            format!("there is no directory `{}`", directory.display()),
        )
        .help("look at what `-C` or `-c` names")
    } else if error.kind() == std::io::ErrorKind::NotFound {
        Diagnostic::error(
            Code::new("config::missing"),
            format!("there is no `{shown}` here"),
        )
        .help("`sindri config init` writes one; `-c FILE` or `-C DIR` names another")
    } else if error.kind() == std::io::ErrorKind::FileTooLarge {
        Diagnostic::error(
            Code::new("config::too-large"),
            format!("`{shown}` is larger than {} KiB", config::SIZE_MAX / 1024),
        )
        .help("a configuration is written by people; is this the right file?")
    } else {
        Diagnostic::error(
            Code::new("config::unreadable"),
            format!("`{shown}` can't be read"),
        )
        .because(error.to_string())
    };
    vec![found]
}

/// Checks that what is wanted can be installed where it is wanted, each kind of machine once.
fn installable(config: &Config, desired: &Desired, manifests: &Manifests) -> Diagnostics {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    let by_machine = by_machine(desired);
    for machine in &config.machines {
        let key = (
            Arc::as_ptr(&machine.extensions) as usize,
            Arc::as_ptr(&machine.settings) as usize,
        );
        let Some(spec) = desired.machine(&machine.name).filter(|_| seen.insert(key)) else {
            continue;
        };
        let names = by_machine.get(&machine.name).into_iter().flatten();
        let wanted = names
            .filter_map(|(name, content)| manifests.exact(name, content))
            .map(|found| &**found);
        findings.extend(install::check(&machine.name, spec, wanted));
    }
    findings
}

fn by_machine(desired: &Desired) -> BTreeMap<&Name, Vec<(&Name, &Digest)>> {
    let mut lists: BTreeMap<&Name, Vec<(&Name, &Digest)>> = BTreeMap::new();
    for wanted in desired.resources() {
        if let (Address::Extension(machine, name), Spec::Extension(spec)) =
            (&wanted.address, &*wanted.spec)
        {
            let list = lists.entry(machine).or_default();
            list.push((name, &spec.content));
        }
    }
    lists
}

impl Project {
    /// The manifest with which an extension is wanted in a machine.
    pub(super) fn manifest(&self, machine: &Name, extension: &Name) -> Option<&Arc<Manifest>> {
        let address = Address::Extension(machine.clone(), extension.clone());
        let wanted = self.desired.get(&address);
        self.manifests
            .of(extension, wanted.map(|wanted| &*wanted.spec))
    }

    /// Adds the manifests of recorded extensions, so that they can be looked at and removed: with the
    /// content that is recorded where the lock keeps it, else as the catalog has them.
    ///
    /// One that nobody has any longer is left out: its record can only be dropped.
    pub fn remember(&mut self, state: &State) {
        let catalog = catalog_beside(&self.directory);
        for (address, record) in &state.resources {
            let Address::Extension(_, name) = address else {
                continue;
            };
            let recorded = record
                .current
                .as_ref()
                .and_then(|object| object.spec.extension())
                .map(|spec| &spec.content);
            if let Some(content) = recorded {
                if self.manifests.exact(name, content).is_some() {
                    continue;
                }
                if let Some(lock) = &self.lockfile.before
                    && let Ok(Some(kept)) = lock.manifest(name, content)
                {
                    self.manifests.insert(Arc::new(kept));
                    continue;
                }
            }
            if self.manifests.first(name).is_none()
                && let Ok(Some(manifest)) = catalog.manifest(name)
            {
                self.manifests.insert(manifest);
            }
        }
    }
}
