//! Which machine a command is about.

use std::sync::Arc;

use crate::address::{Address, Name};
use crate::config::Machine;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::state::{Object, State};

/// The machine of the configuration that was named, or the only one.
pub(super) fn wanted<'a>(
    machines: &'a [Machine],
    named: Option<&str>,
) -> Result<&'a Machine, Diagnostics> {
    let all = || machines.iter().map(|machine| machine.name.as_str());
    let listed = || all().collect::<Vec<_>>().join(", ");
    let Some(typed) = named else {
        return match machines {
            [only] => Ok(only),
            _ => Err(vec![
                Diagnostic::error(
                    Code::new("machine::which"),
                    "there are several machines, and one is needed",
                )
                .help(format!("name one of them: {}", listed())),
            ]),
        };
    };
    let plain = typed.strip_prefix("machine.").unwrap_or(typed);
    let found = machines
        .iter()
        .find(|machine| machine.name.as_str() == plain);
    found.ok_or_else(|| {
        let help = match did_you_mean(plain, all()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the machines are {}", listed()),
        };
        vec![
            Diagnostic::error(
                Code::new("machine::unknown"),
                format!("the configuration has no machine `{plain}`"),
            )
            .help(help),
        ]
    })
}

/// The recorded machine that was named, or the only one.
pub(super) fn pick(
    state: Option<&State>,
    named: Option<&str>,
) -> Result<(Name, Arc<Object>), Diagnostics> {
    let machines: Vec<(&Name, &Arc<Object>)> = state
        .iter()
        .flat_map(|state| &state.resources)
        .filter_map(|(address, record)| match address {
            Address::Machine(name) => Some((name, record.current.as_ref()?)),
            Address::Network(_)
            | Address::Image(_)
            | Address::Gpu(_)
            | Address::Volume(..)
            | Address::Secret(..)
            | Address::Extension(..) => None,
        })
        .collect();
    let listed = || {
        let list: Vec<&str> = machines.iter().map(|(name, _)| name.as_str()).collect();
        list.join(", ")
    };
    let Some(typed) = named else {
        return match machines.as_slice() {
            [] => Err(vec![
                Diagnostic::error(Code::new("machine::none"), "no machine stands here")
                    .help("`sindri apply` makes what the configuration asks for"),
            ]),
            [(name, object)] => Ok(((*name).clone(), Arc::clone(object))),
            _ => Err(vec![
                Diagnostic::error(
                    Code::new("machine::which"),
                    "there are several machines, and one is needed",
                )
                .help(format!("name one of them: {}", listed())),
            ]),
        };
    };
    // `machine.dev` is taken as `dev`: people copy addresses from a plan.
    let plain = typed.strip_prefix("machine.").unwrap_or(typed);
    machines
        .iter()
        .find(|(name, _)| name.as_str() == plain)
        .map(|(name, object)| ((*name).clone(), Arc::clone(object)))
        .ok_or_else(|| {
            let near = did_you_mean(plain, machines.iter().map(|(name, _)| name.as_str()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if machines.is_empty() => {
                    "`sindri apply` makes what the configuration asks for".to_owned()
                }
                None => format!("the machines are {}", listed()),
            };
            vec![
                Diagnostic::error(
                    Code::new("machine::unknown"),
                    format!("no machine `{plain}` stands here"),
                )
                .help(help),
            ]
        })
}
