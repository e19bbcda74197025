//! Writing the lock: what an apply made true of it.

use std::collections::BTreeSet;

use super::acting::Ready;
use crate::address::{Address, Name};
use crate::catalog::Lock;
use crate::diagnostic::Diagnostics;
use crate::digest::Digest;
use crate::engine::Event;
use crate::plan::Action;
use crate::state::Object;

/// Writes the lock as far as the apply got: what ended well counts as new, what didn't as before.
///
/// None where the file stays as it is.
pub(super) fn write(ready: &Ready) -> Result<Option<Written>, Diagnostics> {
    let Some(lockfile) = &ready.lockfile else {
        return Ok(None);
    };
    let state = ready.locked.state();
    let recorded = |machine: &Name, name: &Name| {
        let address = Address::Extension(machine.clone(), name.clone());
        state.current(&address)
    };
    let idle: BTreeSet<&Address> = ready
        .plan
        .changes
        .iter()
        .filter(|change| change.action == Action::NoOp)
        .map(|change| &change.address)
        .collect();
    let after = &lockfile.after;
    let ended_well = |machine: &Name, name: &Name| {
        let address = Address::Extension(machine.clone(), name.clone());
        let wanted = after.machines.get(machine).and_then(|set| set.get(name));
        let stands = recorded(machine, name).is_some_and(|object| {
            let spec = object.spec.extension();
            spec.is_some_and(|spec| Some(&spec.content) == wanted)
        });
        // What is left alone on purpose is settled too: by hand, or never.
        stands || idle.contains(&address)
    };
    let stands = |machine: &Name, name: &Name| recorded(machine, name).is_some();
    let mut settled = after.settled(lockfile.before.as_deref(), &ended_well, &stands);
    for (machine, set) in settled.machines.clone() {
        for (name, content) in &*set {
            if let Some(object) = recorded(&machine, name) {
                learn(&mut settled, name, content, object);
            }
        }
    }
    if !lockfile.write(&settled)? {
        return Ok(None);
    }
    let shown = &lockfile.shown;
    let removed = settled.is_empty();
    let text = if removed {
        format!("\nRemoved {shown}: no extension is left.\n")
    } else if lockfile.digest.is_none() {
        format!("\nWrote {shown}. Commit it: with it, others get the same.\n")
    } else {
        format!("\nUpdated {shown}.\n")
    };
    Ok(Some(Written {
        event: Event::Relocked {
            file: shown.clone(),
            removed,
        },
        text,
    }))
}

/// That the lock was written: for programs, and for people after the summary.
pub(super) struct Written {
    pub(super) event: Event,
    pub(super) text: String,
}

/// Takes over what an installation resolved.
fn learn(lock: &mut Lock, name: &Name, content: &Digest, object: &Object) {
    let Some(spec) = object.spec.extension() else {
        return;
    };
    let noted = |path: &str| {
        let noted = object
            .attributes
            .get(path)
            .and_then(|value| value.as_object());
        noted.into_iter().flatten().filter_map(|(key, value)| {
            let value = value.as_str()?;
            Some((key.clone(), value.to_owned()))
        })
    };
    if spec.content == *content {
        let listed = noted("listed").filter_map(|(key, sum)| {
            let (download, arch) = key.rsplit_once(' ')?;
            Some(((download.to_owned(), arch.to_owned()), sum))
        });
        lock.learn(name, content, noted("ranged"), listed);
    }
}
