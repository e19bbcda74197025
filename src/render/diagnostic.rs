//! Diagnostics as text: with the source line and a caret for people, as JSON for machines.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::line::SourceLine;
use super::page::{Page, Style, Tone};
use super::text::{clean, count, wrap};

use crate::diagnostic::{Diagnostic, Severity};

/// What the longest of the labels before a text takes.
const INDENT: usize = 11;

/// Diagnostics for people, several at once, with their number at the end.
///
/// Empty for none. Advice comes first and errors last, where the eye rests; within one severity
/// the order in which they were found stays.
pub fn diagnostics_human(diagnostics: &[Diagnostic], style: &Style) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    let mut page = Page::new(*style);
    for diagnostic in sorted {
        page.raw(&one(diagnostic, style)).end();
    }
    if diagnostics.len() > 1 {
        let tone = match gravest(diagnostics) {
            Some(Severity::Error) => Tone::Bad,
            Some(Severity::Warning) => Tone::Changed,
            Some(Severity::Advice) | None => Tone::Strong,
        };
        page.tone(tone, &tally(diagnostics)).end();
    }
    page.into_text()
}

fn gravest(diagnostics: &[Diagnostic]) -> Option<Severity> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.severity)
        .max()
}

/// How many of each severity: `3 errors, 1 warning`; empty for none.
pub fn tally(diagnostics: &[Diagnostic]) -> String {
    let of = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let advice = of(Severity::Advice);
    [
        (of(Severity::Error), count(of(Severity::Error), "error")),
        (
            of(Severity::Warning),
            count(of(Severity::Warning), "warning"),
        ),
        (advice, format!("{advice} advice")),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(_, text)| text)
    .collect::<Vec<_>>()
    .join(", ")
}

/// A diagnostic on one line: `error[config::unknown-field] sindri.yaml:4:3: unknown field`.
pub fn diagnostic_line(diagnostic: &Diagnostic) -> String {
    let place = match (&diagnostic.place, &diagnostic.address) {
        (Some(place), _) => format!("{}:{}:{}: ", clean(&place.file), place.line, place.column),
        (None, Some(address)) => format!("{address}: "),
        (None, None) => String::new(),
    };
    format!(
        "{}[{}] {place}{}",
        word(diagnostic.severity),
        diagnostic.code,
        clean(&message(diagnostic))
    )
}

/// What happened and why, on one line: `summary: cause: cause`; causes of several lines are left to
/// the whole account.
pub(super) fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.summary.clone();
    for cause in diagnostic
        .causes
        .iter()
        .filter(|cause| !cause.contains('\n'))
    {
        text += ": ";
        text += cause;
    }
    text
}

/// A severity as one word.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Advice => "advice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Diagnostics as one line of JSON: an array.
pub fn diagnostics_json(diagnostics: &[Diagnostic]) -> String {
    // Plain structs with text keys always serialise.
    serde_json::to_string(diagnostics).unwrap_or_else(|_| "[]".to_owned())
}

fn one(diagnostic: &Diagnostic, style: &Style) -> String {
    let mut theme = match (style.color, style.unicode) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::ascii(),
        (false, true) => GraphicalTheme::unicode_nocolor(),
        (false, false) => GraphicalTheme::none(),
    };
    "error:".clone_into(&mut theme.characters.error);
    "warning:".clone_into(&mut theme.characters.warning);
    "advice:".clone_into(&mut theme.characters.advice);
    theme.characters.underline = '^';
    let mut text = String::new();
    let written = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(40))
        .with_links(false)
        .with_wrap_lines(false)
        .render_report(
            &mut text,
            &Shown::new(diagnostic, style.width.max(40) - INDENT),
        );
    debug_assert!(written.is_ok(), "a string takes any text");
    text
}

/// A text made harmless, its lines no longer than the columns where it has spaces.
fn folded(text: &str, columns: usize) -> String {
    let fold = |line: &str| {
        let line = clean(line);
        if line.chars().count() <= columns {
            return line.into_owned();
        }
        wrap(&line, columns).join("\n")
    };
    text.lines().map(fold).collect::<Vec<_>>().join("\n")
}

/// A diagnostic as miette draws it, all its text made harmless.
#[derive(Debug)]
struct Shown {
    severity: Severity,
    code: String,
    summary: String,
    help: Option<String>,
    cause: Option<Cause>,
    place: Option<SourceLine>,
}

impl Shown {
    fn new(diagnostic: &Diagnostic, columns: usize) -> Self {
        let mut cause = None;
        for text in diagnostic.causes.iter().rev() {
            cause = Some(Cause {
                text: folded(text, columns),
                next: cause.map(Box::new),
            });
        }
        let code = match &diagnostic.address {
            Some(address) => format!("{} ({address})", diagnostic.code),
            None => diagnostic.code.to_string(),
        };
        Self {
            severity: diagnostic.severity,
            code,
            summary: folded(&diagnostic.summary, columns),
            help: help(diagnostic, columns),
            cause,
            place: diagnostic.place.as_ref().map(SourceLine::of),
        }
    }
}

fn help(diagnostic: &Diagnostic, columns: usize) -> Option<String> {
    let allow = (diagnostic.allowable && diagnostic.is_error())
        .then(|| format!("`--allow {}` goes on regardless", diagnostic.code));
    let lines: Vec<String> = diagnostic
        .help
        .iter()
        .flat_map(|help| help.lines())
        .map(|line| folded(line, columns))
        .chain(allow)
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)
    }
}

impl std::error::Error for Shown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Advice => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| place as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = LabeledSpan::new(None, place.start, place.length);
        Some(Box::new(std::iter::once(label)))
    }
}

/// One cause, and what caused it.
#[derive(Debug)]
struct Cause {
    text: String,
    next: Option<Box<Self>>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.next.as_deref().map(|next| next as _)
    }
}

#[cfg(test)]
#[path = "diagnostic_tests.rs"]
mod tests;
