//! From machines that run: each asks all of its hosts, in one exec.

use futures_util::future::join_all;

use super::limit;
use super::needed::{Needed, fetch};
use crate::address::{Address, Name};
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::engine::{Readers, Survey};
use crate::install::{self, Reached, Reply};
use crate::provider::MachineRef;
use crate::resource::Power;
use crate::state::Object;

/// Asks the hosts from every machine that stands and runs; a sleeping one is left asleep.
pub async fn probe_machines(
    readers: &dyn Readers,
    survey: &Survey,
    needed: &[Needed],
) -> Diagnostics {
    let looks = needed.iter().flat_map(|one| {
        one.machines.iter().filter_map(move |name| {
            let address = Address::Machine(name.clone());
            let machine = survey.state.current(&address)?;
            let runs = survey.observed.seen(&address)?.power != Some(Power::Stopped);
            runs.then(|| look(readers, one, name, machine))
        })
    });
    join_all(looks).await.into_iter().flatten().collect()
}

async fn look(
    readers: &dyn Readers,
    needed: &Needed,
    name: &Name,
    machine: &Object,
) -> Diagnostics {
    let target = MachineRef::of(name, machine);
    let hosts: Vec<&str> = needed.hosts.keys().map(String::as_str).collect();
    if hosts.is_empty() {
        return Vec::new();
    }
    let by = needed.of_github();
    let answer = match readers.reader(machine.provider) {
        Ok(reader) => install::reach(&*reader, &target, &hosts, &needed.outbound, !by.is_empty())
            .await
            .map_err(|error| error.diagnose()),
        Err(error) => Err(error.diagnose()),
    };
    let mut found = match answer {
        Ok(reached) => judge(needed, name, &reached, &by),
        Err(findings) => findings.into_iter().map(lowered).collect(),
    };
    for one in &mut found {
        one.address = Some(Address::Machine(name.clone()));
    }
    found
}

fn judge(needed: &Needed, name: &Name, reached: &Reached, by: &[Name]) -> Diagnostics {
    let mut found = Vec::new();
    for (host, by) in &needed.hosts {
        if let Some(Reply::Silence(why)) = reached.hosts.get(host) {
            found.push(unreachable(needed, name, host, by).because(why.clone()));
        }
    }
    if !reached.can_ask {
        let text = format!("nothing in `{name}` can ask whether its hosts can be reached");
        found.push(
            Diagnostic::advice(Code::new("catalog::unreachable"), text)
                .because("it has neither curl, wget nor bash")
                .help("what is reached from here may still be out of its reach"),
        );
    }
    if let Some(answer) = &reached.limit {
        let place = format!("`{name}`");
        if answer.refused {
            found.push(limit::refused(&place));
        } else {
            found.extend(limit::judge(&answer.body, &place, answer.known, by));
        }
    }
    found
}

fn unreachable(needed: &Needed, name: &Name, host: &str, by: &[Name]) -> Diagnostic {
    let text = match needed.outbound.mirror_of(host) {
        Some(mirror) => format!(
            "{mirror}, which stands for {host}, can't be reached from `{name}`; {} from it",
            fetch(by)
        ),
        None => format!(
            "{host} can't be reached from `{name}`; {} from it",
            fetch(by)
        ),
    };
    Diagnostic::warning(Code::new("catalog::unreachable"), text)
        .help("look at the machine's network, at `mirrors`, `network.proxy` and firewalls")
}

/// A machine that can't be asked keeps nobody from planning.
fn lowered(mut found: Diagnostic) -> Diagnostic {
    if found.is_error() {
        found.severity = crate::diagnostic::Severity::Warning;
    }
    found
}
