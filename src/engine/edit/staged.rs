//! An edited configuration before it takes the place of the one that stands.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::lockfile::Lockfile;
use super::super::project::{self, Project, catalog_beside, directory_of};
use super::gone::still_needed;
use super::pinned::locked_otherwise;
use super::request::EditRequest;
use super::wish::Wish;
use crate::address::Name;
use crate::catalog::{self, Catalog, Moving, Wanted};
use crate::config::{self, Asking, Edited, Overrides, Scope};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::sys::{Environment, files};

/// An edited configuration, not written yet.
pub struct Staged {
    /// The file itself, links followed.
    path: PathBuf,
    /// The file as the person names it.
    shown: String,
    /// Where the catalog's own part stands.
    config: PathBuf,
    before: Vec<u8>,
    edited: Edited,
    request: EditRequest,
    notes: Diagnostics,
    is_published: Cell<bool>,
}

/// Edits a configuration in memory: for these entries of `machines`, or for every machine.
pub fn stage(
    path: &Path,
    shown: &str,
    request: EditRequest,
    only: Option<BTreeSet<Name>>,
) -> Result<Staged, Diagnostics> {
    let before = project::read(path, shown)?;
    let catalog = catalog_beside(&directory_of(path));
    let lock = Lockfile::beside(path, shown).before;
    let (request, mut notes) = request.settled(&catalog, lock.as_deref())?;
    let scope = only.map_or(Scope::Every, Scope::Only);
    let wish = Wish {
        catalog: &catalog,
        lock: lock.as_deref(),
        request: &request,
    };
    let edited = config::edit(shown, &before, &scope, &mut |machine, asking| {
        wish.of(machine, asking)
    })?;
    if let EditRequest::Remove { names, .. } = &request {
        let asked = wish.asked(&edited.entries)?;
        let absent = names.iter().filter(|name| !asked.contains(name));
        let found: Diagnostics = absent
            .map(|name| not_listed(&catalog, &edited, name))
            .collect();
        if !found.is_empty() {
            return Err(found);
        }
    }
    if edited.bytes == before {
        notes.push(nothing_to_edit(shown, &request));
    }
    let (real, _) =
        files::resolve(path).map_err(|error| project::unreadable(path, shown, &error))?;
    Ok(Staged {
        path: real,
        shown: shown.to_owned(),
        config: path.to_owned(),
        before,
        edited,
        request,
        notes,
        is_published: Cell::new(false),
    })
}

impl Staged {
    /// The file as the person names it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The file's text before and after the edit; none where there is nothing to edit.
    pub fn texts(&self) -> Option<(&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let texts = text(&self.before).zip(text(&self.edited.bytes));
        texts.filter(|_| self.is_edit())
    }

    /// Whether anything is edited.
    pub fn is_edit(&self) -> bool {
        self.edited.bytes != self.before
    }

    /// Whether the edited text stands in the file.
    pub fn is_published(&self) -> bool {
        self.is_published.get()
    }

    /// What a person should know of the edit.
    pub fn notes(&self) -> &Diagnostics {
        &self.notes
    }

    /// Reads the project as it would be; what shall go and would stay is an error.
    pub fn project(
        &self,
        overrides: Overrides,
        environment: &Environment,
    ) -> Result<Project, Diagnostics> {
        let shown = if self.is_edit() {
            format!("{} (edited)", self.shown)
        } else {
            self.shown.clone()
        };
        let bytes = &self.edited.bytes;
        // What stays asked for stays locked: an edit is no upgrade.
        let moving = Moving::Nothing;
        let project =
            project::load_bytes(&self.config, &shown, bytes, overrides, &moving, environment)?;
        let found = match &self.request {
            EditRequest::Remove { names, .. } => {
                still_needed(&project, &self.edited.entries, names)
            }
            EditRequest::Install(pins) => locked_otherwise(&project, &self.edited.entries, pins),
            EditRequest::Profile { .. } => Vec::new(),
        };
        if found.is_empty() {
            Ok(project)
        } else {
            Err(found)
        }
    }

    /// Refuses a file that may not be written, before anybody is asked about it.
    pub fn check_writable(&self) -> Result<(), Diagnostics> {
        let mode = files::mode(&self.path).map_err(|error| self.unwritten(&error.to_string()))?;
        let directory = directory_of(&self.path);
        if mode & 0o200 != 0 && files::writable(&directory) {
            return Ok(());
        }
        Err(self.unwritten("it, or its directory, may not be written by you"))
    }

    /// Puts the edited text in the file's place, unless somebody else changed it meanwhile.
    pub fn publish(&self) -> Result<(), Diagnostics> {
        if !self.is_edit() {
            return Ok(());
        }
        if project::read(&self.config, &self.shown)? != self.before {
            let summary = format!("somebody changed `{}` meanwhile", self.shown);
            return Err(vec![
                Diagnostic::error(Code::new("config::edited-meanwhile"), summary)
                    .because("it was left as it is now, and nothing else was changed")
                    .help("run the command again"),
            ]);
        }
        let written = files::mode(&self.path)
            .and_then(|mode| files::write_atomic(&self.path, &self.edited.bytes, mode, true));
        written.map_err(|error| self.unwritten(&error.to_string()))?;
        self.is_published.set(true);
        Ok(())
    }

    fn unwritten(&self, why: &str) -> Diagnostics {
        let summary = format!("`{}` can't be written", self.shown);
        vec![
            Diagnostic::error(Code::new("config::unwritable"), summary)
                .because(why)
                .help("mind its permissions; --dry-run shows the edit without writing it"),
        ]
    }
}

fn nothing_to_edit(shown: &str, request: &EditRequest) -> Diagnostic {
    let asked = match request {
        EditRequest::Install(pins) => quoted(pins.iter().map(|pin| &pin.name)),
        EditRequest::Remove { names, .. } => quoted(names),
        EditRequest::Profile { name, .. } => format!("the profile `{name}`"),
    };
    Diagnostic::advice(
        Code::new("config::nothing-to-edit"),
        format!("`{shown}` asks for {asked} already, and is left as it is"),
    )
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Says of an extension that no machine in the scope asks for how that comes.
fn not_listed(catalog: &Catalog, edited: &Edited, name: &Name) -> Diagnostic {
    let machines = quoted(edited.entries.iter().map(|entry| &entry.name));
    let found = Diagnostic::error(
        Code::new("config::not-listed"),
        format!("`{name}` isn't asked for by {machines}"),
    );
    for entry in &edited.entries {
        let (resolution, _) = catalog::resolve(catalog, &wanted(catalog, &entry.before));
        let chain = resolution.chain(name);
        if let ([root, _, ..], Some(_)) = (&*chain, resolution.get(name)) {
            let names: Vec<&str> = chain.iter().map(Name::as_str).collect();
            return found
                .because(format!("it comes in through {}", names.join(" → ")))
                .help(format!("remove `{root}`, or leave `{name}`"));
        }
    }
    let listed = edited.entries.iter().flat_map(|entry| &entry.before.names);
    found.help(
        match did_you_mean(name.as_str(), listed.map(Name::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`sindri apply` removes what is installed and no longer asked for".to_owned(),
        },
    )
}

/// What a machine asks for, as the resolver takes it.
fn wanted(catalog: &Catalog, asking: &Asking) -> Vec<Wanted> {
    let profile = asking
        .profile
        .as_ref()
        .and_then(|name| catalog.profile(name).ok());
    let members = profile
        .iter()
        .flat_map(|profile| profile.extensions.clone());
    let listed = asking
        .names
        .iter()
        .map(|name| Wanted::whole(name.clone(), None));
    members.chain(listed).collect()
}
