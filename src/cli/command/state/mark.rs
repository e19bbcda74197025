//! `sindri taint` and `sindri untaint`: whether the next apply makes an object anew.

use std::fmt::Write as _;

use super::writing::{idle, locked, record, recorded};
use crate::address::{Address, Kind};
use crate::cli::args::TaintArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::state::{Event, State, Status};

pub(crate) fn taint(session: &mut Session, args: &TaintArgs) -> Outcome {
    run(session, args, true)
}

pub(crate) fn untaint(session: &mut Session, args: &TaintArgs) -> Outcome {
    run(session, args, false)
}

fn run(session: &mut Session, args: &TaintArgs, taints: bool) -> Outcome {
    check(&recorded(session)?, &args.addresses, taints)?;
    let operation = if taints { "taint" } else { "untaint" };
    let mut locked = locked(session, operation, &args.wait)?;
    check(locked.state(), &args.addresses, taints)?;
    let event = |address: &Address| {
        let address = address.clone();
        if taints {
            Event::Tainted { address }
        } else {
            Event::Untainted { address }
        }
    };
    record(&mut locked, args.addresses.iter().map(event).collect())?;
    if session.is_json() {
        let text = serde_json::json!({ "addresses": args.addresses, "tainted": taints });
        session.answer(&format!("{text}\n"))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for address in &args.addresses {
        let what = match (taints, address.lives_inside()) {
            (false, _) => "is taken as sound again",
            (true, false) => "is marked: the next apply replaces it",
            (true, true) => "is marked: the next apply puts it in anew",
        };
        writeln!(text, "{address} {what}").unwrap_or_default();
    }
    session.answer(&text)?;
    Ok(Exit::Done)
}

fn check(state: &State, addresses: &[Address], taints: bool) -> Result<(), Diagnostics> {
    idle(state, addresses)?;
    let found: Diagnostics = addresses
        .iter()
        .filter_map(|address| refusal(state, address, taints))
        .collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn refusal(state: &State, address: &Address, taints: bool) -> Option<Diagnostic> {
    let refuse = |code, summary: String, help: &str| {
        let found = Diagnostic::error(Code::new(code), summary);
        Some(found.help(help).on(address.clone()))
    };
    let status = state.current(address).map(|object| &object.status);
    let is_tainted = status == Some(&Status::Tainted);
    if !taints {
        let text = format!("`{address}` isn't marked");
        let help = "`sindri state show` says how it stands";
        return if is_tainted {
            None
        } else {
            refuse("state::not-tainted", text, help)
        };
    }
    match (address.kind(), status) {
        (Kind::Volume, _) => refuse(
            "state::not-taintable",
            format!("`{address}` isn't marked: a new volume would be empty"),
            "to lose its content on purpose: `sindri apply --replace` with its address",
        ),
        (Kind::Image | Kind::Gpu, _) => refuse(
            "state::not-taintable",
            format!("`{address}` is a pin, and can't be broken"),
            "to resolve it again: `sindri apply --replace` with its address",
        ),
        (_, None | Some(Status::Deleting | Status::Retained)) => refuse(
            "state::not-taintable",
            format!("`{address}` is already on its way out"),
            "`sindri plan` says what happens to it",
        ),
        (
            Kind::Network | Kind::Machine | Kind::Secret | Kind::Extension,
            Some(Status::Ready | Status::Tainted | Status::Partial { .. }),
        ) => None,
    }
}
