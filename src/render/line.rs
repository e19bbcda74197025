//! The one source line a diagnostic shows, made harmless and cut to a screen.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::text::clean;
use crate::diagnostic::Place;

/// Characters shown before and after the place in an overlong line.
const AROUND: usize = 50;

/// A source line as it is drawn, and where the place lies in it, in bytes.
#[derive(Debug)]
pub(super) struct SourceLine {
    name: String,
    line: usize,
    column: usize,
    text: String,
    pub(super) start: usize,
    pub(super) length: usize,
}

impl SourceLine {
    pub(super) fn of(place: &Place) -> Self {
        let source = &*place.source_line;
        let from = source
            .char_indices()
            .nth(place.column.saturating_sub(1))
            .map_or(source.len(), |(index, _)| index);
        let mut to = (from + place.length).min(source.len());
        while !source.is_char_boundary(to) {
            to += 1;
        }
        let (before, marked, after) = (&source[..from], &source[from..to], &source[to..]);
        let skipped = before.chars().count().saturating_sub(AROUND);
        let mut text = String::new();
        if skipped > 0 {
            text.push_str("...");
        }
        text.push_str(&drawn(before.chars().skip(skipped)));
        let start = text.len();
        text.push_str(&drawn(marked.chars().take(AROUND)));
        let length = text.len() - start;
        if marked.chars().nth(AROUND).is_some() {
            text.push_str("...");
        }
        text.push_str(&drawn(after.chars().take(AROUND)));
        if after.chars().nth(AROUND).is_some() {
            text.push_str("...");
        }
        Self {
            name: clean(&place.file).into_owned(),
            line: place.line.saturating_sub(1),
            column: place.column.saturating_sub(1),
            text,
            start,
            length,
        }
    }
}

fn drawn(characters: impl Iterator<Item = char>) -> String {
    let text: String = characters.collect();
    clean(&text.replace('\t', "  ")).into_owned()
}

impl SourceCode for SourceLine {
    /// The whole line; with context asked for it starts at column 0, else at the place itself.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        context_lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let column = if context_lines_before > 0 {
            0
        } else {
            self.column
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes(),
            (0, self.text.len()).into(),
            self.line,
            column,
            1,
        )))
    }
}
