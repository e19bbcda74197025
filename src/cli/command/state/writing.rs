//! Writing as every verb does it: through the lock, with a backup of what was there.

use crate::address::Address;
use crate::cli::args::Wait;
use crate::cli::command::acting::{Claim, hold};
use crate::cli::screen::Screen;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, did_you_mean};
use crate::state::{Event, State};
use crate::store::{Keeping, Locked};

/// The state that a verb is about; it never begins one.
pub(super) fn recorded(session: &Session) -> Result<State, Diagnostics> {
    session.state()?.ok_or_else(not_begun)
}

/// That there is no state.
pub(super) fn not_begun() -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("state::nothing-recorded"),
            "nothing is recorded here yet",
        )
        .help("`sindri apply` begins a state; `-C DIR` names another project"),
    ]
}

/// Takes the lock.
pub(super) fn locked(
    session: &mut Session,
    operation: &'static str,
    wait: &Wait,
) -> Result<Locked, Diagnostics> {
    let timeout = session.lock_timeout(wait)?;
    let mut screen = Screen::new(session);
    hold(session, &mut screen, Claim::new(operation, timeout))
}

/// Records events after what they change was kept.
pub(super) fn record(locked: &mut Locked, events: Vec<Event>) -> Result<(), Diagnostics> {
    locked
        .back_up()
        .and_then(|()| locked.commit(events))
        .and_then(|()| locked.compact())
        .map_err(|error| error.diagnose())
}

/// How to take a verb back, where versions are kept.
pub(super) fn undo(session: &Session, before: &State) -> String {
    match session.store() {
        Ok(store) if store.keeping() != Keeping::Nowhere => {
            format!("Undo with `sindri state restore {}`.\n", before.serial)
        }
        Ok(_) | Err(_) => String::new(),
    }
}

/// That an address isn't recorded, with the one that may have been meant.
pub(super) fn not_recorded(state: &State, address: &Address) -> Diagnostics {
    let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    let near = did_you_mean(&address.to_string(), known.iter().map(String::as_str));
    let help = near.map_or_else(
        || "`sindri state list` shows what is recorded".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let text = format!("`{address}` isn't recorded");
    vec![Diagnostic::error(Code::new("state::not-recorded"), text).help(help)]
}

/// Refuses addresses that aren't recorded, or at which an operation is open.
pub(super) fn idle<'a>(
    state: &State,
    addresses: impl IntoIterator<Item = &'a Address>,
) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::new();
    for address in addresses {
        if !state.resources.contains_key(address) {
            found.extend(not_recorded(state, address));
        } else if state.is_open(address) {
            found.push(
                open(format!("an operation on `{address}` is still open")).on(address.clone()),
            );
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Refuses to replace a whole state in which something is open.
pub(super) fn settled(state: &State) -> Result<(), Diagnostics> {
    let Some(intent) = state.pending.first() else {
        return Ok(());
    };
    let text = format!("an operation on `{}` is still open", intent.address);
    Err(vec![open(text).on(intent.address.clone())])
}

fn open(text: String) -> Diagnostic {
    Diagnostic::error(Code::new("state::open"), text)
        .help("run `sindri apply` or `sindri refresh`, which find out what became of it")
}
