//! What each machine shall ask for, given what it asks for.

use std::collections::BTreeSet;

use super::request::EditRequest;
use crate::address::Name;
use crate::catalog::{self, Catalog, Lock};
use crate::config::{Asking, EditedEntry};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// A request, carried from machine to machine.
pub(super) struct Wish<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) lock: Option<&'a Lock>,
    pub(super) request: &'a EditRequest,
}

impl Wish<'_> {
    /// What a machine shall ask for.
    pub(super) fn of(&self, machine: &Name, before: &Asking) -> Result<Asking, Diagnostics> {
        match self.request {
            EditRequest::Install(pins) => {
                let members = self.members(before)?;
                let mut after = before.clone();
                for pin in pins {
                    let has = before
                        .names
                        .iter()
                        .chain(&members)
                        .any(|other| catalog::today(self.catalog, other) == pin.name);
                    if !has {
                        after.names.push(pin.name.clone());
                    }
                }
                Ok(after)
            }
            EditRequest::Remove { names, write_out } => {
                self.without(machine, before, names, *write_out)
            }
            EditRequest::Profile { name, switch } => {
                self.with_profile(machine, before, name, *switch)
            }
        }
    }

    /// All extensions that machines asked for, by themselves or through their profile.
    pub(super) fn asked(&self, entries: &[EditedEntry]) -> Result<BTreeSet<Name>, Diagnostics> {
        let mut asked = BTreeSet::new();
        for entry in entries {
            let members = self.members(&entry.before)?;
            let all = entry.before.names.iter().chain(&members);
            asked.extend(all.map(|name| catalog::today(self.catalog, name)));
        }
        Ok(asked)
    }

    fn without(
        &self,
        machine: &Name,
        before: &Asking,
        names: &[Name],
        write_out: bool,
    ) -> Result<Asking, Diagnostics> {
        let members = self.members(before)?;
        let goes = |other: &&Name| names.contains(&catalog::today(self.catalog, other));
        let listed: Vec<&Name> = before.names.iter().filter(goes).collect();
        let brought: Vec<&Name> = members.iter().filter(goes).collect();
        let mut after = Asking {
            profile: before.profile.clone(),
            names: before.names.clone(),
        };
        after.names.retain(|name| !listed.contains(&name));
        let Some(profile) = before.profile.as_ref().filter(|_| !brought.is_empty()) else {
            return Ok(after);
        };
        if !write_out {
            let found = brought
                .iter()
                .map(|name| in_profile(machine, name, profile, names));
            return Err(found.collect());
        }
        after.profile = None;
        for member in members.iter().filter(|member| !brought.contains(member)) {
            if !after.names.contains(member) {
                after.names.push(member.clone());
            }
        }
        Ok(after)
    }

    fn with_profile(
        &self,
        machine: &Name,
        before: &Asking,
        name: &Name,
        switch: bool,
    ) -> Result<Asking, Diagnostics> {
        match &before.profile {
            Some(other) if other != name && !switch => {
                Err(vec![self.other_profile(machine, other, name)?])
            }
            Some(_) | None => Ok(Asking {
                profile: Some(name.clone()),
                names: before.names.clone(),
            }),
        }
    }

    /// The extensions that a profile brings, under the names it gives them.
    pub(super) fn members(&self, asking: &Asking) -> Result<Vec<Name>, Diagnostics> {
        let Some(profile) = &asking.profile else {
            return Ok(Vec::new());
        };
        // What the program carries of that name may have moved on.
        let kept = self.lock.and_then(|lock| lock.profiles.get(profile));
        if let Some(kept) = kept.filter(|_| !self.catalog.own_profile_names().contains(profile)) {
            return Ok(kept.clone());
        }
        let profile = self.catalog.profile(profile)?;
        Ok(profile
            .extensions
            .iter()
            .map(|one| one.name.clone())
            .collect())
    }

    fn other_profile(
        &self,
        machine: &Name,
        other: &Name,
        name: &Name,
    ) -> Result<Diagnostic, Diagnostics> {
        let names = |profile: &Name| -> Result<BTreeSet<Name>, Diagnostics> {
            let asking = Asking {
                profile: Some(profile.clone()),
                names: Vec::new(),
            };
            let members = self.members(&asking)?;
            let today = members.iter().map(|one| catalog::today(self.catalog, one));
            Ok(today.collect())
        };
        let (there, new) = (names(other)?, names(name)?);
        let gone: Vec<&str> = there.difference(&new).map(Name::as_str).collect();
        let come: Vec<&str> = new.difference(&there).map(Name::as_str).collect();
        let mut found = Diagnostic::error(
            Code::new("config::other-profile"),
            format!("`{machine}` has the profile `{other}`, and a machine has one"),
        );
        if !gone.is_empty() {
            found = found.because(format!(
                "in its place, `{name}` wouldn't bring {}",
                gone.join(", ")
            ));
        }
        let both = if come.is_empty() {
            String::new()
        } else {
            format!(
                "; to have both, `sindri extension install {}`",
                come.join(" ")
            )
        };
        Ok(found.help(format!("pass --switch to put `{name}` in its place{both}")))
    }
}

fn in_profile(machine: &Name, name: &Name, profile: &Name, asked: &[Name]) -> Diagnostic {
    let words: Vec<&str> = asked.iter().map(Name::as_str).collect();
    Diagnostic::error(
        Code::new("config::in-profile"),
        format!("`{name}` comes to `{machine}` with the profile `{profile}`, which is taken whole"),
    )
    .help(format!(
        "`sindri extension remove {} --write-out` writes the profile's other extensions in its \
         place; what `{profile}` gains later doesn't come then",
        words.join(" ")
    ))
}
