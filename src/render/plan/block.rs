//! One resource on the screen: a line that says what happens, a line that says why, its fields.

use serde_json::Value;

use super::words;
use crate::address::Address;
use crate::plan::{Action, After, Change, Drift, DriftKind, Effectuation, FieldChange};
use crate::render::compare::{arrow, compare, hidden};
use crate::render::page::{Page, Tone};
use crate::render::sensitive::{MASK, is_sensitive};
use crate::render::text::{clean, short_id, wrap};
use crate::render::value::{self, Mark, key};

const UNKNOWN: &str = "(known after apply)";
/// The column of a field's mark.
const FIELD: usize = 6;

/// Writes one change.
pub(in crate::render) fn change(page: &mut Page, change: &Change) {
    comment(
        page,
        &change.address,
        words::headline(change),
        words::reason(change).as_deref(),
    );
    if let Some(from) = &change.previous_address {
        page.raw("  # (moved from ").show(from).raw(")").end();
    }
    match change.action {
        Action::NoOp | Action::Forget => {}
        Action::Create => {
            open(page, change.action, &change.address);
            wanted(page, change);
            close(page);
        }
        Action::Delete if words::is_retained(change) => {}
        Action::Delete => {
            open(page, change.action, &change.address);
            recorded(page, change);
            close(page);
        }
        Action::Update | Action::Replace(_) | Action::Adopt => differing(page, change),
    }
    page.end();
}

/// Writes one drift: recorded before, observed after.
pub(in crate::render) fn drift(page: &mut Page, drift: &Drift) {
    comment(page, &drift.address, &words::drifted(&drift.kind), None);
    match &drift.kind {
        DriftKind::Missing | DriftKind::Ended(_) | DriftKind::Unreadable(_) => {}
        DriftKind::Broken(parts) => {
            for part in parts {
                let text = format!("{}: {}", clean(&part.part), clean(&part.reason));
                for line in wrap(&text, page.style.width.max(40) - 6) {
                    page.raw("      ").raw(&line).end();
                }
            }
        }
        DriftKind::Changed | DriftKind::Exchanged if drift.fields.is_empty() => {}
        DriftKind::Changed | DriftKind::Exchanged => {
            open(page, Action::Update, &drift.address);
            let width = widest(drift.fields.iter().map(|field| field.path.as_str()));
            for field in &drift.fields {
                field_change(page, field, width);
            }
            close(page);
        }
    }
    page.end();
}

fn comment(page: &mut Page, address: &Address, what: &str, why: Option<&str>) {
    page.raw("  ").start(Tone::Strong).raw("# ").show(address);
    page.raw(" ").raw(what).stop(Tone::Strong).end();
    let Some(why) = why else { return };
    let columns = page.style.width.max(40) - 6;
    let lines = wrap(&format!("({why})"), columns);
    for line in &lines {
        page.raw("  # ").raw(line).end();
    }
}

fn open(page: &mut Page, action: Action, address: &Address) {
    sign(page, action, address);
    page.raw(" {").end();
}

fn sign(page: &mut Page, action: Action, address: &Address) {
    let (symbol, tone) = words::symbol(action);
    match action {
        // Each half of a replacement has the colour of what it does.
        Action::Replace(_) => {
            for half in symbol.split_inclusive('/') {
                let (mark, slash) = half.split_at(1);
                let tone = if mark == "+" { Tone::Good } else { Tone::Bad };
                page.tone(tone, mark).raw(slash);
            }
        }
        Action::NoOp
        | Action::Create
        | Action::Update
        | Action::Delete
        | Action::Forget
        | Action::Adopt => {
            let (blank, mark) = symbol.split_at(2);
            page.raw(blank).tone(tone, mark);
        }
    }
    page.raw(" ").show(words::BlockTitle(address));
}

fn close(page: &mut Page) {
    page.raw("    }").end();
}

/// Everything a new object shall be.
fn wanted(page: &mut Page, change: &Change) {
    let Some(spec) = &change.desired else { return };
    let attributes = spec.attributes();
    let computed = words::known_after(change);
    let unknown = |path: &str| {
        change
            .fields
            .iter()
            .any(|field| field.path == path && field.after == After::Unknown)
    };
    // Fields that only the plan knows of, such as a value that isn't available here.
    let extra = change.fields.iter().filter(|field| {
        field.after == After::Unknown
            && attributes.get(&field.path).is_none()
            && Some(field.path.as_str()) != computed
    });
    let late: Vec<&str> = computed
        .into_iter()
        .chain(extra.map(|field| field.path.as_str()))
        .collect();
    let width = widest(
        attributes
            .0
            .keys()
            .map(String::as_str)
            .chain(late.iter().copied()),
    );
    for path in late {
        start(page, Mark::Add, path, width);
        page.tone(Tone::Faint, UNKNOWN).end();
    }
    for (path, value) in &attributes.0 {
        let used = start(page, Mark::Add, path, width);
        if unknown(path) {
            page.tone(Tone::Faint, UNKNOWN);
        } else {
            shown(page, path, value, Mark::Add, used);
        }
        page.end();
    }
}

