//! Acting as every command does it: lock, settle, plan, ask, apply, record.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::editing;
use super::pace::{self, Pace};
use super::plan::show;
use super::planning::{Asked, require};
use super::question::Question;
use super::relock;
use crate::address::Kind;
use crate::cli::args::Act;
use crate::cli::screen::{Screen, Shown};
use crate::cli::session::{Session, same_project, stop_on_errors};
use crate::cli::signals::Heed;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics, Exit, Severity};
use crate::engine::{
    self, Apply, ApplyError, Context, Event, Lockfile, Project, Providers, Readers, Staged, Stop,
    Summary, Survey,
};
use crate::install::Depot;
use crate::plan::Plan;
use crate::render;
use crate::secret::Redactor;
use crate::state;
use crate::store::{LockInfo, LockRequest, Locked, Opening, Store};

/// What is to be acted upon.
pub(super) struct Acting<'a> {
    /// The command, as lock info names it.
    pub(super) operation: &'static str,
    pub(super) asked: &'a Asked,
    pub(super) act: &'a Act,
    /// Whether the exit code tells an extension of which some tools failed from a whole one.
    pub(super) detailed: bool,
    /// The configuration that the plan is made from, where it is written only once approved.
    pub(super) staged: Option<&'a Staged>,
}

/// Plans and applies under the lock.
pub(super) fn run(
    session: &mut Session,
    acting: &Acting<'_>,
    mut project: Project,
) -> Result<Exit, Diagnostics> {
    if !acting.asked.destroy {
        refuse(&project.findings, &acting.asked.allow)?;
        if acting.asked.locked {
            stop_on_errors(&project.lockfile.require())?;
        }
    }
    let runtime = crate::cli::session::runtime()?;
    let pace = Pace::of(session, acting.act)?;
    let mut screen = Screen::new(session);
    let stop = session.heed(Heed::Twice, pace.deadline)?;
    let mut locked = lock(session, acting, &mut screen)?;
    let recorded = (!locked.is_new()).then(|| locked.state());
    same_project(&project, recorded)?;
    if acting.asked.destroy && locked.is_new() {
        if session.is_json() {
            let nothing = Summary {
                destroy: true,
                ..Summary::default()
            };
            screen.event(session, &Event::Ended(nothing));
        }
        session.answer_unless_json("Nothing is recorded here: there is nothing to destroy.\n")?;
        return Ok(Exit::Done);
    }
    let (secrets, found) = engine::resolve(
        &mut project.desired,
        &session.world().environment,
        &project.directory,
        Some(locked.fingerprint_key()),
    );
    let findings = findings(&project, acting.asked, found);
    let providers = session.providers();
    let readers: &dyn Readers = providers.readers();
    let state = if locked.is_new() {
        engine::blank_state(project.config.name.as_str())
    } else {
        locked.state().clone()
    };
    project.remember(&state);
    let surveying = engine::survey_to_act(
        readers,
        &project.desired,
        &project.manifests,
        state,
        findings,
        acting.asked.reach(),
    );
    let mut survey = pace::unless_stopped(&runtime, &stop, surveying)?;
    survey.facts.outlooks.clone_from(&project.outlooks);
    survey.facts.lock = project.lockfile.relock();
    settle(session, &mut survey, &mut locked, &mut screen)?;
    let options = acting.asked.options(&project);
    let plan = survey.plan(&project.desired, &options);
    let context = Context {
        manifests: project.manifests.clone(),
        outbound: project.outbound.clone(),
        depot: Depot::of_user(&session.world().environment).map(Arc::new),
        redactor: Redactor::new(secrets.values()),
        secrets,
        key: locked.fingerprint_key().clone(),
        unknown: project.config.name.clone(),
    };
    let mut ready = Ready {
        plan,
        survey,
        locked,
        context,
        lockfile: Some(project.lockfile).filter(|_| !acting.asked.destroy && !acting.asked.locked),
        pace,
        stop,
        screen,
    };
    carry_out(session, acting, &runtime, &*providers, &mut ready)
}

/// Everything an apply needs, with the plan already made.
pub(super) struct Ready {
    pub(super) plan: Plan,
    pub(super) survey: Survey,
    pub(super) locked: Locked,
    pub(super) context: Context,
    /// The lock, where one is to be kept.
    pub(super) lockfile: Option<Lockfile>,
    pub(super) pace: Pace,
    /// Watched from before the lock is taken, so that whoever stops the command gives it back.
    pub(super) stop: watch::Receiver<Stop>,
    pub(super) screen: Screen,
}

