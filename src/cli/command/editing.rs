//! Editing the configuration and applying it: staged, planned, approved, published, applied.

use std::collections::BTreeSet;

use super::acting::{self, Acting};
use super::plan::show_with;
use super::planning::{self, Asked};
use crate::address::{Name, NameRule};
use crate::cli::args::EditArgs;
use crate::cli::screen::Screen;
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::config::Overrides;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::engine::{self, EditRequest, Project, Readers, Staged};
use crate::render::{self, EditMeta};

/// A command that edits the configuration.
pub(super) struct Editing<'a> {
    /// The command, as lock info names it.
    pub(super) operation: &'static str,
    pub(super) args: &'a EditArgs,
}

/// Edits, plans and applies; there is no other way from here to a machine than that of `apply`.
pub(super) fn run(session: &mut Session, editing: &Editing<'_>, request: EditRequest) -> Outcome {
    let args = editing.args;
    let only = machines(&args.machine)?;
    let staged = engine::stage(&session.config, &session.shown, request, only)?;
    if !args.dry_run {
        staged.check_writable()?;
    }
    show(session, editing, &staged)?;
    let overrides = Overrides::default();
    let mut project = staged.project(overrides, &session.world().environment)?;
    project.findings.extend_from_slice(staged.notes());
    let asked = Asked::narrowed(&args.narrow);
    if args.dry_run {
        return look(session, &asked, project, &staged);
    }
    let acting = Acting {
        operation: editing.operation,
        asked: &asked,
        act: &args.act,
        detailed: args.detailed_exitcode,
        staged: Some(&staged),
    };
    let outcome = acting::run(session, &acting, project);
    match outcome {
        // Without a finding, the reader of the answer left, and nobody is told anything.
        Err(mut found) if staged.is_published() && !found.is_empty() => {
            found.push(edit_stays(&staged));
            Err(found)
        }
        Ok(exit) if staged.is_published() && exit != Exit::Done => {
            let found = [edit_stays(&staged)];
            if session.is_json() {
                Screen::diagnostics(session, &found)?;
            } else {
                session.warn(&found);
            }
            Ok(exit)
        }
        outcome => outcome,
    }
}

/// The entries of `machines` that are named, none where all are meant.
fn machines(typed: &[String]) -> Result<Option<BTreeSet<Name>>, Diagnostics> {
    let mut names = BTreeSet::new();
    for text in typed {
        // Where a machine is wanted, its address does too.
        let bare = text.strip_prefix("machine.").unwrap_or(text);
        let name = Name::parse(NameRule::Label, bare).map_err(|error| {
            vec![Diagnostic::error(Code::new("cli::name"), error.to_string()).help(error.help())]
        })?;
        names.insert(name);
    }
    Ok(Some(names).filter(|names| !names.is_empty()))
}

/// Shows the edit to a person; programs have it among the events, or in the plan.
fn show(session: &mut Session, editing: &Editing<'_>, staged: &Staged) -> Result<(), Diagnostics> {
    if session.is_json() || (session.quiet && editing.args.act.auto_approve) {
        return Ok(());
    }
    match meta(staged) {
        Some(edit) => {
            let text = render::edit_human(&edit, &session.style());
            session.answer(&text)
        }
        None => Ok(()),
    }
}

/// An edit as it is rendered, where there is one.
pub(super) fn meta(staged: &Staged) -> Option<EditMeta<'_>> {
    let (before, after) = staged.texts()?;
    Some(EditMeta {
        file: staged.shown(),
        before,
        after,
    })
}

/// Plans without touching anything.
fn look(session: &mut Session, asked: &Asked, project: Project, staged: &Staged) -> Outcome {
    let providers = session.providers();
    let readers: &dyn Readers = providers.readers();
    let runtime = small_runtime()?;
    let state = session.state()?;
    let read = planning::read_project(session, readers, asked, &runtime, (project, state))?;
    show_with(session, &read.plan, None, meta(staged).as_ref())?;
    if read.plan.is_errored() {
        return Ok(Exit::Error);
    }
    if !session.is_json() && !session.quiet {
        session.aside("\nNothing was written.\n");
    }
    Ok(Exit::Done)
}

fn edit_stays(staged: &Staged) -> Diagnostic {
    Diagnostic::advice(
        Code::new("config::edit-stays"),
        format!("the edit of `{}` stays", staged.shown()),
    )
    .help("`sindri apply` goes on from here")
}
