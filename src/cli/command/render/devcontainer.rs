//! `sindri render devcontainer`.

use std::path::Path;

use super::deliver::Delivery;
use crate::address::{Address, Name};
use crate::artifact::{self, ApplyInside, ArtifactError, Base};
use crate::cli::args::RenderDevcontainerArgs;
use crate::cli::command::machine;
use crate::cli::session::{Outcome, Session, stop_on_errors};
use crate::config::{Machine, Overrides};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::engine;
use crate::resource::ProviderKind;
use crate::sys::files::{self, Entry};

/// Where editors look for it, beside the configuration.
const FOLDER: &str = ".devcontainer";
/// What it is called there.
const FILE: &str = "devcontainer.json";
/// The Dockerfile that is built where no image is named, beside the configuration, and its stage.
const DOCKERFILE: &str = "image/Dockerfile";
const STAGE: &str = "local";

pub(super) fn run(session: &mut Session, args: &RenderDevcontainerArgs) -> Outcome {
    let project = session.project(Overrides::default())?;
    let machine = machine::wanted(&project.config.machines, args.render.machine.as_deref())?;
    // A machine that can't be planned may be a dev container all the same.
    let of_the_file = |found: &&Diagnostic| found.code.as_str().starts_with("config::");
    stop_on_errors(
        &project
            .findings
            .iter()
            .filter(of_the_file)
            .cloned()
            .collect(),
    )?;
    let base = base(session, &project.directory, machine)?;
    let (inside, findings) = inside(session, machine, project.config.machines.len() > 1)?;
    let mut artifact = artifact::devcontainer(machine, base, inside.as_ref());
    artifact.findings.extend(findings);
    let to = match &args.render.out {
        Some(out) => Some((session.path(out), out.display().to_string())),
        None if args.write => {
            let path = project.directory.join(FOLDER).join(FILE);
            Some((path, format!("{FOLDER}/{FILE}")))
        }
        None => None,
    };
    Delivery {
        kind: "devcontainer.json",
        machine: machine.name.clone(),
        artifact,
        to,
        force: args.render.force,
        origin: artifact::origin_of_devcontainer,
    }
    .run(session)
}

/// What the container is made from: the image named, else the project's own Dockerfile, else the
/// image that machines get which name none.
fn base(session: &Session, directory: &Path, machine: &Machine) -> Result<Base, Diagnostics> {
    if let Some(image) = &machine.image {
        return Ok(Base::Image(image.reference.clone()));
    }
    let dockerfile = files::entry(&directory.join(DOCKERFILE));
    if dockerfile.is_ok_and(|entry| matches!(entry, Entry::File | Entry::Link(_))) {
        return Ok(Base::Build {
            dockerfile: format!("../{DOCKERFILE}"),
            context: "../image".to_owned(),
            target: STAGE.to_owned(),
        });
    }
    let image = engine::default_image(machine.distro, &session.world().environment);
    image.map(Base::Image).ok_or_else(|| {
        let error = ArtifactError::NoImage {
            machine: machine.name.clone(),
            distro: machine.distro.as_str(),
        };
        let mut found = error.diagnose();
        found.place.clone_from(&machine.place);
        vec![found]
    })
}

/// What is applied in the container, and why nothing is.
///
/// Inside it a machine is one on `local`, so that what can't be installed there is known already.
fn inside(
    session: &Session,
    machine: &Machine,
    fleet: bool,
) -> Result<(Option<ApplyInside>, Diagnostics), Diagnostics> {
    let local = session.project(Overrides {
        provider: Some(ProviderKind::Local),
    })?;
    let targets = extensions(&local.desired, &machine.name);
    if targets.is_empty() {
        return Ok((None, Vec::new()));
    }
    let mut errors = local.findings.iter().filter(|found| found.is_error());
    if let Some(first) = errors.next() {
        let mut found = Diagnostic::warning(
            Code::new("artifact::not-installed"),
            format!(
                "the dev container of machine `{}` gets no extensions: they can't be installed on `local`",
                machine.name
            ),
        )
        .because(first.summary.clone());
        found.help.clone_from(&first.help);
        found.place.clone_from(&first.place);
        return Ok((None, vec![found]));
    }
    let file = session.config.file_name();
    let file = file.map(|name| name.to_string_lossy().into_owned());
    let inside = ApplyInside {
        config: file.filter(|name| name != "sindri.yaml"),
        targets: if fleet { targets } else { Vec::new() },
    };
    Ok((Some(inside), Vec::new()))
}

fn extensions(desired: &crate::desired::Desired, machine: &Name) -> Vec<Address> {
    let resources = desired.resources().iter();
    resources
        .map(|wanted| &wanted.address)
        .filter(|address| matches!(address, Address::Extension(of, _) if of == machine))
        .cloned()
        .collect()
}
