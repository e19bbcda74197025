//! `sindri adopt`: what belongs to this state by its label, and isn't recorded.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use super::import::take;
use crate::address::Address;
use crate::cli::args::AdoptArgs;
use crate::cli::session::{Outcome, Session, same_project, small_runtime};
use crate::config::{Import, Overrides};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::engine::{self, Project};
use crate::provider::Owned;
use crate::resource::ProviderKind;
use crate::state::State;

pub(crate) fn run(session: &mut Session, args: &AdoptArgs) -> Outcome {
    let project = session.project(Overrides::default())?;
    let state = session.state()?;
    let (strays, findings) = match &state {
        Some(state) => strays(session, &project, state)?,
        None => (Vec::new(), Vec::new()),
    };
    if args.addresses.is_empty() {
        list(session, &project, &strays, &findings)?;
        return Ok(if findings.is_empty() {
            Exit::Done
        } else {
            Exit::Error
        });
    }
    let mut refused = findings;
    let mut imports = Vec::new();
    for address in &args.addresses {
        match chosen(&project, state.as_ref(), &strays, address) {
            Ok(import) => imports.push(import),
            Err(found) => refused.push(*found),
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    take(session, "adopt", project, imports, &args.act)
}

fn strays(
    session: &Session,
    project: &Project,
    state: &State,
) -> Result<(Vec<(ProviderKind, Owned)>, Diagnostics), Diagnostics> {
    same_project(project, Some(state))?;
    let wanted = project.desired.resources().iter();
    let mut kinds: BTreeSet<ProviderKind> =
        wanted.filter_map(|wanted| wanted.spec.provider()).collect();
    let records = state.resources.values();
    kinds.extend(
        records
            .flat_map(|record| record.current.iter().chain(&record.deposed))
            .map(|object| object.provider),
    );
    let providers = session.providers();
    let asking = engine::strays(providers.readers(), &kinds, state);
    Ok(small_runtime()?.block_on(asking))
}

fn list(
    session: &mut Session,
    project: &Project,
    strays: &[(ProviderKind, Owned)],
    findings: &Diagnostics,
) -> Result<(), Diagnostics> {
    if session.is_json() {
        let rows: Vec<serde_json::Value> = strays
            .iter()
            .map(|(provider, one)| {
                json!({
                    "address": one.address,
                    "provider": provider,
                    "id": one.id,
                    "wanted": project.desired.get(&one.address).is_some(),
                })
            })
            .collect();
        let text = json!({ "found": rows, "diagnostics": findings });
        return session.answer(&format!("{text}\n"));
    }
    session.warn(findings);
    let mut text = String::new();
    for (provider, one) in strays {
        writeln!(text, "{} {provider} {}", one.address, one.id).unwrap_or_default();
    }
    session.answer(&text)?;
    if strays.is_empty() && findings.is_empty() && !session.quiet {
        session.aside("Nothing that belongs to this state is missing in it.\n");
    } else if !strays.is_empty() && !session.quiet {
        session.aside("`sindri adopt ADDRESS` takes one under management again.\n");
    }
    Ok(())
}

/// The one object that an address stands for: the one that is found, or the recorded one, so that
/// the command can be run again whatever ended it.
fn chosen(
    project: &Project,
    state: Option<&State>,
    strays: &[(ProviderKind, Owned)],
    address: &Address,
) -> Result<Import, Box<Diagnostic>> {
    let refuse = |code, summary: String, help: String| {
        let found = Diagnostic::error(Code::new(code), summary).help(help);
        Box::new(found.on(address.clone()))
    };
    let found: Vec<&Owned> = strays
        .iter()
        .map(|(_, one)| one)
        .filter(|one| one.address == *address)
        .collect();
    let recorded = state
        .and_then(|state| state.resources.get(address)?.current.as_ref())
        .map(|object| object.id.to_string());
    match (found.as_slice(), recorded) {
        ([], Some(id)) => Ok(Import {
            to: address.clone(),
            id,
            place: None,
        }),
        ([], None) => Err(refuse(
            "adopt::nothing-found",
            format!("nothing unrecorded carries the label of `{address}`"),
            "`sindri adopt` lists what was found; `sindri import` takes an object by its id"
                .to_owned(),
        )),
        ([_], _) if project.desired.get(address).is_none() => Err(refuse(
            "adopt::not-wanted",
            format!("`{address}` isn't asked for by the configuration"),
            "write it into the configuration first, or remove the object by hand".to_owned(),
        )),
        ([one], _) => Ok(Import {
            to: address.clone(),
            id: one.id.to_string(),
            place: None,
        }),
        (several, _) => {
            let ids: Vec<String> = several.iter().map(|one| one.id.to_string()).collect();
            Err(refuse(
                "adopt::several-found",
                format!("several objects carry the label of `{address}`"),
                format!(
                    "choose one: `sindri import {address}` with {}",
                    ids.join(" or ")
                ),
            ))
        }
    }
}
