//! What applying a plan makes of the lock.

use std::collections::BTreeSet;

use crate::catalog::Relock;
use crate::render::page::{Page, Tone};
use crate::render::text::count;

/// How many changes are shown; more are counted.
const SHOWN: usize = 20;

/// Writes what becomes of the lock, where something does.
pub(in crate::render) fn relock(page: &mut Page, relock: Option<&Relock>) {
    let Some(relock) = relock else { return };
    page.tone(Tone::Strong, &headline(relock)).end();
    if !relock.missing && !relock.removed {
        let lines = relock.lines();
        for line in lines.iter().take(SHOWN) {
            let (sign, rest) = line.split_once(' ').unwrap_or(("", line));
            let tone = match sign {
                "+" => Tone::Good,
                "~" => Tone::Changed,
                "-" => Tone::Bad,
                _ => {
                    page.raw("  ").raw(line).end();
                    continue;
                }
            };
            page.raw("  ").tone(tone, sign).raw(" ").raw(rest).end();
        }
        if lines.len() > SHOWN {
            let more = count(lines.len() - SHOWN, "more change");
            page.raw("    and ").raw(&more).end();
        }
    }
    page.end();
}

/// What becomes of it in a line.
pub(in crate::render) fn headline(relock: &Relock) -> String {
    let file = &relock.file;
    if relock.removed {
        return format!("{file} goes: no extension is left.");
    }
    if relock.missing {
        let names: BTreeSet<_> = relock.changes.iter().map(|change| &change.name).collect();
        return format!("{file} is new: {}.", count(names.len(), "extension"));
    }
    format!("{file} changes:")
}
