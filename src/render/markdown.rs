//! Plans and drift as Markdown for a pull request, within what a comment can hold.

use std::fmt::Write as _;

use super::diagnostic::{message, tally, word};
use super::drift::{DriftTotals, drift_blocks, unapplied, unreadable};
use super::page::{Page, Style};
use super::plan::{PlanMeta, block, outlook, relock, seconds, words};
use super::text::{clean, count, cut};
use crate::catalog::Outlook;
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::{Change, Plan};

/// What a comment holds is counted in characters; counting bytes errs on the safe side.
pub const MARKDOWN_MAX: usize = 65_535;
/// What each list before the details may take.
const LIST_MAX: usize = 9_000;
/// Kept free for closing tags and for saying what was cut.
const RESERVE: usize = 1_000;
/// Longer messages are cut.
const MESSAGE_MAX: usize = 300;

/// A plan as Markdown: counts first, then what destroys, what the checks found, details folded.
///
/// Never longer than [`MARKDOWN_MAX`]; where something had to be left out, it says how much. Text
/// from outside stands in fences longer than any run of backticks in it, or has its punctuation
/// written as entities, so that it can't break out of a list, a fence or a fold.
pub fn plan_markdown(plan: &Plan, meta: &PlanMeta<'_>) -> String {
    let mut out = String::new();
    let totals = plan.totals();
    let shown: Vec<&Change> = plan.changes.iter().filter(|c| words::is_shown(c)).collect();
    let verb = if plan.header.destroy {
        "Destroy"
    } else {
        "Plan for"
    };
    heading(&mut out, verb, plan);
    if shown.is_empty() && DriftTotals::of(plan).unreadable > 0 {
        out.push_str(
            "**No changes to what could be read**; the rest is unknown, and left alone.\n\n",
        );
    } else if shown.is_empty() && plan.is_errored() {
        // What was found says why.
    } else if shown.is_empty() {
        out.push_str("**No changes.** What stands matches the configuration.\n\n");
    } else {
        out.push_str(&format_totals(totals));
    }
    dangers(&mut out, &shown);
    findings(&mut out, &plan.checks);
    extensions(&mut out, &plan.outlooks);
    if let Some(lock) = &plan.lock {
        let mut page = Page::new(Style::PLAIN);
        relock::relock(&mut page, Some(lock));
        fold(
            &mut out,
            relock::headline(lock).trim_end_matches(['.', ':']),
            MARKDOWN_MAX / 8,
            1,
            std::iter::once(page.into_text()),
        );
    }
    if !plan.drift.is_empty() {
        let title = format!(
            "Changed outside of sindri: {}",
            drifted(DriftTotals::of(plan))
        );
        fold(
            &mut out,
            &title,
            MARKDOWN_MAX / 2,
            plan.drift.len(),
            drift_blocks(plan),
        );
    }
    if !shown.is_empty() {
        let blocks = shown.iter().map(|change| {
            let mut page = Page::new(Style::PLAIN);
            block::change(&mut page, change);
            page.into_text()
        });
        let title = format!("Show {}", count(shown.len(), "change"));
        fold(&mut out, &title, MARKDOWN_MAX, shown.len(), blocks);
    }
    footer(&mut out, plan, meta);
    out
}

/// A drift report as Markdown, held to the same promises as [`plan_markdown`].
pub fn drift_markdown(plan: &Plan, meta: &PlanMeta<'_>) -> String {
    let mut out = String::new();
    let totals = DriftTotals::of(plan);
    heading(&mut out, "Drift of", plan);
    if totals.drifted == 0 && totals.unreadable == 0 {
        out.push_str("**No drift.** What stands is what was last applied.\n\n");
    } else {
        put(&mut out, format_args!("**{}**\n\n", drifted(totals)));
    }
    let items = plan.drift.iter().map(|drift| {
        let unknown = if unreadable(drift).is_some() {
            "⚠️ "
        } else {
            ""
        };
        let what = escape(&cut(&words::drifted(&drift.kind), MESSAGE_MAX));
        format!("- {unknown}`{}` {what}\n", drift.address)
    });
    list(&mut out, items);
    if totals.unapplied > 0 {
        out.push_str("Not drift, but configuration that isn't applied yet:\n\n");
        let items = unapplied(plan)
            .map(|change| format!("- `{}` {}\n", change.address, words::headline(change)));
        list(&mut out, items);
    }
    findings(&mut out, &plan.checks);
    if !plan.drift.is_empty() {
        fold(
            &mut out,
            "Show the fields",
            MARKDOWN_MAX,
            plan.drift.len(),
            drift_blocks(plan),
        );
    }
    footer(&mut out, plan, meta);
    out
}

