//! `sindri render fly.toml`.

use super::deliver::Delivery;
use crate::address::Address;
use crate::artifact::{self, ArtifactError};
use crate::cli::args::RenderArgs;
use crate::cli::command::machine;
use crate::cli::session::{Outcome, Session, stop_on_errors};
use crate::config::Overrides;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::resource::ProviderKind;

pub(super) fn run(session: &mut Session, args: &RenderArgs) -> Outcome {
    let project = session.project(Overrides::default())?;
    let machine = machine::wanted(&project.config.machines, args.machine.as_deref())?;
    let name = machine.name.clone();
    if machine.provider != ProviderKind::Fly {
        let error = ArtifactError::NotOnFly {
            machine: name,
            provider: machine.provider,
        };
        let mut found = error.diagnose();
        found.place.clone_from(&machine.place);
        return Err(vec![found]);
    }
    if let Some(other) = &machine.stands_by {
        let error = ArtifactError::StandsBy {
            machine: name,
            other: other.clone(),
        };
        return Err(vec![error.diagnose()]);
    }
    // What can't be applied by sindri may be deployed all the same.
    let room = |found: &Diagnostic| {
        let code = found.code.as_str();
        code.split_once("::")
            .map_or(code, |(room, _)| room)
            .to_owned()
    };
    let (of_providers, others): (Vec<_>, Vec<_>) = project
        .findings
        .iter()
        .cloned()
        .partition(|found| ["provider", "install"].contains(&&*room(found)));
    stop_on_errors(&others)?;
    let outbound = &machine.outbound;
    let mut artifact = artifact::fly_toml(&project.desired, &name, outbound)
        .map_err(|error| vec![error.diagnose()])?;
    let own = Some(Address::Machine(name.clone()));
    let no_gpu = of_providers
        .into_iter()
        .filter(|found| found.code == Code::new("provider::no-gpu") && found.address == own);
    artifact.findings.extend(no_gpu.map(|mut found| {
        found.severity = Severity::Warning;
        found
    }));
    artifact.findings.extend(
        others
            .into_iter()
            .filter(|found| found.place.is_some() && found.place == machine.place),
    );
    let to = args
        .out
        .as_ref()
        .map(|out| (session.path(out), out.display().to_string()));
    if let (Some(last), Some((_, shown))) = (artifact.next.last_mut(), &to)
        && shown != "fly.toml"
    {
        *last = format!("{last} --config {}", artifact::shell_word(shown));
    }
    Delivery {
        kind: "fly.toml",
        machine: name,
        artifact,
        to,
        force: args.force,
        origin: artifact::origin_of_fly_toml,
    }
    .run(session)
}
