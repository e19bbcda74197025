//! `sindri deploy`: plan and apply in one, as v3's users know it.

use super::acting::{self, Acting};
use super::plan::show;
use super::planning::{self, Asked};
use crate::cli::args::DeployArgs;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::diagnostic::Exit;
use crate::engine::Readers;

pub(crate) fn run(session: &mut Session, args: &DeployArgs) -> Outcome {
    let mut asked = Asked::narrowed(&args.narrow);
    asked.locked = args.locked.locked;
    asked.replace_machines = args.force;
    asked.overrides.provider = args.provider;
    if args.skip_image_verification {
        asked.allow.push("image::unverified".to_owned());
    }
    if args.dry_run {
        let providers = session.providers();
        let readers: &dyn Readers = providers.readers();
        let runtime = small_runtime()?;
        let read = planning::read(session, readers, &asked, &runtime)?;
        show(session, &read.plan, None)?;
        return Ok(if read.plan.is_errored() {
            Exit::Error
        } else {
            Exit::Done
        });
    }
    let project = session.project(asked.overrides)?;
    let acting = Acting {
        operation: "deploy",
        asked: &asked,
        act: &args.act,
        detailed: args.detailed_exitcode,
    };
    acting::run(session, &acting, project)
}
