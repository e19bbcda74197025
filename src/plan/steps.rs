//! Steps: what is done for each change, and what must end before it starts.
//!
//! Makes follow the makes of what they need; deletes run the other way. A replacement is two steps,
//! so that the delete of one resource may lie between another's delete and make. What lives inside a
//! machine has no delete of its own when the machine goes: its record is dropped with it.

use super::{Action, Change, Order, Reason, Step};
use crate::address::{Address, Kind};
use crate::state::StepKind;
use rustc_hash::FxHashMap;

/// The steps of a change: the one that makes and the one that deletes.
#[derive(Clone, Copy, Default)]
struct Of {
    make: Option<u32>,
    delete: Option<u32>,
}

/// The steps that bring changes about.
pub(super) fn steps(changes: &[Change]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(changes.len());
    let mut of: FxHashMap<&Address, Of> =
        FxHashMap::with_capacity_and_hasher(changes.len(), rustc_hash::FxBuildHasher);
    for (index, change) in changes.iter().enumerate() {
        // A plan of four billion changes doesn't fit in memory.
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let mut push = |kind| {
            steps.push(Step {
                change: index,
                kind,
                after: Vec::new(),
            });
            Some(u32::try_from(steps.len() - 1).unwrap_or(u32::MAX))
        };
        let entry = of.entry(&change.address).or_default();
        match change.action {
            Action::NoOp if change.retains() => entry.delete = push(StepKind::Retain),
            Action::NoOp => {}
            Action::Create if change.reason == Some(Reason::Retained) => {
                entry.delete = push(StepKind::Retain);
                entry.make = push(StepKind::Create);
            }
            Action::Create => entry.make = push(StepKind::Create),
            Action::Update => entry.make = push(StepKind::Update),
            Action::Adopt => entry.make = push(StepKind::Adopt),
            Action::Replace(_) if change.address.lives_inside() => {
                entry.make = push(StepKind::Create);
            }
            Action::Replace(Order::DestroyFirst) => {
                entry.delete = push(StepKind::Destroy);
                entry.make = push(StepKind::Create);
            }
            Action::Replace(Order::CreateFirst) => {
                entry.make = push(StepKind::Create);
                entry.delete = push(StepKind::Destroy);
            }
            Action::Delete => entry.delete = push(StepKind::Destroy),
            Action::Forget => entry.delete = push(StepKind::Forget),
        }
    }
    for change in changes {
        link(change, &of, &mut steps);
    }
    for step in &mut steps {
        step.after.sort_unstable();
        step.after.dedup();
    }
    steps
}

fn link(change: &Change, of: &FxHashMap<&Address, Of>, steps: &mut [Step]) {
    let own = of.get(&change.address).copied().unwrap_or_default();
    let mut after = |step: u32, before: u32| steps[step as usize].after.push(before);
    if let Some(make) = own.make {
        for on in &change.dependencies {
            if let Some(first) = of.get(on).and_then(|other| other.make) {
                after(make, first);
            }
        }
    }
    if let (Some(make), Some(delete)) = (own.make, own.delete) {
        match change.action {
            Action::Replace(Order::CreateFirst) => after(delete, make),
            Action::Replace(Order::DestroyFirst)
            | Action::NoOp
            | Action::Create
            | Action::Update
            | Action::Delete
            | Action::Forget
            | Action::Adopt => after(make, delete),
        }
    }
    let Some(object) = &change.recorded else {
        return;
    };
    for on in &object.dependencies {
        let other = of.get(on).copied().unwrap_or_default();
        let Some(theirs) = other.delete else { continue };
        let inside = change.address.lives_inside()
            && change
                .address
                .machine()
                .cloned()
                .map(Address::Machine)
                .as_ref()
                == Some(on);
        match (inside, own.delete) {
            // The machine takes what lives inside along.
            (true, Some(mine)) => after(mine, theirs),
            (false, Some(mine)) => after(theirs, mine),
            // What moves away from a network, a pin or a volume does so before that is deleted.
            // Machines that depended on each other need no such order, and it could close a circle:
            // the deletion may be what another replacement waits for.
            (_, None) => {
                if let Some(mine) = own.make
                    && change.action == Action::Update
                    && other.make.is_none()
                    && on.kind() != Kind::Machine
                {
                    after(theirs, mine);
                }
            }
        }
    }
}
