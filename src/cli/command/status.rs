//! `sindri status`: how the machines stand.

use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::planning::{self, Asked, Read};
use crate::address::{Address, Kind};
use crate::cli::args::{Narrow, StatusArgs};
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::diagnostic::{Diagnose, Diagnostic, Diagnostics, Exit, Severity};
use crate::engine::Readers;
use crate::plan::{DriftKind, Happened, Observation};
use crate::provider::MachineRef;
use crate::render::{self, StatusRow};

/// How much of what happened is shown.
const EVENTS: usize = 10;

pub(crate) fn run(session: &mut Session, args: &StatusArgs) -> Outcome {
    let Some(seconds) = args.watch else {
        let (text, found) = look(session, args)?;
        let failed = found.iter().any(Diagnostic::is_error);
        if session.is_json() && failed {
            return Err(found);
        }
        session.answer(&text)?;
        session.warn(&found);
        return Ok(if failed { Exit::Error } else { Exit::Done });
    };
    let screen = session.terminal().output && !session.is_json();
    loop {
        let (text, found) = look(session, args)?;
        if screen {
            session.answer(&format!("\x1b[H\x1b[J{text}"))?;
        } else {
            session.answer(&text)?;
        }
        session.warn(&found);
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

/// What is to be shown, and why some of it couldn't be read.
fn look(session: &mut Session, args: &StatusArgs) -> Result<(String, Diagnostics), Diagnostics> {
    let asked = Asked::narrowed(&Narrow::default());
    let providers = session.providers();
    let readers: &dyn Readers = providers.readers();
    let runtime = small_runtime()?;
    let read = planning::look(session, readers, &asked, &runtime)?;
    let one = match &args.machine {
        Some(named) => Some(super::machine::pick(Some(&read.survey.state), Some(named))?.0),
        None => None,
    };
    let mut rows: Vec<StatusRow> = read
        .survey
        .state
        .resources
        .keys()
        .filter(|address| one.is_none() || address.machine() == one.as_ref())
        .filter_map(|address| row(&read, address))
        .collect();
    let mut untold = Diagnostics::new();
    for row in rows.iter_mut().filter(|_| one.is_some()) {
        match events(&read, readers, &runtime, &row.address) {
            Ok(events) => row.events = events,
            Err(why) => untold.extend(why),
        }
    }
    let mut observed = read.survey.observed.objects.values();
    let mut found = if observed.any(|one| matches!(one, Observation::Unreadable(_))) {
        read.survey.facts.findings.clone()
    } else {
        Diagnostics::new()
    };
    // How it stands was seen all the same.
    found.extend(untold.into_iter().map(|mut one| {
        one.severity = Severity::Warning;
        one
    }));
    let text = if session.is_json() {
        render::status_json(&rows) + "\n"
    } else if rows.is_empty() {
        "Nothing stands here yet. `sindri apply` makes what the configuration asks for.\n"
            .to_owned()
    } else {
        let style = session.style();
        render::status_human(&rows, &style) + &render::events_human(&rows, &style)
    };
    Ok((text, found))
}

/// The last of what happened to a machine that is there.
fn events(
    read: &Read,
    readers: &dyn Readers,
    runtime: &Runtime,
    address: &Address,
) -> Result<Vec<Happened>, Diagnostics> {
    let (Address::Machine(name), Some(object), Some(_)) = (
        address,
        read.survey.state.current(address),
        read.survey.observed.seen(address),
    ) else {
        return Ok(Vec::new());
    };
    let happened = async {
        let reader = readers.reader(object.provider)?;
        reader.happened(&MachineRef::of(name, object)).await
    };
    let mut events = runtime
        .block_on(happened)
        .map_err(|error| error.diagnose())?;
    events.truncate(EVENTS);
    Ok(events)
}

/// Whether something lived in a machine that is gone.
fn gone_along(read: &Read, address: &Address) -> bool {
    let machine = address.machine().cloned().map(Address::Machine);
    let observed = machine.and_then(|machine| read.survey.observed.get(&machine));
    address.lives_inside() && observed.is_some_and(Observation::is_gone)
}

fn row(read: &Read, address: &Address) -> Option<StatusRow> {
    let object = read.survey.state.current(address)?;
    let seen = read.survey.observed.seen(address);
    let text = |path: &str| seen?.outputs.get(path)?.as_str().map(str::to_owned);
    let reason = match read.survey.observed.get(address) {
        Some(Observation::Unreadable(reason)) => Some(reason.clone()),
        Some(_) | None => None,
    };
    let ended = match read.survey.observed.get(address) {
        Some(Observation::Ended(at)) => Timestamp::from_second(at.as_second()).ok(),
        Some(_) | None => None,
    };
    let drift = read
        .plan
        .drift
        .iter()
        .find(|drift| drift.address == *address)
        .map(|drift| match &drift.kind {
            DriftKind::Missing | DriftKind::Ended(_) => "missing".to_owned(),
            DriftKind::Exchanged => "exchanged".to_owned(),
            DriftKind::Unreadable(_) => "unreadable".to_owned(),
            DriftKind::Broken(parts) => {
                let parts: Vec<&str> = parts.iter().map(|part| part.part.as_str()).collect();
                format!("broken: {}", parts.join(", "))
            }
            DriftKind::Changed => {
                let paths: Vec<&str> = drift.fields.iter().map(|f| f.path.as_str()).collect();
                format!("changed: {}", paths.join(", "))
            }
        })
        .or_else(|| reason.is_some().then(|| "unreadable".to_owned()))
        .or_else(|| gone_along(read, address).then(|| "missing".to_owned()));
    let image = match address.kind() {
        Kind::Machine => object
            .spec
            .attributes()
            .get("image")
            .and_then(|image| image.as_str().map(str::to_owned)),
        Kind::Network | Kind::Image | Kind::Gpu | Kind::Volume | Kind::Secret | Kind::Extension => {
            None
        }
    };
    Some(StatusRow {
        address: address.clone(),
        provider: object.provider,
        status: Some(object.status.clone()),
        power: seen.and_then(|seen| seen.power),
        health: text("health"),
        image,
        id: Some(object.id.clone()),
        drift,
        ended,
        reason,
        events: Vec::new(),
    })
}