/// Shows the plan, asks, and applies.
pub(super) fn carry_out(
    session: &mut Session,
    acting: &Acting<'_>,
    runtime: &Runtime,
    providers: &dyn Providers,
    ready: &mut Ready,
) -> Result<Exit, Diagnostics> {
    if session.is_json() {
        let edit = acting.staged.and_then(editing::meta);
        Screen::planned(session, &ready.plan, edit.as_ref())?;
    } else if !(session.quiet && acting.act.auto_approve && !ready.plan.is_errored()) {
        show(session, &ready.plan, None)?;
    }
    if ready.plan.is_errored() {
        // People have read the findings below the plan; programs get them as events.
        if session.is_json() {
            Screen::diagnostics(session, &ready.plan.checks)?;
        }
        return Ok(Exit::Error);
    }
    let edits = acting.staged.filter(|staged| staged.is_edit());
    let acts = edits.is_some() || !ready.plan.is_empty();
    if acts && !approved(session, acting, runtime, ready)? {
        session.aside("\nNothing was changed.\n");
        return Ok(Exit::Error);
    }
    if let Some(staged) = edits {
        publish(session, staged)?;
    }
    if ready.locked.is_new() {
        let project = ready.plan.header.project.clone();
        ready
            .locked
            .initialise(&project)
            .map_err(|error| error.diagnose())?;
    }
    if !ready.plan.is_empty() && !session.is_json() && !session.quiet {
        session.aside("\n");
    }
    let blank = Context::empty(ready.context.unknown.clone());
    let context = std::mem::replace(&mut ready.context, blank);
    let apply = Apply {
        plan: &ready.plan,
        observed: &ready.survey.observed,
        providers,
        context: Arc::new(context),
        parallelism: ready.pace.parallelism,
        world: &session.world().clone(),
        stop: ready.stop.clone(),
    };
    let mut shown = Shown {
        screen: &mut ready.screen,
        session,
    };
    let result = runtime.block_on(engine::apply(apply, &mut ready.locked, &mut shown));
    let compacted = ready.locked.compact().map_err(|error| error.diagnose());
    conclude(session, ready, acting.detailed, result, compacted)
}

/// Puts the edited configuration in its place, and says so.
fn publish(session: &mut Session, staged: &Staged) -> Result<(), Diagnostics> {
    staged.publish()?;
    if session.is_json() {
        let now = session.world().clock.now();
        let line = render::edited_event_json(staged.shown(), now);
        // A reader that went away must not stop the work.
        let _deaf = session.answer(&line).is_err();
    } else if !session.quiet {
        session.aside(&format!("\n{}: edited\n", staged.shown()));
    }
    Ok(())
}

fn conclude(
    session: &mut Session,
    ready: &mut Ready,
    detailed: bool,
    result: Result<Summary, Box<ApplyError>>,
    compacted: Result<(), Diagnostics>,
) -> Result<Exit, Diagnostics> {
    let (summary, mut broken) = match result {
        Ok(summary) => (summary, Vec::new()),
        Err(error) => (error.summary, error.diagnostics),
    };
    let relocked = relock::write(ready);
    if let Ok(Some(written)) = &relocked {
        ready.screen.event(session, &written.event);
    }
    if broken.is_empty() {
        broken = compacted.err().unwrap_or_default();
    }
    if broken.is_empty() && *ready.stop.borrow() == Stop::TimedOut {
        broken = pace::too_late();
    }
    if broken.is_empty() && !summary.interrupted {
        broken.extend(left_standing(&summary));
    }
    let told = match relocked {
        Ok(written) => written.map(|written| written.text),
        Err(found) => {
            broken.extend(found);
            None
        }
    };
    let ended = Event::Ended(summary.clone());
    let exit = match (broken.is_empty(), summary.interrupted, summary.is_clean()) {
        (false, _, _) | (true, false, false) => Exit::Error,
        (true, true, _) => Exit::Interrupted,
        (true, false, true) if detailed && !summary.partial.is_empty() => Exit::Something,
        (true, false, true) => Exit::Done,
    };
    if session.is_json() {
        // How it ended is the last line, whoever may still read it.
        let _deaf = Screen::diagnostics(session, &broken).is_err();
        ready.screen.event(session, &ended);
        return Ok(exit);
    }
    ready.screen.event(session, &ended);
    // A summary that nobody could be shown changes nothing of what was done.
    broken.extend(ready.screen.done(session).err().into_iter().flatten());
    if let Some(told) = told {
        session.aside_unless_quiet(&told);
    }
    if broken.is_empty() {
        Ok(exit)
    } else {
        Err(broken)
    }
}

