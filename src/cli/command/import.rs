//! `sindri import`: take an object under management that stands already.

use std::path::Path;

use super::acting::{self, Acting};
use super::planning::Asked;
use crate::cli::args::{Act, ImportArgs, Narrow};
use crate::cli::session::{Outcome, Session};
use crate::config::{Import, Overrides};
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::{self, Project};

pub(crate) fn run(session: &mut Session, args: &ImportArgs) -> Outcome {
    if args.address.kind().is_pin() || args.address.lives_inside() {
        return Err(vec![
            Diagnostic::error(
                Code::new("import::not-importable"),
                format!("`{}` can't be imported", args.address),
            )
            .help(
                "networks, volumes and machines can; pins and what lives in a machine are made by \
                 `sindri apply`",
            ),
        ]);
    }
    let project = session.project(Overrides::default())?;
    let import = Import {
        to: args.address.clone(),
        id: args.id.clone(),
        place: None,
    };
    take(session, "import", project, vec![import], &args.act)
}

/// Plans and applies imports, with what they depend on and nothing else.
pub(super) fn take(
    session: &mut Session,
    operation: &'static str,
    mut project: Project,
    imports: Vec<Import>,
    act: &Act,
) -> Outcome {
    let mut asked = Asked::narrowed(&Narrow::default());
    asked.targets = imports.iter().map(|import| import.to.clone()).collect();
    asked.narrow_by_nature = true;
    let listed = &mut project.desired.transitions.imports;
    listed.retain(|other| imports.iter().all(|import| import.to != other.to));
    listed.extend(imports);
    let here = session.path(Path::new("."));
    engine::locate_imports(&mut project.desired, &here);
    let acting = Acting {
        operation,
        asked: &asked,
        act,
        detailed: false,
    };
    acting::run(session, &acting, project)
}
