//! Two values side by side: what changed inside of lists, maps and long texts.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};

use super::page::{Page, Tone};
use super::text::{count, cut};
use super::value::{Mark, inline, is_block, key, write};

/// Beyond this a comparison by item or line takes longer than anybody would read.
const COMPARED_MAX: usize = 5_000;
/// Longer strings are shown around their first difference.
const STRING_MAX: usize = 120;

/// Writes `before -> after` after `key = `, opened up where that says more.
pub(super) fn compare(page: &mut Page, before: &Value, after: &Value, column: usize, used: usize) {
    match (before, after) {
        (Value::String(old), Value::String(new)) if is_block(old) || is_block(new) => {
            lines(page, old, new, column);
        }
        (Value::String(old), Value::String(new))
            if old.len() > STRING_MAX || new.len() > STRING_MAX =>
        {
            let (old, new) = around_difference(old, new);
            arrow(page, &old, &new, column, used);
        }
        (Value::Array(old), Value::Array(new)) if !old.is_empty() && !new.is_empty() => {
            items(page, old, new, column);
        }
        (Value::Object(old), Value::Object(new)) if !old.is_empty() && !new.is_empty() => {
            members(page, old, new, column);
        }
        (old, new) => arrow(page, &inline(old), &inline(new), column, used),
    }
}

/// Writes `before -> after`, on two lines where one is too narrow.
pub(super) fn arrow(page: &mut Page, before: &str, after: &str, column: usize, used: usize) {
    page.raw(before);
    if used + before.chars().count() + 4 + after.chars().count() > page.style.width.max(40) {
        page.end().pad(column + 2);
    } else {
        page.raw(" ");
    }
    page.tone(Tone::Changed, "->").raw(" ").raw(after);
}

fn lines(page: &mut Page, old: &str, new: &str, column: usize) {
    let total = old.lines().count() + new.lines().count();
    if total > COMPARED_MAX {
        let said = |text: &str| format!("({})", count(text.lines().count(), "line"));
        page.raw(&said(old)).raw(" -> ").raw(&said(new));
        return;
    }
    page.raw("<<-DIFF").end();
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let header = hunk.header().to_string();
        page.pad(column + 4).tone(Tone::Faint, &header).end();
        for change in hunk.iter_changes() {
            let mark = match change.tag() {
                ChangeTag::Delete => Mark::Remove,
                ChangeTag::Insert => Mark::Add,
                ChangeTag::Equal => Mark::Same,
            };
            mark.write(page, column + 4);
            let line: &str = change.value();
            page.user(&cut(line.strip_suffix('\n').unwrap_or(line), STRING_MAX))
                .end();
            if !line.ends_with('\n') {
                page.pad(column + 4)
                    .tone(Tone::Faint, "\\ No newline at end")
                    .end();
            }
        }
    }
    page.pad(column + 2).raw("DIFF");
}

fn items(page: &mut Page, old: &[Value], new: &[Value], column: usize) {
    if old.len() + new.len() > COMPARED_MAX {
        let said = |items: &[Value]| format!("({})", count(items.len(), "item"));
        page.raw(&said(old)).raw(" -> ").raw(&said(new));
        return;
    }
    let texts = |items: &[Value]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut same = 0;
    page.raw("[").end();
    for op in capture_diff_slices(Algorithm::Myers, &texts(old), &texts(new)) {
        let (tag, from, to) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            same += from.len();
            continue;
        }
        item_lines(page, &old[from], Mark::Remove, column);
        item_lines(page, &new[to], Mark::Add, column);
    }
    hidden(page, same, "item", column + 4);
    page.pad(column + 2).raw("]");
}

fn item_lines(page: &mut Page, items: &[Value], mark: Mark, column: usize) {
    for item in items {
        mark.write(page, column + 4);
        write(page, item, mark, column + 4, column + 7);
        page.raw(",").end();
    }
}

fn members(page: &mut Page, old: &Map<String, Value>, new: &Map<String, Value>, column: usize) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut same = 0;
    page.raw("{").end();
    for name in names {
        let shown = key(name);
        let used = column + 9 + shown.chars().count();
        let start = |page: &mut Page, mark: Mark| {
            mark.write(page, column + 4);
            page.raw(&shown).raw(" = ");
        };
        match (old.get(name), new.get(name)) {
            (Some(before), Some(after)) if before == after => {
                same += 1;
                continue;
            }
            (Some(before), Some(after)) => {
                start(page, Mark::Change);
                compare(page, before, after, column + 4, used);
            }
            (Some(before), None) => {
                start(page, Mark::Remove);
                write(page, before, Mark::Remove, column + 4, used);
            }
            (None, Some(after)) => {
                start(page, Mark::Add);
                write(page, after, Mark::Add, column + 4, used);
            }
            (None, None) => continue,
        }
        page.end();
    }
    hidden(page, same, "entry", column + 4);
    page.pad(column + 2).raw("}");
}

/// Says how many parts stay as they are and aren't shown.
pub(super) fn hidden(page: &mut Page, number: usize, what: &str, column: usize) {
    if number == 0 {
        return;
    }
    let what = match (what, number) {
        (what, 1) => what.to_owned(),
        ("entry", _) => "entries".to_owned(),
        (what, _) => format!("{what}s"),
    };
    page.pad(column + 2)
        .tone(
            Tone::Faint,
            &format!("# ({number} unchanged {what} hidden)"),
        )
        .end();
}

/// Two long strings, each cut to the surroundings of their first difference.
fn around_difference(old: &str, new: &str) -> (String, String) {
    let same = old
        .chars()
        .zip(new.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let start = same.saturating_sub(20);
    let window = |text: &str| {
        let part: String = text.chars().skip(start).take(60).collect();
        let before = if start > 0 { "..." } else { "" };
        let after = if text.chars().count() > start + 60 {
            "..."
        } else {
            ""
        };
        format!("{before}{}{after}", inline(&Value::String(part)))
    };
    (window(old), window(new))
}