/// Folds what becomes of extensions; a fleet may have very many different sets of them.
fn extensions(out: &mut String, outlooks: &[Outlook]) {
    let title = match outlooks {
        [] => return,
        [one] => outlook::heading(one),
        several => format!("Extensions of {} kinds of machines", several.len()),
    };
    let blocks = outlooks.iter().map(|one| {
        let mut page = Page::new(Style::PLAIN);
        outlook::outlooks(&mut page, std::slice::from_ref(one));
        page.into_text()
    });
    // What is destroyed and what was found may have taken a share each.
    fold(out, &title, MARKDOWN_MAX / 2, outlooks.len(), blocks);
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a string takes any text");
}

fn heading(out: &mut String, verb: &str, plan: &Plan) {
    let project = escape(&cut(&plan.header.project, MESSAGE_MAX));
    put(out, format_args!("### {verb} {project}\n\n"));
}

fn format_totals(totals: crate::plan::Totals) -> String {
    let import = if totals.import > 0 {
        format!("{} to import, ", totals.import)
    } else {
        String::new()
    };
    let mut text = format!(
        "**{import}{} to add, {} to change, {} to destroy**",
        totals.add, totals.change, totals.destroy
    );
    if totals.adopt > 0 {
        put(&mut text, format_args!(", {} to adopt", totals.adopt));
    }
    if totals.forget > 0 {
        put(&mut text, format_args!(", {} to forget", totals.forget));
    }
    text.push_str("\n\n");
    text
}

fn drifted(totals: DriftTotals) -> String {
    format!(
        "{} changed outside, {} not applied yet, {} unreadable",
        totals.drifted, totals.unapplied, totals.unreadable
    )
}

fn dangers(out: &mut String, shown: &[&Change]) {
    let mut destroying = shown
        .iter()
        .filter(|change| change.action.destroys() && !words::is_retained(change))
        .peekable();
    if destroying.peek().is_none() {
        return;
    }
    out.push_str("> [!CAUTION]\n> This plan destroys or replaces what stands:\n\n");
    let items = destroying.map(|change| {
        let why = words::reason(change).map_or_else(String::new, |why| {
            format!(": {}", escape(&cut(&why, MESSAGE_MAX)))
        });
        format!("- `{}` {}{why}\n", change.address, words::headline(change))
    });
    list(out, items);
}

fn findings(out: &mut String, checks: &[Diagnostic]) {
    if checks.is_empty() {
        return;
    }
    let has_errors = checks.iter().any(Diagnostic::is_error);
    let stops = if has_errors {
        ": nothing can be applied"
    } else {
        ""
    };
    put(out, format_args!("**{}{stops}**\n\n", tally(checks)));
    let mut sorted: Vec<&Diagnostic> = checks.iter().collect();
    sorted.sort_by_key(|check| std::cmp::Reverse(check.severity));
    list(out, sorted.into_iter().map(finding));
}

fn finding(check: &Diagnostic) -> String {
    let sign = match check.severity {
        Severity::Error => "❌",
        Severity::Warning => "⚠️",
        Severity::Advice => "ℹ️",
    };
    let address = check
        .address
        .as_ref()
        .map_or_else(String::new, |address| format!(" on `{address}`"));
    let text = escape(&cut(&message(check), MESSAGE_MAX));
    let help = check.help.as_deref().map_or_else(String::new, |help| {
        format!("; {}", escape(&cut(help, MESSAGE_MAX)))
    });
    let code = escape(check.code.as_str());
    format!(
        "- {sign} {} {code}{address}: {text}{help}\n",
        word(check.severity)
    )
}

