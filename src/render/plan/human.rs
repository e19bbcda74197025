//! A plan as people read it: what changed behind our back, what would be done, how much it is.

use std::collections::BTreeSet;
use std::io;

use super::{block, outlook, relock, words};
use crate::plan::{Action, Drift, DriftKind, Order, Plan, Totals};
use crate::render::diagnostic::{diagnostics_human, tally};
use crate::render::page::{Page, Style, Tone};
use crate::render::text::{count, wrap};

/// Pages are handed on in pieces of about this size.
const PIECE: usize = 1 << 16;

/// A plan as people read it, without its checks; see [`plan_checks_human`].
pub fn plan_human(plan: &Plan, style: &Style) -> String {
    let mut out = Vec::new();
    let written = write_plan_human(plan, style, &mut out);
    debug_assert!(written.is_ok(), "a vector takes any bytes");
    String::from_utf8(out).unwrap_or_default()
}

/// Writes a plan as people read it, piece by piece, so that a large one needs little memory.
///
/// The checks aren't in it, since they belong to standard error; [`plan_checks_human`] says them.
/// The last line is the trailer `Plan: N to add, N to change, N to destroy.`, unless there is
/// nothing to do.
pub fn write_plan_human(plan: &Plan, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(*style);
    drift_section(&mut page, &plan.drift);
    let shown: BTreeSet<Action> = plan
        .changes
        .iter()
        .filter(|change| words::is_shown(change))
        .map(|change| change.action)
        .collect();
    if shown.is_empty() {
        outlook::outlooks(&mut page, &plan.outlooks);
        relock::relock(&mut page, plan.lock.as_ref());
        no_changes(&mut page, plan);
        return flush(&mut page, out);
    }
    legend(&mut page, plan, &shown);
    for change in plan.changes.iter().filter(|change| words::is_shown(change)) {
        block::change(&mut page, change);
        if page.len() >= PIECE {
            flush(&mut page, out)?;
        }
    }
    outlook::outlooks(&mut page, &plan.outlooks);
    relock::relock(&mut page, plan.lock.as_ref());
    closing(&mut page, plan);
    flush(&mut page, out)
}

fn flush(page: &mut Page, out: &mut dyn io::Write) -> io::Result<()> {
    let mut result = Ok(());
    page.drain(|text| result = out.write_all(text.as_bytes()));
    result
}

/// What the checks found, gravest last, with their number; empty where they found nothing.
pub fn plan_checks_human(plan: &Plan, style: &Style) -> String {
    diagnostics_human(&plan.checks, style)
}

/// The trailer of a plan, without a line end.
pub fn trailer(totals: Totals) -> String {
    let import = if totals.import > 0 {
        format!("{} to import, ", totals.import)
    } else {
        String::new()
    };
    format!(
        "Plan: {import}{} to add, {} to change, {} to destroy.",
        totals.add, totals.change, totals.destroy
    )
}

/// Writes what was changed outside, and what nobody knows.
pub(in crate::render) fn drift_section(page: &mut Page, drift: &[Drift]) {
    let is_unreadable = |drift: &&Drift| matches!(drift.kind, DriftKind::Unreadable(_));
    let (unreadable, real): (Vec<&Drift>, Vec<&Drift>) = drift.iter().partition(is_unreadable);
    if !real.is_empty() {
        page.tone(Tone::Strong, "Changed outside of sindri:")
            .end()
            .end();
        for drift in real {
            block::drift(page, drift);
        }
    }
    if !unreadable.is_empty() {
        page.tone(Tone::Strong, "Unknown, drifted or not:")
            .end()
            .end();
        let mut by_reason: Vec<(&DriftKind, Vec<&Drift>)> = Vec::new();
        for drift in unreadable {
            match by_reason.iter_mut().find(|(kind, _)| **kind == drift.kind) {
                Some((_, same)) => same.push(drift),
                None => by_reason.push((&drift.kind, vec![drift])),
            }
        }
        for (kind, same) in by_reason {
            unread(page, kind, &same);
        }
    }
    if !drift.is_empty() {
        let rule = page.style.rule();
        page.tone(Tone::Faint, &rule).end().end();
    }
}

