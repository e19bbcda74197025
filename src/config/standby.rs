//! Machines that stand by: the second one that `highAvailability` makes of a machine on Fly.io.

use std::collections::HashSet;
use std::sync::Arc;

use super::code;
use super::reading::Reading;
use super::tree::{Node, Span};
use super::{FlySettings, Machine, ProviderSettings};
use crate::address::{NAME_MAX, Name, NameRule};

/// What the name of a machine that stands by ends with.
const SUFFIX: &str = "standby";

/// Puts behind each machine the one that stands by for it, where one is asked for; `written` is where
/// the machines are written.
///
/// It is a machine like any other, so that everything that is done with machines is done with it:
/// the same image, secrets and extensions, a volume of its own. It shares the app, and so the
/// address, of the one it stands by for; that ssh finds exactly the one that is meant, each has a
/// port of its own.
pub(super) fn add(
    machines: Vec<Machine>,
    written: &Node,
    reading: &mut Reading<'_>,
) -> Vec<Machine> {
    if !machines.iter().any(|machine| asks(machine).is_some()) {
        return machines;
    }
    let taken: HashSet<Name> = machines.iter().map(|one| one.name.clone()).collect();
    let mut all = Vec::with_capacity(machines.len() + 1);
    for machine in machines {
        let second = asks(&machine).and_then(|fly| {
            let text = format!("{}-{SUFFIX}", machine.name);
            let real_name = format!("{}-{SUFFIX}", machine.real_name);
            let name = Name::parse(NameRule::Label, &text).ok();
            let Some(name) = name.filter(|_| real_name.len() <= NAME_MAX) else {
                let summary = format!("the real name `{real_name}` is too long");
                let help = format!("it becomes a host name: {NAME_MAX} characters at most");
                reading.error(place(written, machine.name.as_str()), code::INVALID_VALUE, summary, help);
                return None;
            };
            if taken.contains(&name) {
                let summary = format!("two machines are named `{name}`");
                let help = format!(
                    "`highAvailability` of `{}` makes a second machine of that name; rename the other",
                    machine.name
                );
                reading.error(place(written, &text), code::DUPLICATE_NAME, summary, help);
                return None;
            }
            Some(Machine {
                name,
                real_name,
                settings: Arc::new(ProviderSettings::Fly(second(fly))),
                stands_by: Some(machine.name.clone()),
                ..machine.clone()
            })
        });
        all.push(machine);
        all.extend(second);
    }
    all
}

/// Where a machine is written: its entry, if it has one of its own.
fn place(written: &Node, name: &str) -> Span {
    let mut entries = written.entries().iter();
    let entry = entries.find(|entry| &*entry.key == name);
    entry.map_or(
        Span {
            length: 1,
            ..written.span
        },
        |entry| entry.span,
    )
}

fn asks(machine: &Machine) -> Option<&FlySettings> {
    match &*machine.settings {
        ProviderSettings::Fly(fly) if fly.high_availability => Some(fly),
        _ => None,
    }
}

/// The settings of the second machine: the next port leads to it.
fn second(fly: &FlySettings) -> FlySettings {
    FlySettings {
        ssh_port: fly.ssh_port.checked_add(1).unwrap_or(fly.ssh_port - 1),
        high_availability: false,
        ..fly.clone()
    }
}
