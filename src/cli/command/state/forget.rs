//! `sindri state rm`: let go of what is recorded, and leave it where it stands.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;

use super::writing::{idle, locked, record, recorded, undo};
use crate::address::{Address, Kind};
use crate::cli::args::StateRmArgs;
use crate::cli::session::{Outcome, Session};
use crate::diagnostic::Exit;
use crate::render;
use crate::state::{Event, Object, State};

pub(crate) fn run(session: &mut Session, args: &StateRmArgs) -> Outcome {
    let mut before = recorded(session)?;
    let mut forgotten = with_what_is_nothing_alone(&before, &args.addresses);
    idle(&before, &forgotten)?;
    if !args.dry_run {
        let mut locked = locked(session, "state rm", &args.wait)?;
        before = locked.state().clone();
        forgotten = with_what_is_nothing_alone(&before, &args.addresses);
        idle(&before, &forgotten)?;
        let event = |address: &Address| Event::Forgotten {
            address: address.clone(),
        };
        record(&mut locked, forgotten.iter().map(event).collect())?;
    }
    let left: Vec<(&Address, &Arc<Object>)> = forgotten
        .iter()
        .filter(|address| !address.kind().is_pin() && !address.lives_inside())
        .filter_map(|address| Some((address, before.resources.get(address)?)))
        .flat_map(|(address, record)| {
            let objects = record.current.iter().chain(&record.deposed);
            objects.map(move |object| (address, object))
        })
        .collect();
    if session.is_json() {
        let left: Vec<serde_json::Value> = left
            .iter()
            .map(|(address, object)| {
                json!({
                    "address": address,
                    "provider": object.provider,
                    "id": object.id,
                    "remove": render::removal_by_hand(object),
                })
            })
            .collect();
        let text = json!({ "forgotten": forgotten, "left": left, "dry_run": args.dry_run });
        session.answer(&format!("{text}\n"))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for address in &forgotten {
        writeln!(text, "{address}").unwrap_or_default();
    }
    session.answer(&text)?;
    if args.dry_run {
        session.aside("Nothing was written.\n");
        return Ok(Exit::Done);
    }
    if !session.quiet {
        let mut text = String::new();
        if !left.is_empty() {
            text.push_str("Left as it stands, and no longer managed; to remove it by hand:\n");
            for (_, object) in &left {
                writeln!(text, "  {}", render::removal_by_hand(object)).unwrap_or_default();
            }
        }
        text.push_str("To manage it again: `sindri adopt`. ");
        text.push_str(&undo(session, &before));
        session.aside(&text);
    }
    Ok(Exit::Done)
}

/// The addresses to forget: with a machine its pins and what lives in it, which are nothing alone.
fn with_what_is_nothing_alone(state: &State, asked: &[Address]) -> BTreeSet<Address> {
    let mut all: BTreeSet<Address> = asked.iter().cloned().collect();
    for address in asked.iter().filter(|one| one.kind() == Kind::Machine) {
        let belongs = |other: &&Address| {
            other.machine() == address.machine() && (other.lives_inside() || other.kind().is_pin())
        };
        all.extend(state.resources.keys().filter(belongs).cloned());
    }
    all
}