/// Writes what couldn't be read for one reason: a provider that is away takes all it has along.
fn unread(page: &mut Page, kind: &DriftKind, same: &[&Drift]) {
    if let [one] = same {
        block::drift(page, one);
        return;
    }
    let text = format!(
        "  # {} {}",
        count(same.len(), "resource"),
        words::drifted(kind)
    );
    page.tone(Tone::Strong, &text).end();
    let addresses: Vec<String> = same.iter().map(|drift| drift.address.to_string()).collect();
    for line in wrap(&addresses.join(" "), page.style.width.saturating_sub(6)) {
        page.pad(6).raw(&line).end();
    }
    page.end();
}

fn no_changes(page: &mut Page, plan: &Plan) {
    if plan.is_errored() {
        let text = format!("Nothing can be applied: {}.", tally(&plan.checks));
        page.tone(Tone::Bad, &text).end();
        narrowed(page, plan);
        return;
    }
    let unread = |drift: &Drift| matches!(drift.kind, DriftKind::Unreadable(_));
    if plan.drift.iter().any(unread) {
        page.tone(Tone::Changed, "No changes to what could be read;")
            .raw(" the rest is unknown, and left alone.")
            .end();
        narrowed(page, plan);
        return;
    }
    page.tone(Tone::Good, "No changes.");
    if plan.header.destroy {
        page.raw(" There is nothing to destroy.");
    } else if plan.drift.is_empty() {
        page.raw(" What stands matches the configuration.");
    } else {
        page.raw(" Nothing of the above contradicts the configuration.");
    }
    page.end();
    narrowed(page, plan);
}

fn legend(page: &mut Page, plan: &Plan, shown: &BTreeSet<Action>) {
    const ORDER: [Action; 7] = [
        Action::Create,
        Action::Update,
        Action::Replace(Order::DestroyFirst),
        Action::Replace(Order::CreateFirst),
        Action::Delete,
        Action::Adopt,
        Action::Forget,
    ];
    let project = &plan.header.project;
    if plan.header.destroy {
        page.raw("To destroy ")
            .user(project)
            .raw(", sindri will:")
            .end();
    } else {
        page.raw("To bring ")
            .user(project)
            .raw(" to its configuration, sindri will:")
            .end();
    }
    for action in ORDER.into_iter().filter(|action| shown.contains(action)) {
        let (symbol, tone) = words::symbol(action);
        page.tone(tone, symbol)
            .raw(" ")
            .raw(words::legend(action))
            .end();
    }
    if !plan.moves.is_empty() {
        page.tone(Tone::Moved, "  *")
            .raw(" rename (in the state alone)")
            .end();
    }
    page.end();
}

fn closing(page: &mut Page, plan: &Plan) {
    narrowed(page, plan);
    let totals = plan.totals();
    let mut beside = Vec::new();
    if totals.adopt > 0 {
        beside.push(format!("{} to adopt", totals.adopt));
    }
    if !plan.moves.is_empty() {
        let renamed = plan.moves.iter().filter(|one| !one.to.kind().is_pin());
        beside.push(format!("{} to rename", renamed.count()));
    }
    if totals.forget > 0 {
        beside.push(format!("{} to forget", totals.forget));
    }
    let (dropped, set): (Vec<Action>, Vec<Action>) = plan
        .changes
        .iter()
        .filter(|change| change.action.acts() && change.address.kind().is_pin())
        .map(|change| change.action)
        .partition(|action| *action == Action::Forget);
    for (pins, what) in [(set, "set"), (dropped, "drop")] {
        if !pins.is_empty() {
            beside.push(format!("{} to {what}", count(pins.len(), "pin")));
        }
    }
    if !beside.is_empty() {
        page.raw("Not counted below: ")
            .raw(&beside.join(", "))
            .raw(".")
            .end();
    }
    if plan.is_errored() {
        let text = format!("Nothing can be applied: {}.", tally(&plan.checks));
        page.tone(Tone::Bad, &text).end();
    }
    page.tone(Tone::Strong, &trailer(totals)).end();
}

fn narrowed(page: &mut Page, plan: &Plan) {
    if plan.header.targets.is_empty() {
        return;
    }
    let targets: Vec<String> = plan
        .header
        .targets
        .iter()
        .map(ToString::to_string)
        .collect();
    page.raw("Only a part was looked at: ")
        .raw(&targets.join(", "))
        .raw(".")
        .end();
}

#[cfg(test)]
#[path = "human_tests.rs"]
pub(in crate::render) mod tests;
