//! `sindri plan`: what apply would change, and why.

use super::planning::{self, Asked};
use super::saved;
use crate::cli::args::{Format, PlanArgs};
use crate::cli::session::{Outcome, Session, small_runtime, unwritten};
use crate::diagnostic::{Diagnostics, Exit};
use crate::engine::Readers;
use crate::plan::{Plan, PlanFile, SavedLock};
use crate::render::{self, EditMeta, PlanMeta};

pub(crate) fn run(session: &mut Session, args: &PlanArgs) -> Outcome {
    let mut asked = Asked::from(&args.narrow, &args.look);
    asked.destroy = args.destroy;
    asked.require_secrets = args.require_secrets;
    asked.probe = args.probe;
    asked.locked = args.locked.locked;
    let providers = session.providers();
    let readers: &dyn Readers = providers.readers();
    let runtime = small_runtime()?;
    let read = planning::read(session, readers, &asked, &runtime)?;
    if let Some(path) = &args.out {
        let file = PlanFile {
            plan: read.plan.clone(),
            wanted: read.project.desired.resources().to_vec(),
            transitions: read.project.desired.transitions.clone(),
            manifests: read.project.manifests.clone(),
            outbound: read.project.outbound.clone(),
            observed: read.survey.observed.clone(),
            lock: SavedLock {
                before: read.project.lockfile.digest.clone(),
                after: read.project.lockfile.after.render(),
            },
        };
        saved::write(session, path, &file, args.sign_key.as_deref())?;
    }
    show(session, &read.plan, None)?;
    if read.plan.is_errored() {
        return Ok(Exit::Error);
    }
    if let Some(path) = args
        .out
        .as_ref()
        .filter(|_| session.format == Format::Human)
    {
        let text = format!(
            "\nThe plan is saved. Apply exactly this plan with:\n  sindri apply {}\n",
            path.display()
        );
        if !session.quiet {
            session.aside(&text);
        }
    }
    let exit = exit(&read.plan, args.detailed_exitcode);
    // The process ends here; taking ten thousand resources apart before takes longer than showing them.
    std::mem::forget(read);
    Ok(exit)
}

/// Shows what would change, and stops there.
pub(super) fn dry(session: &mut Session, asked: &Asked) -> Outcome {
    let providers = session.providers();
    let readers: &dyn Readers = providers.readers();
    let runtime = small_runtime()?;
    let read = planning::read(session, readers, asked, &runtime)?;
    show(session, &read.plan, None)?;
    Ok(if read.plan.is_errored() {
        Exit::Error
    } else {
        Exit::Done
    })
}

/// The exit code of a plan that has no errors; where not all could be read, nobody can say that
/// there is nothing to do.
pub(super) fn exit(plan: &Plan, detailed: bool) -> Exit {
    match (detailed, plan.is_empty(), plan.left_unread().is_empty()) {
        (false, _, _) | (true, true, true) => Exit::Done,
        (true, true, false) => Exit::Error,
        (true, false, _) => Exit::Something,
    }
}

/// Prints a plan in the format asked for, and who signed it.
pub(super) fn show(
    session: &mut Session,
    plan: &Plan,
    signer: Option<&str>,
) -> Result<(), Diagnostics> {
    show_with(session, plan, signer, None)
}

/// As [`show`]; the plan's document also holds the edit of the configuration that it was made from.
pub(super) fn show_with(
    session: &mut Session,
    plan: &Plan,
    signer: Option<&str>,
    edit: Option<&EditMeta<'_>>,
) -> Result<(), Diagnostics> {
    match session.format {
        Format::Human => {
            let style = session.style();
            let written = render::write_plan_human(plan, &style, &mut *session.host.stdout);
            finish(written, session)?;
            if let Some(signer) = signer {
                session.answer(&format!("\nSigned by {signer}.\n"))?;
            }
            if !plan.checks.is_empty() {
                let text = render::plan_checks_human(plan, &session.side_style());
                session.aside(&text);
            }
            Ok(())
        }
        Format::Json => {
            let meta = PlanMeta {
                edit,
                ..planning::meta(session, signer)
            };
            let written = render::write_plan_json(plan, &meta, &mut *session.host.stdout);
            finish(written, session)
        }
        Format::Markdown => {
            let meta = planning::meta(session, signer);
            let text = render::plan_markdown(plan, &meta);
            session.answer(&text)
        }
    }
}

fn finish(written: std::io::Result<()>, session: &mut Session) -> Result<(), Diagnostics> {
    written
        .and_then(|()| session.host.stdout.flush())
        .map_err(|error| unwritten(&error))
}
