//! The catalog as the commands about extensions and profiles see it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::address::{Name, NameRule};
use crate::catalog::{self, Catalog, Lock, Manifest, Resolution, Wanted};
use crate::cli::session::Session;
use crate::config::Overrides;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::engine;
use crate::render::ExtensionEntry;
use crate::resource::ProviderKind;
use crate::state::Object;
use crate::sys::files;

/// The catalog, and the providers it is looked at from.
pub(super) struct Browsed {
    pub(super) catalog: Catalog,
    /// The providers of the configuration's machines, each once; none where none stands here.
    pub(super) providers: Vec<ProviderKind>,
    /// The extensions that stand beside the configuration.
    own: BTreeSet<Name>,
    /// What the configuration's lock pins.
    lock: Option<Arc<Lock>>,
}

impl Browsed {
    /// Opens the catalog; a configuration needn't be there, but one that is must be readable.
    pub(super) fn open(session: &Session) -> Result<Self, Diagnostics> {
        let directory = engine::directory_of(&session.config);
        let catalog = engine::catalog_beside(&directory);
        let absent = |path: &Path| {
            files::entry(path).is_ok_and(|entry| matches!(entry, files::Entry::Absent))
        };
        let project =
            if session.is_default_config() && absent(&session.config) && !absent(&directory) {
                None
            } else {
                Some(session.project(Overrides::default())?)
            };
        let providers: BTreeSet<ProviderKind> = project
            .iter()
            .flat_map(|project| project.config.machines.iter())
            .map(|machine| machine.provider)
            .collect();
        Ok(Self {
            own: catalog.own_names(),
            lock: project.and_then(|project| project.lockfile.before),
            providers: providers.into_iter().collect(),
            catalog,
        })
    }

    /// Every manifest that can be read, and what is wrong with the others.
    pub(super) fn manifests(&self) -> (Vec<Arc<Manifest>>, Diagnostics) {
        let mut all = Vec::new();
        let mut findings = Vec::new();
        for name in self.catalog.names() {
            match self.catalog.manifest(&name) {
                Ok(found) => all.extend(found),
                Err(mut found) => findings.append(&mut found),
            }
        }
        (all, findings)
    }

    /// What is shown of an extension in a list.
    pub(super) fn entry(&self, manifest: Arc<Manifest>) -> ExtensionEntry {
        let (resolution, _) = self.resolve(&manifest.name);
        let verdicts = |providers: &[ProviderKind]| {
            providers
                .iter()
                .map(|&provider| (provider, resolution.verdict(provider)))
                .collect()
        };
        ExtensionEntry {
            beside: self.own.contains(&manifest.name),
            here: verdicts(&self.providers),
            everywhere: verdicts(&ProviderKind::ALL),
            installed: Vec::new(),
            resolution,
            manifest,
        }
    }

    /// An extension with all that it needs.
    pub(super) fn resolve(&self, name: &Name) -> (Resolution, Diagnostics) {
        let wanted = Wanted::whole(name.clone(), None);
        catalog::resolve(&self.catalog, &[wanted])
    }

    /// An extension with the content that a machine has of it, where anybody knows that, else as the
    /// catalog has it.
    pub(super) fn installed(
        &self,
        name: &Name,
        object: &Object,
    ) -> Result<Arc<Manifest>, Diagnostics> {
        let found = self.find(name.as_str());
        let Some(spec) = object.spec.extension() else {
            return found;
        };
        if let Some(lock) = &self.lock
            && !found.as_ref().is_ok_and(|one| one.content == spec.content)
            && let Some(kept) = lock.manifest(name, &spec.content)?
        {
            return Ok(Arc::new(kept));
        }
        found
    }

    /// The extension that was typed.
    pub(super) fn find(&self, typed: &str) -> Result<Arc<Manifest>, Diagnostics> {
        let name = parsed(typed, "extension", &self.catalog.names())?;
        if let Some(manifest) = self.catalog.manifest(&name)? {
            return Ok(manifest);
        }
        // The resolver knows what to say of a name that isn't there.
        let (_, findings) = self.resolve(&name);
        Err(findings)
    }
}

/// A name as typed; one that can't be a name is answered with those that are near.
pub(super) fn parsed(typed: &str, what: &str, there: &BTreeSet<Name>) -> Result<Name, Diagnostics> {
    Name::parse(NameRule::Extension, typed).map_err(|error| {
        let near = did_you_mean(typed, there.iter().map(Name::as_str));
        let help = near.map_or_else(|| error.help(), |near| format!("did you mean `{near}`?"));
        vec![
            Diagnostic::error(
                Code::new("cli::name"),
                format!("`{typed}` can't be the name of an {what}").replace("an p", "a p"),
            )
            .because(error.to_string())
            .help(help),
        ]
    })
}

/// Whether something found on the way makes the command fail.
pub(super) fn has_errors(findings: &Diagnostics) -> bool {
    findings.iter().any(Diagnostic::is_error)
}
