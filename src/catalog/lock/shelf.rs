//! The shelf that a machine's extensions are taken from where a lock says which they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::model::{Lock, Origin, Set};
use crate::address::Name;
use crate::catalog::embedded::Embedded;
use crate::catalog::read;
use crate::catalog::shelf::{Folder, ProfileFile, Shelf};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// What an upgrade lets go of: there the catalog counts, not the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Moving {
    /// Nothing.
    #[default]
    Nothing,
    /// These extensions; none named: all, and the members of profiles.
    Extensions {
        /// Their names.
        names: BTreeSet<Name>,
        /// The one machine in which they move.
        machine: Option<Name>,
    },
}

impl Moving {
    /// Whether a machine is one in which something moves.
    pub fn concerns(&self, machine: &Name) -> bool {
        match self {
            Self::Nothing => false,
            Self::Extensions { machine: one, .. } => one.as_ref().is_none_or(|one| one == machine),
        }
    }

    /// Whether the members of profiles move too.
    pub fn moves_profiles(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Extensions { names, machine } => names.is_empty() && machine.is_none(),
        }
    }

    fn moves(&self, name: &Name) -> bool {
        match self {
            Self::Nothing => false,
            Self::Extensions { names, .. } => names.is_empty() || names.contains(name),
        }
    }
}

/// What stands beside the configuration, then what a lock keeps; the rest is the catalog's.
pub struct Pinned {
    beside: Arc<dyn Shelf>,
    lock: Arc<Lock>,
    /// The machine's own, where the lock names it.
    own: Option<Arc<Set>>,
    /// What the lock has for machines that it doesn't name.
    others: Arc<Set>,
    moving: Moving,
}

impl Pinned {
    /// The shelf of machines that a lock gives the same; of none where it doesn't name them.
    pub fn new(
        beside: Arc<dyn Shelf>,
        lock: Arc<Lock>,
        own: Option<Arc<Set>>,
        others: Arc<Set>,
        moving: Moving,
    ) -> Self {
        Self {
            beside,
            lock,
            own,
            others,
            moving,
        }
    }
}

impl Shelf for Pinned {
    fn folder(&self, name: &Name) -> Result<Option<Folder>, Diagnostics> {
        if let Some(folder) = self.beside.folder(name)? {
            return Ok(Some(folder));
        }
        if self.moving.moves(name) {
            return Ok(None);
        }
        let own = self.own.as_ref().and_then(|own| own.get(name));
        let Some(content) = own.or_else(|| self.others.get(name)) else {
            return Ok(None);
        };
        let pin = self.lock.pin(name, content);
        let Some(pin) = pin.filter(|pin| pin.origin == Origin::Carried) else {
            return Ok(None);
        };
        let carried = Embedded.folder(name)?;
        if let Some(carried) = carried
            && read::content(&carried) == *content
        {
            return Ok(Some(carried));
        }
        match self.lock.folder(name, content)? {
            Some(folder) => Ok(Some(folder)),
            None => Err(vec![moved(name, &pin.version, content.short())]),
        }
    }

    fn names(&self) -> Vec<Name> {
        let mut names: BTreeSet<Name> = self.beside.names().into_iter().collect();
        names.extend(self.own.iter().flat_map(|own| own.keys().cloned()));
        names.into_iter().collect()
    }

    fn profile(&self, name: &Name) -> Result<Option<ProfileFile>, Diagnostics> {
        self.beside.profile(name)
    }

    fn profile_names(&self) -> Vec<Name> {
        self.beside.profile_names()
    }
}

/// The lock names a content that neither it nor the catalog has.
fn moved(name: &Name, version: &str, content: &str) -> Diagnostic {
    let now = Embedded
        .folder(name)
        .ok()
        .flatten()
        .and_then(|folder| read::manifest(name, folder).ok());
    let carried = match now {
        Some(now) => format!(
            "this sindri carries {} (sha256:{})",
            now.version,
            now.content.short()
        ),
        None => "this sindri carries none of that name".to_owned(),
    };
    Diagnostic::error(
        Code::new("catalog::lock-moved"),
        format!(
            "the lock pins `{name}` {version} (sha256:{content}), and doesn't hold its content"
        ),
    )
    .because(carried)
    .help(format!(
        "put the lock back as it was committed, or move it: `sindri extension upgrade {name}`"
    ))
}
