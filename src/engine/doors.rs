//! Ways in for people: tried, and what a session knows a machine by among what was seen of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};

use super::providers::Providers;
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Severity};
use crate::plan::{Observation, Observed};
use crate::provider::MachineRef;
use crate::resource::{Attributes, Power};
use crate::state::{Object, State};

/// How many are tried side by side: each waits more than it works, so that steps' parallelism would make
/// an apply of many machines longer than it need be.
const AT_ONCE: usize = 100;

/// What became of trying the way into one machine.
pub(super) struct Tried {
    pub(super) address: Address,
    pub(super) object: Arc<Object>,
    /// What it is known by, nothing where it has no way in; or what is wrong, as warnings.
    pub(super) found: Result<Attributes, Diagnostics>,
}

/// What was said of ways in so far: what this host lacks it lacks for every machine.
#[derive(Default)]
pub(super) struct Said(BTreeSet<(Code, String)>);

impl Said {
    /// What of it wasn't said before of another machine, in the same words.
    pub(super) fn news_of(&mut self, mut found: Diagnostics) -> Diagnostics {
        found.retain(|one| self.0.insert((one.code.clone(), one.summary.clone())));
        found
    }
}

/// Tries the ways into machines; each must still show the key that is known of it.
pub(super) fn tries(
    providers: &dyn Providers,
    machines: impl IntoIterator<Item = (Name, Arc<Object>)>,
    known: fn(&Object) -> Attributes,
) -> impl Stream<Item = Tried> {
    let tries = machines.into_iter().filter_map(|(name, object)| {
        let provider = providers.provider(object.provider).ok()?;
        Some(async move {
            let machine = MachineRef::of(&name, &object);
            let tried = provider.try_door(&machine, &known(&object)).await;
            let address = Address::Machine(name);
            Tried {
                found: match tried {
                    Ok(outputs) => Ok(outputs.unwrap_or_default()),
                    Err(failed) => {
                        let found = failed.diagnose().into_iter();
                        Err(found.map(|one| warning(one, &address)).collect())
                    }
                },
                address,
                object,
            }
        })
    });
    let tries: Vec<_> = tries.collect();
    stream::iter(tries).buffer_unordered(AT_ONCE)
}

/// Tries the way into every machine that runs, and adds what it is known by now to what was seen.
pub async fn doors(
    providers: &dyn Providers,
    state: &State,
    observed: &mut Observed,
) -> Diagnostics {
    let running = state.resources.iter().filter_map(|(address, record)| {
        let (Address::Machine(name), Some(object)) = (address, &record.current) else {
            return None;
        };
        let runs = observed.seen(address)?.power != Some(Power::Stopped);
        (runs && !state.is_open(address)).then(|| (name.clone(), Arc::clone(object)))
    });
    // What stands is to be recorded, whatever it was before.
    let running: Vec<_> = running.collect();
    let tries = tries(providers, running, |_| Attributes::default());
    let mut findings = Diagnostics::new();
    let mut said = Said::default();
    for tried in tries.collect::<Vec<_>>().await {
        match (tried.found, observed.objects.get_mut(&tried.address)) {
            (Ok(outputs), Some(Observation::Present(seen))) => {
                for (name, value) in outputs.0 {
                    seen.outputs.set(&name, value);
                }
            }
            (Ok(_), _) => {}
            (Err(found), _) => findings.extend(said.news_of(found)),
        }
    }
    findings
}

/// A machine whose way in doesn't work stands all the same.
fn warning(mut found: Diagnostic, address: &Address) -> Diagnostic {
    found.severity = Severity::Warning;
    found.on(address.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_host_lacks_is_said_once_and_what_a_machine_lacks_of_each() {
        let (mut said, mut told) = (Said::default(), Vec::new());
        for machine in ["one", "two"] {
            let found = |code: &'static str, text: String| {
                let address = format!("machine.{machine}").parse().unwrap();
                warning(Diagnostic::error(Code::new(code), text), &address)
            };
            let of_host = found("fly::no-ssh-client", "could not run".to_owned());
            let own = found("fly::ssh", format!("{machine} is silent"));
            told.extend(said.news_of(vec![of_host, own]));
        }
        let codes: Vec<&str> = told.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["fly::no-ssh-client", "fly::ssh", "fly::ssh"]);
    }
}
