//! `sindri apply`: make it so.

use std::path::Path;
use std::sync::Arc;

use super::acting::{self, Acting, Ready};
use super::pace::{Pace, unless_stopped};
use super::planning::Asked;
use super::saved;
use crate::catalog::Lock;
use crate::cli::args::ApplyArgs;
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session, runtime};
use crate::cli::signals::Heed;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::engine::{self, Context, Lockfile, Readers};
use crate::install::Depot;
use crate::secret::Redactor;
use crate::sys::files;

/// The most bytes read of a configuration.
const CONFIG_MAX: u64 = 1 << 30;

pub(crate) fn run(session: &mut Session, args: &ApplyArgs) -> Outcome {
    if let Some(path) = &args.file {
        return saved(session, args, path);
    }
    let mut asked = Asked::from(&args.narrow, &args.look);
    asked.locked = args.locked.locked;
    let project = session.project(asked.overrides)?;
    let acting = Acting {
        operation: "apply",
        asked: &asked,
        act: &args.act,
        detailed: args.detailed_exitcode,
        staged: None,
    };
    acting::run(session, &acting, project)
}

/// Applies a saved plan, provided that nothing it relied on has moved.
fn saved(session: &mut Session, args: &ApplyArgs, path: &Path) -> Outcome {
    let saved = saved::read(session, path)?;
    saved::require_signature(session, args, &saved)?;
    if args.locked.locked && saved.file.plan.lock.is_some() {
        return Err(would_relock(path));
    }
    let mut asked = Asked::from(&args.narrow, &args.look);
    asked.destroy = saved.file.plan.header.destroy;
    // A saved plan has been reviewed: applying it is the answer to the question.
    let mut act = args.act.clone();
    act.auto_approve = true;
    let acting = Acting {
        operation: "apply",
        asked: &asked,
        act: &act,
        detailed: args.detailed_exitcode,
        staged: None,
    };
    let runtime = runtime()?;
    let pace = Pace::of(session, &act)?;
    let mut screen = Screen::new(session);
    let stop = session.heed(Heed::Twice, pace.deadline)?;
    let mut locked = acting::lock(session, &acting, &mut screen)?;
    saved::require_sealed(&saved, &locked)?;
    let file = saved.file;
    let mut desired = file.desired().map_err(|error| error.diagnose())?;
    let directory = engine::directory_of(&session.config);
    let (secrets, mut findings) = engine::resolve(
        &mut desired,
        &session.world().environment,
        &directory,
        Some(locked.fingerprint_key()),
    );
    if asked.destroy {
        findings.clear();
    }
    super::planning::require(&mut findings);
    crate::cli::session::stop_on_errors(&findings)?;
    let recorded = (!locked.is_new()).then(|| locked.state().clone());
    let state = recorded
        .clone()
        .unwrap_or_else(|| engine::blank_state(&file.plan.header.project));
    let providers = session.providers();
    let readers: &dyn Readers = providers.readers();
    let surveying = engine::survey_to_act(
        readers,
        &desired,
        &file.manifests,
        state,
        Vec::new(),
        asked.reach(),
    );
    let mut survey = unless_stopped(&runtime, &stop, surveying)?;
    let config = files::read_file(&session.config, CONFIG_MAX)
        .ok()
        .map(|bytes| crate::digest::Digest::of_bytes(&bytes));
    let lockfile = config
        .is_some()
        .then(|| Lockfile::beside(&session.config, &session.shown));
    let relocked = lockfile
        .as_ref()
        .filter(|lockfile| lockfile.digest != file.lock.before)
        .map(|lockfile| lockfile.shown.as_str());
    let moved = engine::stale(
        &file.plan,
        &file.observed,
        recorded.as_ref(),
        &survey.observed,
        config.as_ref(),
        relocked,
    );
    crate::cli::session::stop_on_errors(&moved)?;
    let after = Lock::read("sindri.lock", file.lock.after.as_bytes())?;
    let verified = file.manifests.iter().map(|one| after.verified(one));
    let manifests = verified.collect();
    let kept = lockfile.filter(|_| !asked.destroy && !args.locked.locked);
    let lockfile = kept.map(|lockfile| lockfile.leading_to(after));
    acting::settle(session, &mut survey, &mut locked, &mut screen)?;
    let unknown =
        crate::address::Name::parse(crate::address::NameRule::Label, &file.plan.header.project)
            .map_err(|_| not_a_project(path))?;
    let context = Context {
        manifests,
        outbound: file.outbound,
        depot: Depot::of_user(&session.world().environment).map(Arc::new),
        redactor: Redactor::new(secrets.values()),
        secrets,
        key: locked.fingerprint_key().clone(),
        unknown,
    };
    let mut ready = Ready {
        plan: file.plan,
        survey,
        locked,
        context,
        lockfile,
        pace,
        stop,
        screen,
    };
    acting::carry_out(session, &acting, &runtime, &*providers, &mut ready)
}

fn would_relock(path: &Path) -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("lock::outdated"),
            format!(
                "the saved plan `{}` changes the lock, and --locked forbids it",
                path.display()
            ),
        )
        .help("`sindri show` says what it changes; apply it without --locked, and commit the file"),
    ]
}

fn not_a_project(path: &Path) -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("plan::file"),
            format!("the saved plan `{}` names no project", path.display()),
        )
        .help("make a new one with `sindri plan --out FILE`"),
    ]
}
