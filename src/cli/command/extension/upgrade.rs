//! `sindri extension upgrade`: let the lock move to what the catalog has now, and apply that.

use std::collections::BTreeSet;

use super::super::acting::{self, Acting};
use super::super::plan;
use super::super::planning::Asked;
use crate::address::{Address, Name, NameRule};
use crate::catalog::Moving;
use crate::cli::args::{ExtensionUpgradeArgs, Narrow};
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit, did_you_mean};
use crate::engine::{Event, Project, Summary};

pub(super) fn run(session: &mut Session, args: &ExtensionUpgradeArgs) -> Outcome {
    let mut asked = Asked::narrowed(&Narrow {
        allow: args.allow.clone(),
        ..Narrow::default()
    });
    asked.moving = moving(args)?;
    let project = session.project_moving(asked.overrides, &asked.moving)?;
    known(&project, &asked.moving)?;
    // What can't be resolved is told by the plan.
    let Some(relock) = project.lockfile.relock() else {
        if project.findings.iter().any(Diagnostic::is_error) {
            return Err(project.findings);
        }
        return nothing(session, args, &project);
    };
    // Nothing else of the configuration is applied along with it.
    asked.narrow_by_nature = true;
    for change in relock.changes.iter().filter(|one| one.after.is_some()) {
        let address = |machine: &Name| Address::Extension(machine.clone(), change.name.clone());
        asked.targets.extend(change.machines.iter().map(address));
    }
    if asked.targets.is_empty() {
        return nothing(session, args, &project);
    }
    if args.dry_run {
        return plan::dry(session, &asked);
    }
    let acting = Acting {
        operation: "extension upgrade",
        asked: &asked,
        act: &args.act,
        detailed: args.detailed_exitcode,
        staged: None,
    };
    acting::run(session, &acting, project)
}

fn moving(args: &ExtensionUpgradeArgs) -> Result<Moving, Diagnostics> {
    let parse = |what: &str, rule, text: &str| {
        Name::parse(rule, text).map_err(|error| {
            let summary = format!("`{}` can't be the name of {what}", text.escape_debug());
            vec![Diagnostic::error(Code::new("cli::name"), summary).help(error.help())]
        })
    };
    let names: Result<BTreeSet<Name>, Diagnostics> = args
        .names
        .iter()
        .map(|text| parse("an extension", NameRule::Extension, text))
        .collect();
    let machine = args.machine.as_deref().map(|text| {
        // `machine.dev` is taken as `dev`: people copy addresses from a plan.
        let plain = text.strip_prefix("machine.").unwrap_or(text);
        parse("a machine", NameRule::Label, plain)
    });
    Ok(Moving::Extensions {
        names: names?,
        machine: machine.transpose()?,
    })
}

/// Refuses names that the configuration doesn't ask for, in the machine where one is named.
fn known(project: &Project, moving: &Moving) -> Result<(), Diagnostics> {
    let Moving::Extensions { names, machine } = moving else {
        return Ok(());
    };
    let machines = &project.lockfile.after.machines;
    if let Some(machine) = machine.as_ref().filter(|one| !machines.contains_key(*one)) {
        let there = machines.keys().map(Name::as_str);
        let help = match did_you_mean(machine.as_str(), there.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "machines with extensions are {}",
                there.collect::<Vec<_>>().join(", ")
            ),
        };
        return Err(vec![
            Diagnostic::error(
                Code::new("machine::unknown"),
                format!("the configuration gives no machine `{machine}` extensions"),
            )
            .help(help),
        ]);
    }
    let there: BTreeSet<&str> = machines
        .iter()
        .filter(|(name, _)| machine.as_ref().is_none_or(|one| one == *name))
        .flat_map(|(_, set)| set.keys().map(Name::as_str))
        .collect();
    let unknown = names.iter().filter(|name| !there.contains(name.as_str()));
    let findings: Diagnostics = unknown
        .map(|name| {
            let near = did_you_mean(name.as_str(), there.iter().copied());
            let help = near.map_or_else(
                || format!("`sindri extension install {name}` adds it"),
                |near| format!("did you mean `{near}`?"),
            );
            Diagnostic::error(
                Code::new("extension::not-wanted"),
                format!("the configuration asks for no extension `{name}`"),
            )
            .help(help)
        })
        .collect();
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings)
    }
}

/// Says that everything is as the catalog has it.
fn nothing(session: &mut Session, args: &ExtensionUpgradeArgs, project: &Project) -> Outcome {
    if session.is_json() {
        if args.dry_run {
            session.answer("{\"lock\":null}\n")?;
        } else {
            Screen::new(session).event(session, &Event::Ended(Summary::default()));
        }
        return Ok(Exit::Done);
    }
    let text = format!(
        "Nothing to upgrade: {} has what this sindri carries and what stands beside the configuration.\n",
        project.lockfile.shown
    );
    session.answer(&text)?;
    Ok(Exit::Done)
}
