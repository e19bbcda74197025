//! How an apply ended: what stands, what failed and why, what was skipped, what to do next.

use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::engine::{Summary, Tool};
use crate::render::diagnostic::diagnostics_human;
use crate::render::page::{Page, Style, Tone};
use crate::render::text::{clean, count, duration, wrap};

/// Skipped resources named one by one; a large fleet's rest is counted.
const NAMED: usize = 20;

/// How many lines of a tool that failed are shown; `extension log` has all.
const LINES: usize = 5;

/// How an apply ended, for people; its last line says what to do next or that all is done.
pub fn summary_human(summary: &Summary, style: &Style) -> String {
    let mut page = Page::new(*style);
    failed(&mut page, &summary.failed, style);
    skipped(&mut page, summary);
    if !summary.partial.is_empty() {
        page.tone(Tone::Changed, "Made, but for some parts:").end();
        tools(&mut page, &summary.partial);
    }
    if !summary.tools.is_empty() {
        page.tone(Tone::Strong, "Tools:").end();
        tools(&mut page, &summary.tools);
    }
    if summary.done.adopt + summary.done.forget > 0 {
        let (adopted, forgotten) = (summary.done.adopt, summary.done.forget);
        let beside: Vec<String> = [(adopted, "adopted"), (forgotten, "forgotten")]
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        page.raw(&format!("Not counted below: {}.", beside.join(", ")));
        page.end();
    }
    closing(&mut page, summary);
    page.into_text()
}

/// What to do after an apply that didn't bring everything about.
pub fn summary_next(summary: &Summary) -> Option<&'static str> {
    let again = if summary.destroy {
        "What is gone is recorded; run `sindri destroy` again and it goes on from here."
    } else {
        "What stands is recorded; run `sindri apply` again and it goes on from here."
    };
    if summary.interrupted || summary.failed.is_empty() && !summary.is_clean() {
        return Some(again);
    }
    if !summary.failed.is_empty() {
        return Some(if summary.destroy {
            "Mend what failed, then run `sindri destroy` again: it goes on from here."
        } else {
            "Mend what failed, then run `sindri apply` again: it goes on from here."
        });
    }
    (!summary.partial.is_empty()).then_some(
        "`sindri apply` tries the missing parts again; `sindri extension log NAME` shows what they printed.",
    )
}

/// Extensions with what became of their tools.
fn tools(page: &mut Page, extensions: &[(Address, Vec<Tool>)]) {
    for (address, tools) in extensions {
        page.raw("  ").show(address).end();
        let width = |of: fn(&Tool) -> &str| {
            tools
                .iter()
                .map(|tool| of(tool).chars().count())
                .max()
                .unwrap_or(0)
        };
        let (name, result) = (width(|tool| &tool.name), width(|tool| &tool.result));
        for tool in tools {
            let tone = match tool.result.as_str() {
                "failed" => Tone::Bad,
                "skipped" | "untried" => Tone::Changed,
                _ => Tone::Good,
            };
            page.raw(&format!("    {:name$}  ", clean(&tool.name)));
            page.tone(tone, &format!("{:result$}", tool.result));
            let more = tool.reason.as_deref().or(tool.version.as_deref());
            if let Some(more) = more {
                page.raw("  ").user(more);
            }
            page.end();
            last_lines(page, tool);
        }
    }
    page.end();
}

/// What a failed tool printed last, where the reason doesn't hold all of it.
fn last_lines(page: &mut Page, tool: &Tool) {
    if tool.last_lines.len() < 2 {
        return;
    }
    let hidden = tool.last_lines.len().saturating_sub(LINES);
    for line in &tool.last_lines[hidden..] {
        page.raw("      | ").user(line).end();
    }
}

fn failed(page: &mut Page, failed: &[(Address, Diagnostics)], style: &Style) {
    if failed.is_empty() {
        return;
    }
    let number = count(failed.len(), "resource");
    page.tone(Tone::Bad, &format!("Failed: {number}"))
        .end()
        .end();
    for (address, diagnostics) in failed {
        for diagnostic in diagnostics {
            let mut diagnostic = diagnostic.clone();
            diagnostic.address.get_or_insert_with(|| address.clone());
            page.raw(&diagnostics_human(&[diagnostic], style));
        }
    }
}

fn skipped(page: &mut Page, summary: &Summary) {
    if summary.skipped.is_empty() {
        return;
    }
    let number = count(summary.skipped.len(), "resource");
    page.tone(Tone::Changed, &format!("Skipped: {number}"))
        .end();
    for (address, because) in summary.skipped.iter().take(NAMED) {
        page.raw("  ").show(address);
        if let Some(because) = because {
            page.raw(", since ").show(because).raw(" failed");
        }
        page.end();
    }
    if summary.skipped.len() > NAMED {
        page.raw(&format!("  and {} more", summary.skipped.len() - NAMED))
            .end();
    }
    page.end();
}

fn closing(page: &mut Page, summary: &Summary) {
    let done = summary.done;
    let verb = if summary.destroy { "Destroy" } else { "Apply" };
    let resources = if summary.destroy && done.add + done.change == 0 {
        format!("Resources: {} destroyed.", done.destroy)
    } else {
        let imported = if done.import > 0 {
            format!("{} imported, ", done.import)
        } else {
            String::new()
        };
        format!(
            "Resources: {imported}{} added, {} changed, {} destroyed.",
            done.add, done.change, done.destroy
        )
    };
    if summary.is_clean() {
        page.tone(Tone::Good, &format!("{verb} complete! {resources}"));
    } else {
        let how = if summary.interrupted {
            "interrupted"
        } else if summary.failed.is_empty() {
            "incomplete"
        } else {
            "failed"
        };
        let text = format!(
            "{verb} {how} after {}. {resources}",
            duration(summary.elapsed)
        );
        page.tone(Tone::Bad, &text);
    }
    page.end();
    if let Some(next) = summary_next(summary) {
        for line in wrap(&clean(next), page.style.width) {
            page.raw(&line).end();
        }
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