/// What had to be left since nobody could say how it stands.
fn left_standing(summary: &Summary) -> Option<Diagnostic> {
    if summary.left.is_empty() {
        return None;
    }
    let (code, what) = if summary.destroy {
        ("destroy::left", "not everything is destroyed")
    } else {
        ("apply::left", "not everything is as configured")
    };
    let named: Vec<String> = summary.left.iter().map(|one| format!("`{one}`")).collect();
    Some(
        Diagnostic::error(
            Code::new(code),
            format!("{what}; left as it was: {}", named.join(", ")),
        )
        .because("its provider couldn't say how it stands, or what stands on it")
        .help("mend what the provider said, then run the command again"),
    )
}

/// Takes the lock, saying whom it waits for.
pub(super) fn lock(
    session: &mut Session,
    acting: &Acting<'_>,
    screen: &mut Screen,
) -> Result<Locked, Diagnostics> {
    let act = acting.act;
    let limit = pace::time_limit(session, act)?.unwrap_or(Duration::MAX);
    let timeout = session.lock_timeout(&act.wait)?.min(limit);
    let claim = Claim::new(acting.operation, timeout).locking(act.lock);
    hold(session, screen, claim)
}

/// How a command wants to hold the state.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    operation: &'static str,
    timeout: Duration,
    opening: Opening,
    /// Whether a person wants no lock.
    unlocked: bool,
}

impl Claim {
    /// With the lock, for writing as usual.
    pub(super) fn new(operation: &'static str, timeout: Duration) -> Self {
        Self {
            operation,
            timeout,
            opening: Opening::Usual,
            unlocked: false,
        }
    }

    /// The same as a person says whether the lock is to be taken.
    pub(super) fn locking(self, locking: Option<bool>) -> Self {
        Self {
            unlocked: locking == Some(false),
            ..self
        }
    }

    /// The same for something that isn't usual.
    pub(super) fn to(self, opening: Opening) -> Self {
        Self { opening, ..self }
    }
}

/// Takes the lock, or warns where a person wants none.
pub(super) fn hold(
    session: &mut Session,
    screen: &mut Screen,
    claim: Claim,
) -> Result<Locked, Diagnostics> {
    let store = session.store()?;
    if claim.unlocked {
        let found = Diagnostic::warning(
            Code::new("store::unlocked"),
            format!("the state in {} is written without its lock", store.name()),
        )
        .help("see that no other command writes it; leave `--lock=false` out where one may");
        notify(session, found)?;
        return store
            .without_lock(claim.operation)
            .map_err(|error| error.diagnose());
    }
    warn_of_locks(session, &store)?;
    let mut locked = wait_for(session, screen, claim, |request, waiting| {
        store.lock_for(claim.opening, request, waiting)
    })?
    .map_err(|error| error.diagnose())?;
    tell_spilled(session, &mut locked, screen);
    tell_lost_key(session, &locked);
    Ok(locked)
}

