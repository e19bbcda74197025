//! What is removed must really go: nothing that stays may bring it in again.

use std::collections::BTreeSet;

use super::super::project::Project;
use crate::address::{Address, Name};
use crate::config::EditedEntry;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{ExtensionSpec, Spec};

/// Finds what would stay although it shall go, since others need it.
pub(super) fn still_needed(
    project: &Project,
    entries: &[EditedEntry],
    names: &[Name],
) -> Diagnostics {
    let mut findings: Diagnostics = Vec::new();
    for machine in edited(project, entries) {
        for name in names {
            let address = Address::Extension(machine.clone(), name.clone());
            if project.desired.get(&address).is_none() {
                continue;
            }
            let found = stays(project, machine, name);
            // Machines that are alike have it for the same reason.
            if !findings.iter().any(|other| other.causes == found.causes) {
                findings.push(found);
            }
        }
    }
    findings
}

/// The machines that the edited entries stand for.
pub(super) fn edited<'a>(
    project: &'a Project,
    entries: &'a [EditedEntry],
) -> impl Iterator<Item = &'a Name> {
    let machines = project.config.machines.iter().map(|one| &one.name);
    machines.filter(move |machine| {
        entries.iter().any(|entry| {
            let own = machine.as_str().strip_prefix(entry.name.as_str());
            own.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    })
}

fn stays(project: &Project, machine: &Name, name: &Name) -> Diagnostic {
    let mut users: Vec<Name> = Vec::new();
    let mut roots: BTreeSet<Name> = BTreeSet::new();
    let mut open = vec![name.clone()];
    let mut seen: BTreeSet<Name> = BTreeSet::new();
    while let Some(next) = open.pop() {
        let above: Vec<&Name> = extensions(project, machine)
            .filter(|(_, spec)| spec.requires.contains(&next))
            .map(|(user, _)| user)
            .collect();
        if above.is_empty() && next != *name {
            roots.insert(next.clone());
        }
        for user in above {
            if next == *name {
                users.push(user.clone());
            }
            if seen.insert(user.clone()) {
                open.push(user.clone());
            }
        }
    }
    let needs = users.iter().map(|user| {
        let manifest = project.manifest(machine, user);
        let hard = manifest.is_some_and(|manifest| manifest.dependencies.contains(name));
        if hard {
            format!("`{user}` needs it")
        } else {
            format!("`{user}` is better with it, and brings it in where it can be installed")
        }
    });
    let mut found = Diagnostic::error(
        Code::new("catalog::still-needed"),
        format!("`{name}` would stay in `{machine}`"),
    );
    found.causes = needs.collect();
    let roots: Vec<&str> = roots.iter().map(Name::as_str).collect();
    found.help(format!(
        "remove {} too, or leave `{name}`",
        roots
            .iter()
            .map(|root| format!("`{root}`"))
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

/// The extensions wanted in a machine.
fn extensions<'a>(
    project: &'a Project,
    machine: &'a Name,
) -> impl Iterator<Item = (&'a Name, &'a ExtensionSpec)> {
    let all = project.desired.resources().iter();
    all.filter_map(move |wanted| match (&wanted.address, &*wanted.spec) {
        (Address::Extension(on, name), Spec::Extension(spec)) if on == machine => {
            Some((name, spec))
        }
        (_, _) => None,
    })
}
