//! `sindri destroy`: delete what was made; volumes stay unless asked.

use super::acting::{self, Acting};
use super::planning::Asked;
use crate::cli::args::DestroyArgs;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, args: &DestroyArgs) -> Outcome {
    let mut asked = Asked::narrowed(&args.narrow);
    asked.destroy = true;
    asked.delete_volumes = args.volumes;
    let project = session.project(asked.overrides)?;
    let mut act = args.act.clone();
    act.auto_approve |= args.force;
    let acting = Acting {
        operation: "destroy",
        asked: &asked,
        act: &act,
        detailed: false,
    };
    acting::run(session, &acting, project)
}
