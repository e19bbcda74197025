//! What the configuration says of what is recorded: moves applied, contradictions found.

use crate::address::{Address, Kind};
use crate::desired::Desired;
use crate::desired::{Moved, Transitions};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Place};
use crate::state::{Event, Move, MoveError, Object, State, moves};

/// The moves that a state still needs, applied to it, and what forbids others.
///
/// A machine takes along what belongs to it. What isn't recorded at its old address was moved
/// before, or never made: there is nothing to do.
pub fn settle_moves(desired: &Desired, state: &mut State) -> (Vec<Move>, Diagnostics) {
    let (mut made, mut findings) = (Vec::new(), Vec::new());
    let listed = &desired.transitions.moved;
    let is_machine = |one: &&Moved| one.from.kind() == Kind::Machine;
    // What belongs to a machine moves before the machine takes the rest along.
    let rest = listed.iter().filter(|one| !is_machine(one));
    for one in rest.chain(listed.iter().filter(is_machine)) {
        if !state.resources.contains_key(&one.from) {
            continue;
        }
        if desired.get(&one.from).is_some() {
            let summary = format!("`{}` is moved away, but still asked for", one.from);
            let help = "take the entry out of `moved`, or rename the resource";
            findings.push(at(
                "plan::moved-still-wanted",
                summary,
                help,
                one.place.as_ref(),
            ));
            continue;
        }
        match moves(state, &one.from, &one.to) {
            Ok(list) => {
                for step in list {
                    // What `moves` gives was looked at, each after the one before.
                    let applied = state.apply(step.event());
                    debug_assert!(applied.is_ok(), "a checked move applies");
                    made.push(step);
                }
            }
            Err(error @ MoveError::Taken(_)) => {
                let summary = format!("`{}` can't be moved: {error}", one.from);
                let help = "both are recorded: forget one with `sindri state rm`, or take the \
                            entry out of `moved`";
                findings.push(at("plan::moved-taken", summary, help, one.place.as_ref()));
            }
            Err(error) => findings.extend(error.diagnose().into_iter().map(|mut found| {
                found.place.clone_from(&one.place);
                found
            })),
        }
    }
    (made, findings)
}

/// The project's earlier name, where a move renames the project along with its machine or network.
pub fn renamed_from(desired: &Desired, state: &State) -> Option<String> {
    let renames = renames(&desired.transitions, &state.project, &desired.project);
    (renames && state.project != desired.project).then(|| state.project.clone())
}

/// Whether the moves rename a project: its machine or network has its name, and gets the new one.
pub fn renames(transitions: &Transitions, from: &str, to: &str) -> bool {
    transitions.moved.iter().any(|one| {
        matches!(one.from.kind(), Kind::Machine | Kind::Network)
            && one.from.leaf().as_str() == from
            && one.to.leaf().as_str() == to
    })
}

impl super::Plan {
    /// What is recorded before the first step: addresses renamed, and the project.
    pub fn renamings(&self) -> Vec<Event> {
        let renamed = self.renamed_from.iter().map(|_| Event::Renamed {
            project: self.header.project.clone(),
        });
        self.moves.iter().map(Move::event).chain(renamed).collect()
    }
}

/// What contradicts the configuration or the state in `removed` and `import`.
pub(super) fn contradictions(desired: &Desired, recorded: &State) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for one in &desired.transitions.removed {
        if desired.get(&one.from).is_some() {
            let summary = format!("`{}` is removed, but still asked for", one.from);
            let help = "take the entry out of `removed`, or the resource out of the file";
            findings.push(at(
                "plan::removed-still-wanted",
                summary,
                help,
                one.place.as_ref(),
            ));
        }
    }
    for one in &desired.transitions.imports {
        let standing = recorded.current(&one.to);
        if desired.get(&one.to).is_none() {
            let summary = format!("`{}` is imported, but not asked for", one.to);
            let help = "write the resource into the file first; `sindri graph` shows the addresses";
            findings.push(at(
                "plan::import-not-wanted",
                summary,
                help,
                one.place.as_ref(),
            ));
        } else if standing.is_some_and(|object| !is_of(object, &one.id)) {
            let summary = format!("`{}` is recorded already, as another object", one.to);
            let help = "take the entry out of `import`, or forget what is recorded with \
                        `sindri state rm`";
            findings.push(at("plan::import-taken", summary, help, one.place.as_ref()));
        } else if let Some(other) = recorded_elsewhere(recorded, &one.to, &one.id) {
            let summary = format!("`{}` is recorded already, as `{other}`", one.id);
            let help = "rename it with `moved` or `sindri state mv`";
            findings.push(at("plan::import-taken", summary, help, one.place.as_ref()));
        }
    }
    findings
}

/// Whether an object is the one that a person names so: by its id, or as it was named before.
fn is_of(object: &Object, id: &str) -> bool {
    let named = object.attributes.get(Object::IMPORTED);
    object.id.as_str() == id || named.and_then(serde_json::Value::as_str) == Some(id)
}

fn recorded_elsewhere<'a>(recorded: &'a State, to: &Address, id: &str) -> Option<&'a Address> {
    let has = |record: &crate::state::Record| {
        let mut objects = record.current.iter().chain(&record.deposed);
        objects.any(|object| object.id.as_str() == id)
    };
    let mut others = recorded.resources.iter();
    others
        .find(|(address, record)| *address != to && address.kind() == to.kind() && has(record))
        .map(|(address, _)| address)
}

/// Whether something recorded and no longer wanted is let go of: it is listed, its machine is, or
/// a machine that is let go of stands on it.
pub(super) fn is_let_go_of(desired: &Desired, recorded: &State, address: &Address) -> bool {
    let transitions = &desired.transitions;
    transitions.lets_go_of(address)
        || (address.kind() == Kind::Network
            && recorded.resources.iter().any(|(other, record)| {
                other.kind() == Kind::Machine
                    && desired.get(other).is_none()
                    && transitions.lets_go_of(other)
                    && record
                        .current
                        .as_ref()
                        .is_some_and(|object| object.dependencies.contains(address))
            }))
}

fn at(code: &'static str, summary: String, help: &str, place: Option<&Place>) -> Diagnostic {
    let mut found = Diagnostic::error(Code::new(code), summary).help(help);
    found.place = place.cloned();
    found
}
