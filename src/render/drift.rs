//! Drift as text: what was changed outside, what merely isn't applied yet, what nobody knows.

use std::collections::HashMap;
use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::page::{Page, Style, Tone};
use super::plan::{Each, Members, PlanMeta, block, drift_section, seconds, words};
use super::sensitive::is_sensitive;
use crate::address::Address;
use crate::plan::{After, Change, Drift, DriftKind, FieldChange, Plan, Reason};

/// How much drifted, and how much that looks like drift isn't.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DriftTotals {
    /// Resources changed outside of sindri.
    pub drifted: usize,
    /// Resources whose configuration changed since the last apply.
    pub unapplied: usize,
    /// Resources that couldn't be read.
    pub unreadable: usize,
}

impl DriftTotals {
    /// Counts a plan's drift.
    pub fn of(plan: &Plan) -> Self {
        let unreadable = plan
            .drift
            .iter()
            .filter(|drift| unreadable(drift).is_some())
            .count();
        Self {
            drifted: plan.drift.len() - unreadable,
            unapplied: unapplied(plan).count(),
            unreadable,
        }
    }
}

/// Why a resource couldn't be read; `None` if it was.
pub(super) fn unreadable(drift: &Drift) -> Option<&str> {
    match &drift.kind {
        DriftKind::Unreadable(why) => Some(why),
        DriftKind::Missing
        | DriftKind::Ended(_)
        | DriftKind::Changed
        | DriftKind::Exchanged
        | DriftKind::Broken(_) => None,
    }
}

/// The changes that a changed configuration asks for, and not the healing of drift.
pub(super) fn unapplied(plan: &Plan) -> impl Iterator<Item = &Change> {
    let drifted: HashMap<&Address, &Drift> = plan
        .drift
        .iter()
        .map(|drift| (&drift.address, drift))
        .collect();
    plan.changes.iter().filter(move |change| {
        change.action.acts() && asked_for(change, drifted.get(&change.address).copied())
    })
}

fn asked_for(change: &Change, drift: Option<&Drift>) -> bool {
    let drifted = |field: &FieldChange| {
        drift.is_some_and(|drift| drift.fields.iter().any(|other| other.path == field.path))
    };
    match change.reason {
        Some(
            Reason::Missing
            | Reason::Parent(_)
            | Reason::NewRoot
            | Reason::Broken { .. }
            | Reason::UnknownValue
            | Reason::Unreadable
            | Reason::Retained
            | Reason::AlreadySo
            | Reason::ByHand
            | Reason::NeverUpgraded
            | Reason::Power,
        ) => false,
        Some(
            Reason::New
            | Reason::Reinstalled
            | Reason::Tainted
            | Reason::Partial
            | Reason::Requested
            | Reason::NotWanted
            | Reason::Destroyed
            | Reason::LetGo
            | Reason::Imported { .. }
            | Reason::TakenAgain,
        ) => true,
        Some(Reason::FoundOurs) => drift.is_none(),
        Some(Reason::Changed | Reason::Forced { .. } | Reason::ImageMoved) | None => {
            drift.is_none() || !change.fields.iter().all(drifted)
        }
    }
}

/// A drift report for people, its last line the count of all three.
pub fn drift_human(plan: &Plan, style: &Style) -> String {
    let mut page = Page::new(*style);
    let totals = DriftTotals::of(plan);
    drift_section(&mut page, &plan.drift);
    if totals.unapplied > 0 {
        let heading = "Not drift, but configuration that isn't applied yet:";
        page.tone(Tone::Strong, heading).end().end();
        for change in unapplied(plan) {
            let (symbol, tone) = words::symbol(change.action);
            page.tone(tone, symbol)
                .raw(" ")
                .show(&change.address)
                .raw(" ");
            page.raw(words::headline(change)).end();
        }
        page.end();
    }
    if totals.drifted == 0 && totals.unreadable == 0 {
        page.tone(Tone::Good, "No drift.")
            .raw(" What stands is what was last applied.");
    } else {
        let text = format!(
            "Drift: {} changed outside, {} not applied yet, {} unreadable.",
            totals.drifted, totals.unapplied, totals.unreadable
        );
        page.tone(Tone::Strong, &text);
    }
    page.end();
    page.into_text()
}

/// A drift report as one line of JSON, without a line end.
pub fn drift_json(plan: &Plan, meta: &PlanMeta<'_>) -> String {
    let mut out = Vec::new();
    let written = write_json(plan, meta, &mut out);
    debug_assert!(written.is_ok(), "a vector takes any bytes: {written:?}");
    String::from_utf8(out).unwrap_or_default()
}

fn write_json(plan: &Plan, meta: &PlanMeta<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let totals = DriftTotals::of(plan);
    let mut members = Members::open(out)?;
    members.put("format_version", &"1.0")?;
    members.put("sindri_version", &meta.sindri_version)?;
    members.put("timestamp", &seconds(meta.timestamp))?;
    members.put("project", &plan.header.project)?;
    members.put("lineage", &plan.header.lineage)?;
    members.put("serial", &plan.header.serial)?;
    members.put("drifted", &(totals.drifted > 0))?;
    members.put("totals", &totals)?;
    let real = plan
        .drift
        .iter()
        .filter(|drift| unreadable(drift).is_none());
    members.put("drift", &Each(real.map(entry)))?;
    let waiting: Vec<Value> = unapplied(plan)
        .map(|change| {
            json!({
                "address": change.address,
                "action": words::action_word(change.action),
                "reason": change.reason.as_ref().map(words::reason_word),
                "fields": change.fields.iter().map(|field| &field.path).collect::<Vec<_>>(),
            })
        })
        .collect();
    members.put("unapplied", &waiting)?;
    let unknown = plan.drift.iter().filter_map(|drift| {
        let reason = unreadable(drift)?;
        Some(json!({"address": drift.address, "reason": reason}))
    });
    members.put("unreadable", &Each(unknown))?;
    members.put("diagnostics", &plan.checks)?;
    members.close()
}

fn entry(drift: &Drift) -> Value {
    let kind = match &drift.kind {
        DriftKind::Missing | DriftKind::Ended(_) => "missing",
        DriftKind::Changed => "changed",
        DriftKind::Exchanged => "exchanged",
        DriftKind::Broken(_) => "broken",
        DriftKind::Unreadable(_) => "unreadable",
    };
    let mut entry = json!({
        "address": drift.address,
        "kind": kind,
        "fields": drift.fields.iter().map(field).collect::<Vec<_>>(),
    });
    if let DriftKind::Broken(parts) = &drift.kind {
        entry["parts"] = json!(parts);
    }
    if let DriftKind::Ended(at) = drift.kind {
        entry["ended"] = json!(seconds(at));
    }
    entry
}

/// A field, recorded and observed; a sensitive one without its values.
fn field(field: &FieldChange) -> Value {
    let observed = match &field.after {
        After::Known(value) => Some(value),
        After::Unknown | After::Unset => None,
    };
    let recorded = field.before.as_ref();
    if is_sensitive(&field.path, recorded) || is_sensitive(&field.path, observed) {
        return json!({"path": field.path, "sensitive": true});
    }
    json!({"path": field.path, "recorded": recorded, "observed": observed})
}

/// The blocks of all drift, as on the screen.
pub(super) fn drift_blocks(plan: &Plan) -> impl Iterator<Item = String> {
    plan.drift.iter().map(|drift| {
        let mut page = Page::new(Style::PLAIN);
        block::drift(&mut page, drift);
        page.into_text()
    })
}
