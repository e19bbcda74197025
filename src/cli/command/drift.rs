//! `sindri drift`: what somebody changed behind sindri's back; read-only by type.

use super::planning::{self, Asked};
use crate::cli::args::{DriftArgs, Format, Narrow};
use crate::cli::session::{Outcome, Session, small_runtime};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::engine::Readers;
use crate::plan::{Action, Change, DriftKind, Plan};
use crate::render;

pub(crate) fn run(session: &mut Session, args: &DriftArgs) -> Outcome {
    let mut asked = Asked::narrowed(&Narrow::default());
    asked.deep = args.deep;
    let providers = session.providers();
    // From here on only the reading half of the providers is in sight.
    let readers: &dyn Readers = providers.readers();
    let runtime = small_runtime()?;
    let mut read = planning::look(session, readers, &asked, &runtime)?;
    ignore(&mut read.plan, &args.ignore)?;
    let text = match session.format {
        Format::Human => render::drift_human(&read.plan, &session.style()),
        Format::Json => render::drift_json(&read.plan, &planning::meta(session, None)),
        Format::Markdown => render::drift_markdown(&read.plan, &planning::meta(session, None)),
    };
    session.answer(&text)?;
    session.warn(&read.plan.checks);
    let unreadable = |kind: &DriftKind| matches!(kind, DriftKind::Unreadable(_));
    let drift = &read.plan.drift;
    Ok(if drift.iter().any(|one| !unreadable(&one.kind)) {
        Exit::Something
    } else if drift.is_empty() {
        Exit::Done
    } else {
        Exit::Error
    })
}

/// Leaves out addresses and fields.
fn ignore(plan: &mut Plan, ignored: &[String]) -> Result<(), Diagnostics> {
    for text in ignored {
        let before = plan.changes.len();
        let mut known = plan
            .changes
            .iter()
            .any(|change| names(text, &change.address.to_string()).is_some());
        plan.drift.retain_mut(|drift| {
            let Some(field) = names(text, &drift.address.to_string()) else {
                return true;
            };
            known = true;
            if field.is_empty() {
                return false;
            }
            let fields = drift.fields.len();
            drift.fields.retain(|change| {
                change.path != field && !change.path.starts_with(&format!("{field}."))
            });
            fields == 0 || !drift.fields.is_empty()
        });
        for change in &mut plan.changes {
            leave_out(change, text);
        }
        debug_assert_eq!(before, plan.changes.len());
        if !known {
            return Err(vec![
                Diagnostic::error(
                    Code::new("drift::unknown-address"),
                    format!("`--ignore {text}` names nothing that is wanted or recorded"),
                )
                .help("write an address, or an address and a field: `machine.dev.memory`"),
            ]);
        }
    }
    Ok(())
}

/// Leaves a field out of what isn't applied yet, or the whole change.
fn leave_out(change: &mut Change, ignored: &str) {
    let Some(field) = names(ignored, &change.address.to_string()) else {
        return;
    };
    let fields = change.fields.len();
    change
        .fields
        .retain(|change| change.path != field && !change.path.starts_with(&format!("{field}.")));
    if field.is_empty() || (fields > 0 && change.fields.is_empty()) {
        change.action = Action::NoOp;
    }
}

/// The field that `text` names of this address; empty for the address itself.
fn names<'a>(text: &'a str, address: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(address)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('.')
}