/// Writes items until the list has its share, then how many are left.
fn list(out: &mut String, items: impl Iterator<Item = String>) {
    let (mut used, mut left) = (0, 0);
    for item in items {
        used += item.len();
        if used > LIST_MAX {
            left += 1;
        } else {
            out.push_str(&item);
        }
    }
    if left > 0 {
        put(out, format_args!("- and {left} more\n"));
    }
    out.push('\n');
}

/// Writes a fold with a diff in it, as many blocks as fit below the limit.
fn fold(
    out: &mut String,
    title: &str,
    limit: usize,
    total: usize,
    blocks: impl Iterator<Item = String>,
) {
    let room = limit.saturating_sub(out.len() + RESERVE);
    let mut body = String::new();
    let mut whole = 0;
    for block in blocks {
        let diff = as_diff(&block);
        // Backticks make the fence longer, at both ends.
        let fences = 2 * longest_run(&diff).max(longest_run(&body));
        if body.len() + diff.len() + fences > room {
            // One that is too large by itself is better begun than left out.
            let mut left = if whole == 0 {
                room.saturating_sub(fences)
            } else {
                0
            };
            for line in diff.split_inclusive('\n') {
                left = left.saturating_sub(line.len());
                if left == 0 {
                    break;
                }
                body.push_str(line);
            }
            break;
        }
        body.push_str(&diff);
        whole += 1;
    }
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    put(out, format_args!("<details><summary>{title}</summary>\n\n"));
    put(
        out,
        format_args!(
            "{fence}diff\n{}\n{fence}\n\n</details>\n\n",
            body.trim_end()
        ),
    );
    if whole < total {
        put(
            out,
            format_args!(
                "**Cut:** {} of {total} aren't shown in full, since a comment holds no more than \
             {MARKDOWN_MAX} characters. The plan on the command line has all of them.\n\n",
                total - whole
            ),
        );
    }
}

/// Moves each line's sign to the first column, where a diff has it.
fn as_diff(block: &str) -> String {
    let mut out = String::with_capacity(block.len() + 16);
    let mut is_text = false;
    for line in block.lines() {
        let rest = line.trim_start_matches(' ');
        let indent = &line[..line.len() - rest.len()];
        // The lines of a new text have no sign of their own.
        let sign = match rest.split_once(' ') {
            Some(("~", _)) => "!",
            Some(("+", _)) => "+",
            Some(("-", _)) => "-",
            _ => "",
        };
        if is_text || sign.is_empty() {
            out.push_str(line);
            is_text &= rest != "EOT";
        } else {
            out.push_str(sign);
            out.push_str(indent);
            out.push_str(&rest[1..]);
            is_text = rest.ends_with("<<-EOT");
        }
        out.push('\n');
    }
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn footer(out: &mut String, plan: &Plan, meta: &PlanMeta<'_>) {
    put(
        out,
        format_args!(
            "<sub>sindri {}, {}, state {} of lineage {}{}</sub>\n",
            escape(meta.sindri_version),
            seconds(meta.timestamp),
            plan.header.serial,
            plan.header.lineage.as_str().get(..8).unwrap_or_default(),
            meta.signer
                .map(|signer| format!(", signed by {}", escape(signer)))
                .unwrap_or_default()
        ),
    );
}

/// Text from outside, on one line, with every sign that Markdown could take for its own written
/// as an entity; an `@` isn't a mention any more.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in clean(text).chars() {
        match c {
            '.' | ',' | ':' | ';' | '(' | ')' | '\'' | '-' | '/' | '=' | '?' => out.push(c),
            '@' => out.push_str("&#64;&#8203;"),
            c if c.is_ascii_punctuation() => put(&mut out, format_args!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
