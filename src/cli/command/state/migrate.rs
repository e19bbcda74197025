//! `sindri state migrate`: the state moves to another store.

use serde_json::json;

use super::writing::recorded;
use crate::cli::args::StateMigrateArgs;
use crate::cli::command::acting::{Claim, hold, wait_for, warn_of_locks};
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session};
use crate::cli::whereabouts::whereabouts;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Exit};
use crate::state::Location;
use crate::store::{Keeping, Migrated, Place, Store, StoreError, TransitError};

pub(crate) fn run(session: &mut Session, args: &StateMigrateArgs) -> Outcome {
    let from = whereabouts(session)?.location();
    let place = Place::parse(&args.to, &session.path(".".as_ref()));
    let place = place.map_err(|error| error.diagnose())?;
    let to = place.location();
    let name = named(&place, &to);
    if from == to {
        return Err(vec![
            Diagnostic::error(
                Code::new("state::same-place"),
                format!("the state is in {name} already"),
            )
            .help("`--to` names the place that it shall move to"),
        ]);
    }
    let target = session.open(&place)?;
    let claim = Claim::new("state migrate", session.lock_timeout(&args.wait)?);
    let mut screen = Screen::new(session);
    let source = named(&whereabouts(session)?, &from);
    let migrated = match session.store()?.read() {
        Err(StoreError::Transit(TransitError::Moved {
            to: there,
            lineage,
            migration,
            ..
        })) if there == to => {
            warn_of_locks(session, &target)?;
            wait_for(session, &mut screen, claim, |request, waiting| {
                target.finish(&migration, &lineage, request, waiting)
            })?
        }
        Ok(_) | Err(_) => {
            recorded(session)?;
            let mut locked = hold(session, &mut screen, claim)?;
            warn_of_locks(session, &target)?;
            let receiving = wait_for(session, &mut screen, claim, |request, waiting| {
                target.receive(request, waiting)
            })?
            .map_err(|error| error.diagnose())?;
            locked.migrate(receiving, &from, &to)
        }
    };
    let migrated = migrated.map_err(|error| error.diagnose())?;
    let text = if session.is_json() {
        answer(&from, &to, migrated)
    } else {
        format!(
            "The state is in {name} now, at write {}: {} recorded, {}, read back and equal.\n\
             {}\
             What is left in {source} says so and is used no more.\n",
            migrated.serial,
            match migrated.resources {
                1 => "1 address".to_owned(),
                count => format!("{count} addresses"),
            },
            if migrated.sealed {
                "encrypted as it was"
            } else {
                "in plaintext as it was"
            },
            came_along(&target, migrated.earlier),
        )
    };
    session.answer(&text)?;
    if !session.is_json() {
        let advice = advice(session, &place, &to, &args.to);
        session.answer(&advice)?;
    }
    Ok(Exit::Done)
}

/// What became of the versions; nothing where only the move itself is one.
fn came_along(target: &Store, earlier: usize) -> String {
    let earlier = match earlier {
        0 => return String::new(),
        1 => "1 earlier version".to_owned(),
        count => format!("{count} earlier versions"),
    };
    match target.keeping() {
        Keeping::InStore => format!("{earlier} came along.\n"),
        Keeping::OnThisHost(directory) => {
            let directory = directory.display();
            format!("{earlier} came along, kept on this host only, in `{directory}`.\n")
        }
        Keeping::Nowhere => String::new(),
    }
}

/// How a place is shown: a directory by its real path, however it was typed.
fn named(place: &Place, location: &Location) -> String {
    let path = location.0.get("path").cloned();
    path.unwrap_or_else(|| place.to_string())
}

fn answer(from: &Location, to: &Location, migrated: Migrated) -> String {
    let text = json!({
        "from": from,
        "to": to,
        "serial": migrated.serial,
        "resources": migrated.resources,
        "versions": migrated.versions,
        "encrypted": migrated.sealed,
    });
    format!("{text}\n")
}

/// What to change so that every command finds the state; nothing is changed for people.
fn advice(session: &Session, place: &Place, to: &Location, typed: &str) -> String {
    if session.world().environment.get("SINDRI_STATE").is_some() {
        return format!(
            "\n`SINDRI_STATE` still names the old place. Set it to:\n\n  {}\n",
            match place {
                // Where a relative path leads depends on where one stands.
                Place::Local(_) => to.0.get("path").map_or(typed, String::as_str),
                Place::Object(_) | Place::Http(_) | Place::Postgres(_) => typed,
            }
        );
    }
    if session.beside() == *to {
        return format!(
            "\nTake `state:` out of `{}`: this is where a state lives that nobody names a place \
             for. Leave `state.encryption`, where there is one.\n",
            session.shown
        );
    }
    let lines = to
        .lines()
        .lines()
        .fold(String::new(), |all, line| all + "  " + line + "\n");
    format!(
        "\nPut this into `{}` in place of what `state:` says there (`encryption` stays):\n\n{lines}",
        session.shown
    )
}
