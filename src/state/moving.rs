//! Renaming: what a move of one address takes along, and what forbids it.

use serde::{Deserialize, Serialize};

use super::{Event, State};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};

/// One address that becomes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The address it has.
    pub from: Address,
    /// The address it will have.
    pub to: Address,
}

/// Why a move can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// Nothing is recorded there.
    #[error("`{0}` isn't recorded")]
    NotRecorded(Address),
    /// Something is recorded there already.
    #[error("`{0}` is recorded already")]
    Taken(Address),
    /// A machine doesn't become a volume.
    #[error("`{from}` and `{to}` are of different kinds")]
    OtherKind {
        /// The address it has.
        from: Address,
        /// The address it was to have.
        to: Address,
    },
    /// An operation is open there.
    #[error("an operation on `{0}` is still open")]
    Open(Address),
    /// It lives in its machine, or is a decision about it.
    #[error("`{0}` moves with its machine only")]
    Bound(Address),
}

impl Diagnose for MoveError {
    fn diagnose(&self) -> Diagnostics {
        let (code, about, help) = match self {
            Self::NotRecorded(address) => (
                "state::not-recorded",
                address,
                "`sindri state list` shows what is recorded",
            ),
            Self::Taken(address) => (
                "state::taken",
                address,
                "choose another address, or forget what stands there with `sindri state rm`",
            ),
            Self::OtherKind { from, .. } => {
                ("state::other-kind", from, "rename within one kind only")
            }
            Self::Open(address) => ("state::open", address, SETTLE),
            Self::Bound(address) => (
                "state::bound",
                address,
                "rename the machine: what lives in it and its pins come along",
            ),
        };
        let found = Diagnostic::error(Code::new(code), self.to_string());
        vec![found.help(help).on(about.clone())]
    }
}

/// What helps against an operation that was left open.
const SETTLE: &str = "run `sindri apply` or `sindri refresh`, which find out what became of it";

impl Move {
    /// The event that records it.
    pub fn event(&self) -> Event {
        Event::Moved {
            from: self.from.clone(),
            to: self.to.clone(),
        }
    }
}

/// Everything that one move comes to: a machine takes along what belongs to it.
pub fn moves(state: &State, from: &Address, to: &Address) -> Result<Vec<Move>, MoveError> {
    if from.kind() != to.kind() {
        return Err(MoveError::OtherKind {
            from: from.clone(),
            to: to.clone(),
        });
    }
    if !state.resources.contains_key(from) {
        return Err(MoveError::NotRecorded(from.clone()));
    }
    let list: Vec<Move> = match (from, to) {
        (Address::Network(_) | Address::Volume(..), _) => vec![Move {
            from: from.clone(),
            to: to.clone(),
        }],
        (Address::Machine(old), Address::Machine(new)) => state
            .resources
            .keys()
            .filter(|address| address.machine() == Some(old))
            .map(|address| Move {
                from: address.clone(),
                to: in_machine(address, new),
            })
            .collect(),
        (
            Address::Machine(_)
            | Address::Image(_)
            | Address::Gpu(_)
            | Address::Secret(..)
            | Address::Extension(..),
            _,
        ) => return Err(MoveError::Bound(from.clone())),
    };
    for one in &list {
        if state.resources.contains_key(&one.to) {
            return Err(MoveError::Taken(one.to.clone()));
        }
        if let Some(open) = [&one.from, &one.to].into_iter().find(|a| state.is_open(a)) {
            return Err(MoveError::Open(open.clone()));
        }
    }
    Ok(list)
}

/// The same address in another machine.
fn in_machine(address: &Address, machine: &Name) -> Address {
    let machine = machine.clone();
    match address {
        Address::Network(scope) => Address::Network(scope.clone()),
        Address::Image(_) => Address::Image(machine),
        Address::Gpu(_) => Address::Gpu(machine),
        Address::Machine(_) => Address::Machine(machine),
        Address::Volume(_, name) => Address::Volume(machine, name.clone()),
        Address::Secret(_, name) => Address::Secret(machine, name.clone()),
        Address::Extension(_, name) => Address::Extension(machine, name.clone()),
    }
}