/// Everything an object that goes was.
fn recorded(page: &mut Page, change: &Change) {
    let Some(object) = &change.recorded else {
        return;
    };
    let attributes = object.spec.attributes();
    let computed = words::known_after(change);
    let width = widest(attributes.0.keys().map(String::as_str).chain(computed));
    if computed == Some("id") {
        start(page, Mark::Remove, "id", width);
        page.raw(&quoted_id(object.id.as_str())).end();
    }
    for (path, value) in &attributes.0 {
        let used = start(page, Mark::Remove, path, width);
        shown(page, path, value, Mark::Remove, used);
        page.end();
    }
}

/// The fields that differ, and how many don't.
fn differing(page: &mut Page, change: &Change) {
    let attributes = change.desired.as_ref().map(|spec| spec.attributes());
    let same = attributes.map_or(0, |attributes| {
        let differs = |path: &&String| !change.fields.iter().any(|field| field.path == **path);
        attributes.0.keys().filter(differs).count()
    });
    let id = change
        .recorded
        .as_ref()
        .filter(|_| words::known_after(change) == Some("id"))
        .map(|object| quoted_id(object.id.as_str()));
    if change.fields.is_empty() && id.is_none() {
        sign(page, change.action, &change.address);
        page.end();
        return;
    }
    open(page, change.action, &change.address);
    let paths = change.fields.iter().map(|field| field.path.as_str());
    let width = widest(paths.chain(id.as_ref().map(|_| "id")));
    if let Some(id) = id {
        match change.action {
            Action::Replace(_) => {
                let used = start(page, Mark::Change, "id", width);
                arrow(page, &id, UNKNOWN, FIELD, used);
            }
            Action::NoOp
            | Action::Create
            | Action::Update
            | Action::Delete
            | Action::Forget
            | Action::Adopt => {
                start(page, Mark::Same, "id", width);
                page.raw(&id);
            }
        }
        page.end();
    }
    for field in &change.fields {
        field_change(page, field, width);
    }
    hidden(page, same, "field", FIELD);
    close(page);
}

fn field_change(page: &mut Page, field: &FieldChange, width: usize) {
    let mark = match (&field.before, &field.after) {
        (None, _) => Mark::Add,
        (Some(_), After::Unset) => Mark::Remove,
        (Some(_), After::Known(_) | After::Unknown) => Mark::Change,
    };
    let used = start(page, mark, &field.path, width);
    let after = match &field.after {
        After::Known(value) => Some(value),
        After::Unknown | After::Unset => None,
    };
    let before = field.before.as_ref();
    let masked = is_sensitive(&field.path, before) || is_sensitive(&field.path, after);
    let text = |value: &Value| {
        if masked {
            MASK.to_owned()
        } else {
            value::inline(value)
        }
    };
    match (before, &field.after) {
        (Some(before), After::Known(after)) if !masked => {
            compare(page, before, after, FIELD, used);
        }
        (Some(before), After::Known(after)) => {
            arrow(page, &text(before), &text(after), FIELD, used);
        }
        (Some(before), After::Unknown) => {
            arrow(page, &text(before), UNKNOWN, FIELD, used);
        }
        (Some(_), After::Unset) | (None, After::Known(_)) if masked => {
            page.raw(MASK);
        }
        (Some(before), After::Unset) => {
            value::write(page, before, Mark::Remove, FIELD, used + 8);
            page.raw(" -> null");
        }
        (None, After::Known(after)) => value::write(page, after, Mark::Add, FIELD, used),
        (None, After::Unknown) => {
            page.tone(Tone::Faint, UNKNOWN);
        }
        (None, After::Unset) => {
            page.raw("null");
        }
    }
    match field.effect {
        Effectuation::InPlace => {}
        Effectuation::ForcesReplacement => {
            page.raw(" ").tone(Tone::Bad, "# forces replacement");
        }
    }
    page.end();
}

/// Writes `+ key   = ` and tells the column reached.
fn start(page: &mut Page, mark: Mark, path: &str, width: usize) -> usize {
    let shown = key(path);
    let length = shown.chars().count();
    mark.write(page, FIELD);
    page.raw(&shown)
        .pad(width.saturating_sub(length))
        .raw(" = ");
    FIELD + 2 + length.max(width) + 3
}

fn shown(page: &mut Page, path: &str, value: &Value, mark: Mark, used: usize) {
    if is_sensitive(path, Some(value)) {
        page.raw(MASK);
    } else {
        value::write(page, value, mark, FIELD, used);
    }
}

fn widest<'a>(paths: impl Iterator<Item = &'a str>) -> usize {
    paths
        .map(|path| path.chars().count())
        .max()
        .unwrap_or(0)
        .min(32)
}

fn quoted_id(id: &str) -> String {
    format!("\"{}\"", short_id(id))
}