/// Waits for a lock: says who holds it, and gives up when a person or the system wishes that.
pub(super) fn wait_for<T>(
    session: &mut Session,
    screen: &mut Screen,
    claim: Claim,
    take: impl FnOnce(LockRequest<'_>, &mut dyn FnMut(&LockInfo)) -> T,
) -> Result<T, Diagnostics> {
    let stop = session.heed(Heed::Once, None)?;
    // Where the time given is over, whoever holds the lock says more than that it is.
    let given_up = || matches!(*stop.borrow(), Stop::Gently | Stop::Now);
    let request = LockRequest {
        operation: claim.operation,
        timeout: claim.timeout,
        given_up: Some(&given_up),
    };
    let mut waiting = |holder: &LockInfo| {
        let found = Diagnostic::advice(
            Code::new("store::waiting"),
            format!(
                "`{}` of {} on {} holds the state since {}",
                holder.operation, holder.who, holder.host, holder.since
            ),
        );
        screen.event(session, &Event::Waiting(found));
    };
    Ok(take(request, &mut waiting))
}

/// Says of a store whose locks neither end nor fence that it is one.
pub(super) fn warn_of_locks(session: &mut Session, store: &Store) -> Result<(), Diagnostics> {
    let abilities = store.abilities();
    if abilities.fenced && abilities.leased {
        return Ok(());
    }
    let found = Diagnostic::advice(
        Code::new("store::unfenced"),
        format!(
            "the store {} can't keep out a command that lost its lock, and its locks never end by \
             themselves",
            store.name()
        ),
    )
    .help("a killed command leaves its lock behind: `sindri force-unlock ID` takes it away");
    notify(session, found)
}

/// Tells something beside the answer: as an event where programs read those, else on the side.
fn notify(session: &mut Session, found: Diagnostic) -> Result<(), Diagnostics> {
    if session.tells_events() {
        return Screen::diagnostics(session, &[found]);
    }
    session.warn_aside(&[found]);
    Ok(())
}

/// Tells that the key of the fingerprints was gone, where there are any.
fn tell_lost_key(session: &mut Session, locked: &Locked) {
    let mut recorded = locked.state().resources.keys();
    if !locked.key_was_lost() || !recorded.any(|address| address.kind() == Kind::Secret) {
        return;
    }
    let found = Diagnostic::warning(
        Code::new("store::key-lost"),
        "the key under which secrets are fingerprinted was gone, and a new one was made",
    )
    .help("each secret is delivered once more; nothing else depends on that key");
    // A reader that went away must not stop the work.
    let _deaf = notify(session, found).is_err();
}

/// Tells what was recorded now of what an earlier command from here couldn't record.
pub(super) fn tell_spilled(session: &mut Session, locked: &mut Locked, screen: &mut Screen) {
    for spilled in locked.spilled() {
        for address in spilled.recorded {
            let event = Event::Recovered {
                address,
                text: "how it ended was kept on this host, and is recorded now".to_owned(),
            };
            screen.event(session, &event);
        }
        if let Some((aside, why)) = spilled.aside {
            let found = Diagnostic::warning(
                Code::new("store::spill-contradicts"),
                format!(
                    "outcomes that an earlier run kept in `{}` don't fit the state any more",
                    spilled.file.display()
                ),
            )
            .caused_by(&why)
            .help(format!(
                "what they made is looked for by its labels; they are in `{}` now, which may be \
                 removed",
                aside.display()
            ));
            // A reader that went away must not stop the work.
            let _deaf = notify(session, found).is_err();
        }
    }
}

/// Records what became of the operations that an earlier run left open.
pub(super) fn settle(
    session: &mut Session,
    survey: &mut Survey,
    locked: &mut Locked,
    screen: &mut Screen,
) -> Result<(), Diagnostics> {
    let settled = std::mem::take(&mut survey.recovered);
    if settled.is_empty() {
        return Ok(());
    }
    let events: Vec<state::Event> = settled.iter().map(|one| one.event.clone()).collect();
    locked.commit(events).map_err(|error| error.diagnose())?;
    survey.take_state(locked.state());
    for one in settled {
        let event = Event::Recovered {
            address: one.address,
            text: one.text,
        };
        screen.event(session, &event);
    }
    Ok(())
}

/// What was found while reading the project and its secrets; a required secret must have a value.
fn findings(project: &Project, asked: &Asked, mut found: Diagnostics) -> Diagnostics {
    if asked.destroy {
        return Vec::new();
    }
    require(&mut found);
    let mut all = project.findings.clone();
    all.append(&mut found);
    all
}

/// Refuses before anything is touched what no one may allow.
fn refuse(findings: &Diagnostics, allow: &[String]) -> Result<(), Diagnostics> {
    let allowed = |found: &&Diagnostic| {
        found.severity == Severity::Error
            && !(found.allowable && allow.iter().any(|code| code == found.code.as_str()))
    };
    if findings.iter().any(|found| allowed(&found)) {
        return Err(findings.clone());
    }
    Ok(())
}

fn approved(
    session: &mut Session,
    acting: &Acting<'_>,
    runtime: &Runtime,
    ready: &Ready,
) -> Result<bool, Diagnostics> {
    if acting.act.auto_approve {
        return Ok(true);
    }
    if let Some(staged) = acting.staged.filter(|staged| staged.is_edit()) {
        let and = if ready.plan.is_empty() {
            ""
        } else {
            ", and make these changes"
        };
        let question = Question {
            what: &format!("Do you want to edit {}{and}?", staged.shown()),
            instead: "pass --auto-approve, or --dry-run to look only",
        };
        return question.put(session, runtime, &ready.stop);
    }
    let what = if ready.plan.header.destroy {
        "Do you really want to destroy this? There is no undo."
    } else {
        "Do you want to make these changes?"
    };
    let question = Question {
        what,
        instead: "pass --auto-approve, or apply a plan saved with `sindri plan --out`",
    };
    question.put(session, runtime, &ready.stop)
}
