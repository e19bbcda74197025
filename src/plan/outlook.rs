//! What of the extensions a plan installs, and what it doesn't.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Action, Change, Options};
use crate::address::{Address, Name};
use crate::catalog::{LeftOut, Outlook};
use crate::desired::Desired;

/// Narrows what was found of whole machines to what the plan does, machines with equal parts
/// together.
///
/// A machine that isn't in the plan, because nothing can be planned on its provider, keeps all.
pub(super) fn outlooks(
    desired: &Desired,
    found: &[Outlook],
    changes: &[Change],
    options: &Options,
) -> Vec<Outlook> {
    if found.is_empty() {
        return Vec::new();
    }
    let mut acting: FxHashMap<&Name, BTreeSet<&Name>> = FxHashMap::default();
    for change in changes {
        if let (Address::Extension(machine, name), true) =
            (&change.address, installs(change.action))
        {
            acting.entry(machine).or_default().insert(name);
        }
    }
    let none = BTreeSet::new();
    let mut all = Vec::new();
    let something = |one: &&Outlook| !one.installs.is_empty() || !one.left_out.is_empty();
    for outlook in found.iter().filter(something) {
        let left_out: Vec<LeftOut> = outlook
            .left_out
            .iter()
            .filter(|one| !allowed(one, options))
            .cloned()
            .collect();
        let left: BTreeSet<&Name> = left_out.iter().map(|one| &one.name).collect();
        let mut parts: BTreeMap<Option<&BTreeSet<&Name>>, Vec<Name>> = BTreeMap::new();
        for machine in &outlook.machines {
            let planned = desired.machine(machine).is_some();
            let part = planned.then(|| acting.get(machine).unwrap_or(&none));
            parts.entry(part).or_default().push(machine.clone());
        }
        for (part, machines) in parts {
            let installs: Vec<_> = outlook
                .installs
                .iter()
                .filter(|one| part.is_none_or(|part| part.contains(&one.name)))
                .filter(|one| !left.contains(&one.name))
                .cloned()
                .collect();
            if !installs.is_empty() || (!left_out.is_empty() && options.targets.is_empty()) {
                all.push(Outlook {
                    machines,
                    provider: outlook.provider,
                    cost: outlook.cost.clone(),
                    installs,
                    left_out: left_out.clone(),
                });
            }
        }
    }
    all
}

/// Whether every error that keeps an extension out is allowed.
fn allowed(left_out: &LeftOut, options: &Options) -> bool {
    let permits = |code: &str| options.allow.iter().any(|allowed| allowed == code);
    !left_out.codes.is_empty() && left_out.codes.iter().all(|code| permits(code.as_str()))
}

fn installs(action: Action) -> bool {
    match action {
        Action::Create | Action::Update | Action::Replace(_) => true,
        Action::NoOp | Action::Delete | Action::Forget | Action::Adopt => false,
    }
}
