//! `sindri extension status`: what is recorded; nobody is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::machine::pick;
use crate::address::{Address, Name};
use crate::cli::args::ExtensionStatusArgs;
use crate::cli::session::{Outcome, Session};
use crate::config::Overrides;
use crate::diagnostic::Exit;
use crate::render::{self, Installation};
use crate::state::State;

pub(super) fn status(session: &mut Session, args: &ExtensionStatusArgs) -> Outcome {
    let state = session.state()?;
    let one = match &args.machine {
        Some(named) => Some(pick(state.as_ref(), Some(named))?.0),
        None => None,
    };
    let mut installed = all(state.as_ref(), one.as_ref());
    installed.extend(missing(session, state.as_ref(), one.as_ref()));
    installed.sort_by(|a, b| (&a.machine, &a.name).cmp(&(&b.machine, &b.name)));
    let text = if session.is_json() {
        render::extension_status_json(&installed) + "\n"
    } else {
        render::extension_status_human(&installed, &session.style())
    };
    session.answer(&text)?;
    Ok(Exit::Done)
}

/// The extensions recorded, in all machines or in one.
pub(super) fn all(state: Option<&State>, machine: Option<&Name>) -> Vec<Installation> {
    state
        .iter()
        .flat_map(|state| &state.resources)
        .filter_map(|(address, record)| {
            let (own, name) = extension(address)?;
            if machine.is_some_and(|machine| machine != own) {
                return None;
            }
            Some(Installation {
                machine: own.clone(),
                name: name.clone(),
                object: Some(Arc::clone(record.current.as_ref()?)),
            })
        })
        .collect()
}

/// The extensions that the configuration asks for in machines that stand, and that aren't recorded:
/// never installed, or all of it failed.
fn missing(session: &Session, state: Option<&State>, machine: Option<&Name>) -> Vec<Installation> {
    // What is recorded can be told without a configuration that can be read.
    let (Some(state), Ok(project)) = (state, session.project(Overrides::default())) else {
        return Vec::new();
    };
    let there: BTreeSet<&Address> = state
        .resources
        .iter()
        .filter(|(_, record)| record.current.is_some())
        .map(|(address, _)| address)
        .collect();
    project
        .desired
        .resources()
        .iter()
        .filter_map(|wanted| {
            let (own, name) = extension(&wanted.address)?;
            let asked = machine.is_none_or(|machine| machine == own);
            let stands = there.contains(&Address::Machine(own.clone()));
            (asked && stands && !there.contains(&wanted.address)).then(|| Installation {
                machine: own.clone(),
                name: name.clone(),
                object: None,
            })
        })
        .collect()
}

/// The machine and the name of an extension's address.
pub(super) fn extension(address: &Address) -> Option<(&Name, &Name)> {
    match address {
        Address::Extension(machine, name) => Some((machine, name)),
        Address::Machine(_)
        | Address::Network(_)
        | Address::Image(_)
        | Address::Gpu(_)
        | Address::Volume(..)
        | Address::Secret(..) => None,
    }
}
