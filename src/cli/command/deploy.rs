//! `sindri deploy`: plan and apply in one, as v3's users know it.

use super::acting::{self, Acting};
use super::plan;
use super::planning::Asked;
use crate::cli::args::DeployArgs;
use crate::cli::session::{Outcome, Session};

pub(crate) fn run(session: &mut Session, args: &DeployArgs) -> Outcome {
    let mut asked = Asked::narrowed(&args.narrow);
    asked.locked = args.locked.locked;
    asked.replace_machines = args.force;
    asked.overrides.provider = args.provider;
    if args.skip_image_verification {
        asked.allow.push("image::unverified".to_owned());
    }
    if args.dry_run {
        return plan::dry(session, &asked);
    }
    let project = session.project(asked.overrides)?;
    let acting = Acting {
        operation: "deploy",
        asked: &asked,
        act: &args.act,
        detailed: args.detailed_exitcode,
        staged: None,
    };
    acting::run(session, &acting, project)
}
