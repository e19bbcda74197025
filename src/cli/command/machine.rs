//! Which machine a command is about.

use std::sync::Arc;

use crate::address::{Address, Name};
use crate::config::Machine;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::resource::Spec;
use crate::state::{Object, State};

/// The machine of the configuration that was named, or the only one; those that stand by for
/// another are meant only by their names.
pub(super) fn wanted<'a>(
    machines: &'a [Machine],
    named: Option<&str>,
) -> Result<&'a Machine, Diagnostics> {
    let all = || machines.iter().map(|machine| machine.name.as_str());
    let Some(typed) = named else {
        let mut written = machines.iter().filter(|one| one.stands_by.is_none());
        return match (written.next(), written.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(several(all())),
        };
    };
    let plain = plain(typed);
    let found = machines
        .iter()
        .find(|machine| machine.name.as_str() == plain);
    found.ok_or_else(|| {
        let summary = format!("the configuration has no machine `{plain}`");
        unknown(summary, plain, all())
    })
}

/// A machine as typed: `machine.dev` is taken as `dev`, since people copy addresses from a plan.
fn plain(typed: &str) -> &str {
    typed.strip_prefix("machine.").unwrap_or(typed)
}

fn several<'a>(machines: impl Iterator<Item = &'a str>) -> Diagnostics {
    let found = Diagnostic::error(
        Code::new("machine::which"),
        "there are several machines, and one is needed",
    );
    vec![found.help(format!("name one of them: {}", listed(machines)))]
}

fn unknown<'a>(
    summary: String,
    typed: &str,
    machines: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostics {
    let help = match did_you_mean(typed, machines.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if machines.clone().next().is_none() => {
            "`sindri apply` makes what the configuration asks for".to_owned()
        }
        None => format!("the machines are {}", listed(machines)),
    };
    vec![Diagnostic::error(Code::new("machine::unknown"), summary).help(help)]
}

fn listed<'a>(machines: impl Iterator<Item = &'a str>) -> String {
    machines.collect::<Vec<_>>().join(", ")
}

/// The recorded machine that was named, or the only one; as in [`wanted`].
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
    let all = || machines.iter().map(|(name, _)| name.as_str());
    let Some(typed) = named else {
        return match machines.as_slice() {
            [] => Err(vec![
                Diagnostic::error(Code::new("machine::none"), "no machine stands here")
                    .help("`sindri apply` makes what the configuration asks for"),
            ]),
            [(name, object)] => Ok(((*name).clone(), Arc::clone(object))),
            several_of_them => {
                let mut first = several_of_them.iter().filter(|(name, object)| {
                    !matches!(&*object.spec, Spec::Machine(spec) if spec.stands_by(name))
                });
                match (first.next(), first.next()) {
                    (Some((name, object)), None) => Ok(((*name).clone(), Arc::clone(object))),
                    _ => Err(several(all())),
                }
            }
        };
    };
    let plain = plain(typed);
    machines
        .iter()
        .find(|(name, _)| name.as_str() == plain)
        .map(|(name, object)| ((*name).clone(), Arc::clone(object)))
        .ok_or_else(|| unknown(format!("no machine `{plain}` stands here"), plain, all()))
}
