//! From what is asked for to what is installed in a machine: checks, soft dependencies, omissions.

use std::collections::BTreeSet;

use super::check::{Obstacle, obstacles, remarks, room};
use super::ground::Ground;
use super::library::Catalog;
use super::manifest::Manifest;
use super::outlook::{LeftOut, Outlook};
use super::resolve::{DoneWithout, Resolution, Wanted, resolve, resolve_softly, today};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};

/// What becomes of extensions that can't be installed in a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Incompatible {
    /// Each is an error.
    #[default]
    Error,
    /// They are left out with what depends on them, and said.
    Skip,
}

/// What is installed in a machine.
#[derive(Clone, Debug)]
pub struct Selection {
    /// In an order that depends on the request, the manifests and the machine only.
    pub resolution: Resolution,
    /// The same for people, with what is left out.
    pub outlook: Outlook,
    /// What was found.
    pub findings: Diagnostics,
}

/// Resolves what is asked for and checks it against a machine.
pub fn select(
    catalog: &Catalog,
    wanted: &[Wanted],
    ground: &Ground,
    incompatible: Incompatible,
) -> Selection {
    let (mut resolution, mut findings, mut without) = softly(catalog, wanted, ground);
    let against = obstacles(&resolution, ground);
    let mut left = left_out(&resolution, &against);
    match incompatible {
        Incompatible::Error => {
            findings.extend(against.into_iter().map(|one| one.diagnostic));
        }
        Incompatible::Skip if !left.is_empty() => {
            let said = skipped(&resolution, &left, &against, ground);
            for one in &mut left {
                one.codes.clear();
            }
            let rest: Vec<Wanted> = wanted
                .iter()
                .filter(|one| !left.iter().any(|out| out.name == today(catalog, &one.name)))
                .cloned()
                .collect();
            (resolution, findings, without) = softly(catalog, &rest, ground);
            findings.extend(said);
        }
        Incompatible::Skip => {}
    }
    findings.extend(remarks(&resolution, ground));
    findings.extend(room(&resolution, ground));
    findings.extend(without.iter().map(|one| note(one, ground)));
    let mut outlook = Outlook::of(&resolution, ground);
    outlook.machines.extend(ground.machine.clone());
    outlook.left_out = left;
    for one in without {
        if !outlook.left_out.iter().any(|other| other.name == one.name) {
            outlook.left_out.push(LeftOut {
                through: vec![one.by.clone(), one.name.clone()],
                name: one.name,
                reason: one.reason,
                instead: Some(format!("`{}` does without: {}", one.by, one.without)),
                codes: Vec::new(),
            });
        }
    }
    Selection {
        resolution,
        outlook,
        findings,
    }
}

/// Resolves with the soft dependencies that can be installed in the machine beside the rest.
fn softly(
    catalog: &Catalog,
    wanted: &[Wanted],
    ground: &Ground,
) -> (Resolution, Diagnostics, Vec<DoneWithout>) {
    resolve_softly(catalog, wanted, &mut |name, there| {
        let asked = Wanted::whole(name.clone(), None);
        let (resolution, findings) = resolve(catalog, &[asked]);
        if let Some(found) = findings.iter().find(|found| found.is_error()) {
            return Some(found.summary.clone());
        }
        if let Some(found) = obstacles(&resolution, ground).into_iter().next() {
            return Some(if found.name == *name {
                found.reason
            } else {
                format!("it needs `{}`: {}", found.name, found.reason)
            });
        }
        let clash = |new: &Manifest, old: &Manifest| {
            new.conflicts.contains(&old.name) || old.conflicts.contains(&new.name)
        };
        let new = resolution.extensions.iter().map(|one| &*one.manifest);
        new.flat_map(|new| there.iter().map(move |old| (new, *old)))
            .find(|(new, old)| clash(new, old))
            .map(|(_, old)| format!("it can't be installed beside `{}`", old.name))
    })
}

/// What can't be installed, and what depends on it, in the order of dependencies.
fn left_out(resolution: &Resolution, against: &[Obstacle]) -> Vec<LeftOut> {
    let mut left: Vec<LeftOut> = Vec::new();
    for one in &resolution.extensions {
        let name = &one.manifest.name;
        let own: Vec<&Obstacle> = against.iter().filter(|o| o.name == *name).collect();
        let hard = one.requires.iter().filter(|on| !one.soft.contains(on));
        let gone: Vec<&LeftOut> = hard
            .filter_map(|on| left.iter().find(|other| other.name == *on))
            .collect();
        let (reason, instead, codes) = match (&*own, &*gone) {
            ([], []) => continue,
            ([], [first, ..]) => {
                let codes: BTreeSet<Code> = gone.iter().flat_map(|g| g.codes.clone()).collect();
                let reason = format!("it needs `{}`, which isn't installed", first.name);
                (reason, None, codes.into_iter().collect())
            }
            ([first, ..], _) => (
                first.reason.clone(),
                first.instead.clone(),
                own.iter().map(|o| o.diagnostic.code.clone()).collect(),
            ),
        };
        let chain = resolution.chain(name);
        left.push(LeftOut {
            name: name.clone(),
            through: if chain.len() > 1 { chain } else { Vec::new() },
            reason,
            instead,
            codes,
        });
    }
    left
}

/// The errors of what is left out as warnings, and a word about each that goes with it.
fn skipped(
    resolution: &Resolution,
    left: &[LeftOut],
    against: &[Obstacle],
    ground: &Ground,
) -> Diagnostics {
    let mut said: Diagnostics = Vec::new();
    for one in left {
        let mut own = against.iter().filter(|o| o.name == one.name).peekable();
        if own.peek().is_none() {
            let mut found = Diagnostic::warning(
                Code::new("catalog::left-out"),
                format!("`{}` is left out: {}", one.name, one.reason),
            );
            found.address = extension(ground, &one.name);
            found.place = resolution.get(&one.name).and_then(|r| r.place.clone());
            said.push(found);
            continue;
        }
        said.extend(own.map(|obstacle| {
            let mut found = obstacle.diagnostic.clone();
            found.severity = Severity::Warning;
            found.allowable = false;
            found.summary = format!("{}, and is left out", found.summary);
            if obstacle.instead.is_none() {
                found.help = None;
            }
            found
        }));
    }
    said
}

fn note(one: &DoneWithout, ground: &Ground) -> Diagnostic {
    let mut found = Diagnostic::advice(
        Code::new("catalog::soft-dependency"),
        format!("`{}` is installed without `{}`", one.by, one.name),
    )
    .because(one.reason.clone())
    .help(one.without.clone());
    found.address = extension(ground, &one.by);
    found
}

fn extension(ground: &Ground, name: &Name) -> Option<Address> {
    let machine = ground.machine.clone()?;
    Some(Address::Extension(machine, name.clone()))
}
