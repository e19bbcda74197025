//! Planning as every command does it: read, survey, plan.

use tokio::runtime::Runtime;

use crate::address::Address;
use crate::catalog::Moving;
use crate::cli::args::{Look, Narrow};
use crate::cli::session::{Session, same_project};
use crate::config::Overrides;
use crate::diagnostic::{Diagnose, Diagnostics, Severity};
use crate::engine::{self, Project, Reach, Readers, Scope, Survey};
use crate::plan::{Options, Plan};
use crate::render::PlanMeta;
use crate::state::State;

/// The Terraform whose plan format we write; its readers insist on a version.
const TERRAFORM_VERSION: &str = "1.11.4";

/// What a person asked of a plan.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) destroy: bool,
    pub(super) delete_volumes: bool,
    pub(super) targets: Vec<Address>,
    /// Whether the command means no more than the targets, without a person narrowing it.
    pub(super) narrow_by_nature: bool,
    pub(super) excludes: Vec<Address>,
    pub(super) replace: Vec<Address>,
    /// Every machine, as `deploy --force` asks.
    pub(super) replace_machines: bool,
    pub(super) allow: Vec<String>,
    pub(super) refresh: bool,
    pub(super) deep: bool,
    pub(super) require_secrets: bool,
    /// Whether hosts are asked for a sign of life.
    pub(super) probe: bool,
    pub(super) overrides: Overrides,
    /// What an upgrade lets go of.
    pub(super) moving: Moving,
    /// Whether the lock must be there and stay as it is.
    pub(super) locked: bool,
}

impl Asked {
    pub(super) fn narrowed(narrow: &Narrow) -> Self {
        Self {
            destroy: false,
            delete_volumes: false,
            targets: narrow.target.clone(),
            narrow_by_nature: false,
            excludes: narrow.exclude.clone(),
            replace: Vec::new(),
            replace_machines: false,
            allow: narrow.allow.clone(),
            refresh: true,
            deep: false,
            require_secrets: false,
            probe: false,
            overrides: Overrides::default(),
            moving: Moving::Nothing,
            locked: false,
        }
    }

    pub(super) fn from(narrow: &Narrow, look: &Look) -> Self {
        Self {
            replace: look.replace.clone(),
            refresh: look.refresh,
            deep: look.deep,
            ..Self::narrowed(narrow)
        }
    }

    pub(super) fn options(&self, project: &Project) -> Options {
        let mut replace = self.replace.clone();
        if self.replace_machines {
            replace.extend(
                project
                    .desired
                    .resources()
                    .iter()
                    .map(|wanted| &wanted.address)
                    .filter(|address| matches!(address, Address::Machine(_)))
                    .cloned(),
            );
        }
        Options {
            destroy: self.destroy,
            delete_volumes: self.delete_volumes,
            targets: self.targets.clone(),
            narrow_by_nature: self.narrow_by_nature,
            excludes: self.excludes.clone(),
            replace,
            allow: self.allow.clone(),
            config: project.digest.clone(),
        }
    }

    pub(super) fn reach(&self) -> Reach {
        let scope = match (self.refresh, self.destroy) {
            (false, _) => Scope::Recorded,
            (true, true) => Scope::Exists,
            (true, false) => Scope::Checked,
        };
        Reach {
            scope,
            deep: self.deep && self.refresh,
        }
    }
}

/// A plan made without touching anything.
pub(super) struct Read {
    pub(super) project: Project,
    pub(super) survey: Survey,
    pub(super) plan: Plan,
}

/// Reads the project and the state, asks the providers, and plans; takes no lock, writes nothing.
pub(super) fn read(
    session: &Session,
    readers: &dyn Readers,
    asked: &Asked,
    runtime: &Runtime,
) -> Result<Read, Diagnostics> {
    let read = session.project_and_state(asked.overrides, &asked.moving)?;
    read_project(session, readers, asked, runtime, read)
}

/// As [`read`], of a project and a state that were read already.
pub(super) fn read_project(
    session: &Session,
    readers: &dyn Readers,
    asked: &Asked,
    runtime: &Runtime,
    (mut project, state): (Project, Option<State>),
) -> Result<Read, Diagnostics> {
    same_project(&project, state.as_ref())?;
    let key = session
        .store()?
        .fingerprint_key()
        .map_err(|error| error.diagnose())?;
    let (_, mut findings) = engine::resolve(
        &mut project.desired,
        &session.world().environment,
        &project.directory,
        key.as_ref(),
    );
    if asked.destroy {
        findings.clear();
    } else if asked.require_secrets {
        require(&mut findings);
    }
    let mut all = if asked.destroy {
        Vec::new()
    } else {
        project.findings.clone()
    };
    if asked.locked && !asked.destroy {
        all.extend(project.lockfile.require());
    }
    all.append(&mut findings);
    if asked.probe && !asked.destroy {
        all.extend(probe(session, &project, runtime));
    }
    let state = state.unwrap_or_else(|| engine::blank_state(project.config.name.as_str()));
    project.remember(&state);
    let mut survey = runtime.block_on(engine::survey(
        readers,
        &project.desired,
        &project.manifests,
        state,
        all,
        asked.reach(),
    ));
    if asked.probe && !asked.destroy {
        let needed = engine::hosts_needed(&project);
        let inside = engine::probe_machines(readers, &survey, &needed);
        survey.facts.findings.extend(runtime.block_on(inside));
    }
    survey.facts.outlooks.clone_from(&project.outlooks);
    survey.facts.lock = project.lockfile.relock();
    let plan = survey.plan(&project.desired, &asked.options(&project));
    Ok(Read {
        project,
        survey,
        plan,
    })
}

/// Asks the hosts that extensions come from for a sign of life.
pub(super) fn probe(session: &Session, project: &Project, runtime: &Runtime) -> Diagnostics {
    let token = session.world().environment.get("GITHUB_TOKEN");
    let needed = engine::hosts_needed(project);
    runtime.block_on(engine::probe_hosts(&needed, token, engine::GITHUB_API))
}

/// As [`read`], but asks only what exists: for commands that show how things stand.
pub(super) fn look(
    session: &Session,
    readers: &dyn Readers,
    asked: &Asked,
    runtime: &Runtime,
) -> Result<Read, Diagnostics> {
    let (project, state) = session.project_and_state(asked.overrides, &asked.moving)?;
    same_project(&project, state.as_ref())?;
    let state = state.unwrap_or_else(|| engine::blank_state(project.config.name.as_str()));
    let reach = Reach {
        scope: Scope::Exists,
        deep: asked.deep,
    };
    let survey = runtime.block_on(engine::survey(
        readers,
        &project.desired,
        &project.manifests,
        state,
        Vec::new(),
        reach,
    ));
    let plan = survey.plan(&project.desired, &asked.options(&project));
    Ok(Read {
        project,
        survey,
        plan,
    })
}

/// Takes a required secret without a value as an error.
pub(super) fn require(findings: &mut Diagnostics) {
    for found in findings {
        if found.severity == Severity::Warning && found.code.as_str().starts_with("secret::") {
            found.severity = Severity::Error;
        }
    }
}

/// What a rendered plan says of its making.
pub(super) fn meta<'a>(session: &Session, signer: Option<&'a str>) -> PlanMeta<'a> {
    PlanMeta {
        timestamp: session.world().clock.now(),
        terraform_version: TERRAFORM_VERSION,
        sindri_version: env!("CARGO_PKG_VERSION"),
        signer,
        edit: None,
    }
}
